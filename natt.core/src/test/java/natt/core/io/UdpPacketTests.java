package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.HexFormat;

class UdpPacketTests {
    private static final int SOURCE = 0xc000_0201;
    private static final int DESTINATION = 0xc000_0202;

    private static ByteBuffer hex(String text) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(text.replace(" ", "")));
    }

    /// A packet of IPv4 as it is sent.
    private static ByteBuffer packet(String payload, boolean whole) {
        ByteBuffer data = hex(payload);
        ByteBuffer out = ByteBuffer.allocate(28 + data.remaining());
        UdpPacket.putIpv4(out, SOURCE, DESTINATION, 8 + data.remaining(), whole);
        UdpPacket.putUdp(out, 51_820, 3478, 8 + data.remaining());
        out.put(data).flip();
        UdpPacket.setChecksum(out, 20, SOURCE, DESTINATION);
        return out;
    }

    /// The sum that a receiver makes (RFC 1071): over everything, the checksum included.
    private static int sumOf(ByteBuffer packet) {
        ByteBuffer all = ByteBuffer.allocate(packet.limit() + 1);
        all.putInt(SOURCE).putInt(DESTINATION).putShort((short) 17);
        all.putShort((short) (packet.limit() - 20)).put(packet.duplicate().position(20));
        int sum = 0;
        for (int i = 0; i + 1 < all.capacity(); i += 2) {
            sum += Short.toUnsignedInt(all.getShort(i));
        }
        return (sum & 0xffff) + (sum >>> 16);
    }

    @Test
    void aDatagramHasTheHeadersOfItsRfcs() {
        assertEquals(
                hex(
                        "4500 001f 0000 0000 4011 0000 c0000201 c0000202"
                                + "ca6c 0d96 000b 0ed0 930102"),
                packet("930102", false));
    }

    @Test
    void aDatagramToBeKeptWholeSaysSo() {
        assertEquals(0x4000, packet("93", true).getShort(6));
        assertEquals(0, packet("93", false).getShort(6));
    }

    @Test
    void aReceiversSumIsAllOnesWhateverThePayloadIs() {
        for (int length = 0; length < 80; length++) {
            for (String each : new String[] {"00", "ff", "93", "a7"}) {
                assertEquals(0xffff, sumOf(packet(each.repeat(length), false)));
            }
        }
    }

    @Test
    void aChecksumThatWouldBeZeroIsAllOnes() {
        // With 0xffff less all that is summed else, the sum is all ones and its complement zero.
        for (int word = 0; word <= 0xffff; word++) {
            ByteBuffer packet = packet("%04x".formatted(word), false);
            assertFalse(packet.getShort(26) == 0, "no checksum for " + word);
        }
    }

    @Test
    void whatIsSentIsReadAsItWas() {
        ByteBuffer packet = packet("930102", false);
        assertEquals(SOURCE, UdpPacket.source(packet));
        assertTrue(UdpPacket.takeIpv4(packet));
        assertEquals(51_820, UdpPacket.takeUdp(packet, 3478));
        assertEquals(hex("930102"), packet);
    }

    @Test
    void optionsAndPaddingAreLeftOut() {
        ByteBuffer packet =
                hex(
                        "4600 0021 0000 4000 4011 0000 c0000201 c0000202 01010101"
                                + "ca6c 0d96 0009 0000 93 eeeeee eeeeee");
        assertTrue(UdpPacket.takeIpv4(packet));
        assertEquals(51_820, UdpPacket.takeUdp(packet, 3478));
        assertEquals(hex("93"), packet);
    }

    @Test
    void whatIsCutOrOfAnotherKindIsRefused() {
        byte[] whole = packet("930102", false).array();
        for (int length = 0; length < whole.length; length++) {
            assertFalse(UdpPacket.takeIpv4(ByteBuffer.wrap(whole, 0, length)));
        }
        int[][] changes = {
            {0, 0x44}, {0, 0x65}, {0, 0x4f}, {3, 0x13}, {3, 0x20}, {6, 0x20}, {7, 1}, {9, 6}
        };
        for (int[] change : changes) {
            byte[] other = whole.clone();
            other[change[0]] = (byte) change[1];
            assertFalse(UdpPacket.takeIpv4(ByteBuffer.wrap(other)), "byte " + change[0]);
        }
    }

    @Test
    void aDatagramThatIsNotWholeOrForAnotherPortIsRefused() {
        assertEquals(-1, UdpPacket.takeUdp(hex("ca6c 0d96 0009 0000"), 3478));
        assertEquals(-1, UdpPacket.takeUdp(hex("ca6c 0d96 0007 0000 93"), 3478));
        assertEquals(-1, UdpPacket.takeUdp(hex("ca6c 0d96 0000 0000 93"), 3478));
        assertEquals(-1, UdpPacket.takeUdp(hex("ca6c 0d97 0009 0000 93"), 3478));
        assertEquals(-1, UdpPacket.takeUdp(hex("ca6c 0d96 0009 00"), 3478));
        assertEquals(0xca6c, UdpPacket.takeUdp(hex("ca6c 0d96 0008 0000 93"), 3478));
    }
}
