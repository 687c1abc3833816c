package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.discovery.portmap.proto.NatPmp.Reply;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;

/// Byte by byte as in RFC 6886, sections 3.2 and 3.3.
class NatPmpTests {
    private static final String ADDRESS = "00800000 0001e240 cb007105";
    private static final String MAPPED = "00810000 0001e240 7530 9c40 00000e10";

    @Test
    void theQuestionForTheAddressIsTwoZeroes() {
        assertEquals("0000", HexFormat.of().formatHex(NatPmp.address()));
    }

    @Test
    void aRequestForAMappingHasBothPortsAndTheLifetime() {
        assertEquals(
                "000100007530753100001c20",
                HexFormat.of().formatHex(NatPmp.map(30_000, 30_001, 7_200)));
        assertEquals(
                "000100007530000000000000", HexFormat.of().formatHex(NatPmp.map(30_000, 0, 0)));
    }

    @Test
    void theAddressIsRead() {
        assertEquals(
                Optional.of(new Reply.Address(InetAddress.ofLiteral("203.0.113.5"), 123_456)),
                NatPmp.readAddress(bytes(ADDRESS)));
        assertEquals(Optional.empty(), NatPmp.readAddress(bytes(MAPPED)));
    }

    @Test
    void theMappingIsReadForTheSamePortOnly() {
        assertEquals(
                Optional.of(new Reply.Mapped(40_000, 3_600, 123_456)),
                NatPmp.readMap(bytes(MAPPED), 30_000, false));
        assertEquals(Optional.empty(), NatPmp.readMap(bytes(MAPPED), 30_001, false));
        assertEquals(Optional.empty(), NatPmp.readMap(bytes(ADDRESS), 30_000, false));
    }

    @Test
    void aMappingWithoutPortOrLifetimeIsARemoval() {
        byte[] removed = bytes("00810000 0001e240 7530 0000 00000000");
        assertEquals(Optional.empty(), NatPmp.readMap(removed, 30_000, false));
        assertEquals(
                Optional.of(new Reply.Mapped(0, 0, 123_456)),
                NatPmp.readMap(removed, 30_000, true));
    }

    @Test
    void aRefusalIsReadWhetherItIsShortOrLong() {
        var refused = Optional.of(new Reply.Refused(2));
        assertEquals(refused, NatPmp.readMap(bytes("00810002 00000001"), 30_000, false));
        assertEquals(
                refused,
                NatPmp.readMap(bytes("00810002 0001e240 7530 0000 00000000"), 30_000, false));
        assertEquals(refused.get(), NatPmp.readAddress(bytes("00800002 00000001")).orElseThrow());
        assertEquals("not authorized", new Reply.Refused(2).words());
    }

    @Test
    void aGatewayThatSpeaksOnlyPcpSaysSo() {
        byte[] answer = Arrays.copyOf(bytes("02800001"), 24);
        assertEquals(Optional.of(new Reply.OtherVersion(2)), NatPmp.readAddress(answer));
    }

    @Test
    void whatIsCutOrTooLongIsNoAnswer() {
        for (int length = 0; length < 40; length++) {
            if (length != 12) {
                byte[] cut = Arrays.copyOf(bytes(ADDRESS), length);
                assertEquals(Optional.empty(), NatPmp.readAddress(cut), "length " + length);
            }
            if (length != 16) {
                byte[] cut = Arrays.copyOf(bytes(MAPPED), length);
                assertEquals(Optional.empty(), NatPmp.readMap(cut, 30_000, false));
            }
        }
    }

    @Test
    void randomBytesNeverThrow() {
        var random = new SplittableRandom(8);
        for (int i = 0; i < 200_000; i++) {
            var bytes = new byte[random.nextInt(24)];
            random.nextBytes(bytes);
            if (bytes.length > 2 && random.nextBoolean()) {
                bytes[0] = 0;
                bytes[1] = (byte) (0x80 | random.nextInt(2));
            }
            NatPmp.readAddress(bytes);
            NatPmp.readMap(bytes, 30_000, random.nextBoolean());
        }
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
}
