package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.spi.PortMapper.Nonce;
import natt.discovery.portmap.proto.Pcp.Reply;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;

/// Byte by byte as in RFC 6887, figures 2, 3, 9 and 10.
class PcpTests {
    private static final InetAddress CLIENT = InetAddress.ofLiteral("192.168.2.2");
    private static final Nonce NONCE = new Nonce(0x01020304, 0x05060708090a0b0cL);
    private static final Pcp.Map ASKED =
            new Pcp.Map(CLIENT, NONCE, 30_000, new InetSocketAddress(30_001), 7_200);

    private static final String MAPPED =
            "02810000 00000e10 0001e240 000000000000000000000000"
                    + "0102030405060708090a0b0c 11000000 7530 9c40"
                    + "00000000000000000000ffffcb007105";

    @Test
    void aRequestForAMappingHasTheHeaderTheNonceAndBothPorts() {
        assertEquals(
                "02010000 00001c20 00000000000000000000ffffc0a80202"
                        .concat("0102030405060708090a0b0c 11000000 7530 7531")
                        .concat("00000000000000000000ffff00000000")
                        .replace(" ", ""),
                HexFormat.of().formatHex(Pcp.map(ASKED)));
    }

    @Test
    void anAnnouncementIsAHeaderAlone() {
        assertEquals(
                "0200000000000000" + "00000000000000000000ffffc0a80202",
                HexFormat.of().formatHex(Pcp.announce(CLIENT)));
    }

    @Test
    void anIpv6ClientIsWrittenAsItIs() {
        InetAddress six = InetAddress.ofLiteral("2001:db8::2");
        var asked = new Pcp.Map(six, NONCE, 1, new InetSocketAddress("::", 1), 0);
        assertEquals(
                "20010db8000000000000000000000002",
                HexFormat.of().formatHex(Pcp.map(asked), 8, 24));
    }

    @Test
    void anAnswerTellsTheAddressTheLifetimeAndTheEpoch() {
        assertEquals(
                Optional.of(
                        new Reply.Mapped(
                                new InetSocketAddress("203.0.113.5", 40_000), 3_600, 123_456)),
                Pcp.readMap(bytes(MAPPED), ASKED));
    }

    @Test
    void anAnswerWithAnotherNoncePortOrProtocolIsNone() {
        for (int offset : new int[] {24, 35, 36, 40, 41}) {
            byte[] forged = bytes(MAPPED);
            forged[offset] ^= 1;
            assertEquals(Optional.empty(), Pcp.readMap(forged, ASKED), "byte " + offset);
        }
    }

    @Test
    void aRefusalMustBearTheNonceToo() {
        byte[] refusal = bytes(MAPPED);
        refusal[3] = 8;
        assertEquals(
                Optional.of(new Reply.Refused(8, 3_600, 123_456)), Pcp.readMap(refusal, ASKED));
        refusal[24] ^= 1;
        assertEquals(Optional.empty(), Pcp.readMap(refusal, ASKED));
    }

    @Test
    void aRefusalHasWords() {
        assertEquals("no resources", new Reply.Refused(8, 0, 0).words());
        assertEquals("error 200", new Reply.Refused(200, 0, 0).words());
    }

    @Test
    void aGatewayThatSpeaksOnlyNatPmpSaysSo() {
        byte[] answer = bytes("00800001 00000005");
        assertEquals(Optional.of(new Reply.OtherVersion(0)), Pcp.readAnnounce(answer));
        assertEquals(Optional.of(new Reply.OtherVersion(0)), Pcp.readMap(answer, ASKED));
    }

    @Test
    void anAnnouncementIsAnswered() {
        byte[] answer = bytes("02800000 00000000 00000007 000000000000000000000000");
        assertEquals(Optional.of(new Reply.Announced(7)), Pcp.readAnnounce(answer));
        assertEquals(Optional.empty(), Pcp.readMap(answer, ASKED));
    }

    @Test
    void requestsOddLengthsAndWhatIsTooLongAreNoAnswers() {
        assertEquals(Optional.empty(), Pcp.readMap(Pcp.map(ASKED), ASKED));
        byte[] whole = bytes(MAPPED);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertEquals(Optional.empty(), Pcp.readMap(cut, ASKED), "length " + length);
        }
        byte[] odd = java.util.Arrays.copyOf(whole, whole.length + 1);
        assertEquals(Optional.empty(), Pcp.readMap(odd, ASKED));
        byte[] huge = java.util.Arrays.copyOf(whole, Pcp.LONGEST + 4);
        assertEquals(Optional.empty(), Pcp.readMap(huge, ASKED));
    }

    @Test
    void aMappingToPortZeroIsNoneUnlessItWasRemoved() {
        byte[] zero = bytes(MAPPED);
        zero[42] = 0;
        zero[43] = 0;
        assertEquals(Optional.empty(), Pcp.readMap(zero, ASKED));
        var removal = new Pcp.Map(CLIENT, NONCE, 30_000, new InetSocketAddress(0), 0);
        assertEquals(true, Pcp.readMap(zero, removal).isPresent());
    }

    @Test
    void noRandomBytesPassForAnAnswerWithTheNonceOrThrow() {
        var random = new SplittableRandom(7);
        for (int i = 0; i < 200_000; i++) {
            var bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            if (bytes.length > 2 && random.nextBoolean()) {
                bytes[0] = 2;
                bytes[1] = (byte) 0x81;
            }
            Optional<Reply> reply = Pcp.readMap(bytes, ASKED);
            boolean other = reply.filter(Reply.OtherVersion.class::isInstance).isPresent();
            assertEquals(other, reply.isPresent());
            Pcp.readAnnounce(bytes);
        }
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }
}
