package natt.tun.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

class IpPacketTests {
    private final IpPacket packet = new IpPacket();

    @Test
    void ipv4HeaderIsReadWhereverItIsInTheBuffer() {
        var buffer = ByteBuffer.allocate(100);
        buffer.position(7).put(Packets.udp("10.10.0.1", "10.10.0.2", 28));
        buffer.limit(35).position(7);
        assertTrue(packet.read(buffer));
        assertFalse(packet.isIpv6());
        assertEquals(28, packet.length());
        assertEquals(Packets.UDP, packet.protocol());
        assertEquals(0x0a0a0001_00000000L, packet.sourceHigh());
        assertEquals(0x0a0a0002_00000000L, packet.destinationHigh());
        assertEquals(0, packet.sourceLow() | packet.destinationLow());
        assertFalse(packet.mustStayWhole());
        assertEquals(7, buffer.position());
        assertEquals(35, buffer.limit());
    }

    @Test
    void ipv6HeaderIsRead() {
        assertTrue(packet.read(Packets.udp("fd00::1", "fd00::2", 48)));
        assertTrue(packet.isIpv6());
        assertEquals(0xfd00_0000_0000_0000L, packet.sourceHigh());
        assertEquals(1, packet.sourceLow());
        assertEquals(2, packet.destinationLow());
        assertTrue(packet.mustStayWhole());
    }

    @Test
    void lengthsMustBeExact() {
        for (String address : new String[] {"10.10.0.1", "fd00::1"}) {
            ByteBuffer right = Packets.udp(address, address, 60);
            assertTrue(packet.read(right));
            for (int length = 0; length < 60; length++) {
                assertFalse(packet.read(right.slice(0, length)));
            }
            assertFalse(packet.read(ByteBuffer.allocate(61).put(right).clear()));
        }
    }

    @Test
    void otherVersionsAreNone() {
        for (int version = 0; version < 16; version++) {
            ByteBuffer changed = Packets.udp("10.10.0.1", "10.10.0.2", 60);
            changed.put(0, (byte) (version << 4 | 5));
            assertEquals(version == 4, packet.read(changed), "version " + version);
        }
    }

    @Test
    void headerThatIsShorterThanOneOrLongerThanThePacketIsNone() {
        for (int words = 0; words < 16; words++) {
            ByteBuffer changed = Packets.udp("10.10.0.1", "10.10.0.2", 32);
            changed.put(0, (byte) (0x40 | words));
            assertEquals(words >= 5 && words <= 8, packet.read(changed), words + " words");
        }
    }

    @Test
    void fragmentsAreTold() {
        ByteBuffer four = Packets.udp("10.10.0.1", "10.10.0.2", 60);
        assertTrue(packet.read(Packets.whole(four)));
        assertTrue(packet.mustStayWhole());
        assertTrue(packet.read(Packets.fragment(four, 0x2000)));
        assertFalse(packet.isLaterFragment());
        assertTrue(packet.read(Packets.fragment(four, 0x2001)));
        assertTrue(packet.isLaterFragment());

        ByteBuffer six = Packets.of(44, "fd00::1", "fd00::2", 60);
        six.put(40, (byte) Packets.UDP);
        six.putShort(42, (short) 1);
        assertTrue(packet.read(six));
        assertFalse(packet.isLaterFragment());
        assertEquals(Packets.UDP, packet.protocol());
        six.putShort(42, (short) 8);
        assertTrue(packet.read(six));
        assertTrue(packet.isLaterFragment());
    }

    @Test
    void fragmentThatWouldEndBeyondTheLongestPacketIsNone() {
        ByteBuffer last = Packets.udp("10.10.0.1", "10.10.0.2", 20 + 7);
        assertTrue(packet.read(Packets.fragment(last, 0x1fff)));
        last = Packets.udp("10.10.0.1", "10.10.0.2", 20 + 8);
        assertFalse(packet.read(Packets.fragment(last, 0x1fff)));
    }

    @Test
    void sourceRoutesAreFound() {
        for (int option : new int[] {131, 137}) {
            ByteBuffer routed = Packets.udp("10.10.0.1", "10.10.0.2", 36);
            routed.put(0, (byte) 0x48);
            routed.put(20, (byte) 1).put(21, (byte) option).put(22, (byte) 7).put(23, (byte) 4);
            assertTrue(packet.read(routed));
            assertTrue(packet.isSourceRouted());
        }
        ByteBuffer six = Packets.of(43, "fd00::1", "fd00::2", 64);
        six.put(40, (byte) Packets.UDP).put(41, (byte) 2).put(43, (byte) 1);
        assertTrue(packet.read(six));
        assertTrue(packet.isSourceRouted());
        six.put(43, (byte) 0);
        assertTrue(packet.read(six));
        assertFalse(packet.isSourceRouted());
    }

    @Test
    void optionsThatDoNotFitAreNone() {
        for (int size : new int[] {0, 1, 5, 255}) {
            ByteBuffer wrong = Packets.udp("10.10.0.1", "10.10.0.2", 32);
            wrong.put(0, (byte) 0x46).put(20, (byte) 7).put(21, (byte) size);
            assertFalse(packet.read(wrong), "option of " + size);
        }
        ByteBuffer endsInType = Packets.udp("10.10.0.1", "10.10.0.2", 32);
        endsInType.put(0, (byte) 0x46).putInt(20, 0x01010107);
        assertFalse(packet.read(endsInType));
    }

    @Test
    void extensionHeadersAreFollowedToTheEndOrRefused() {
        ByteBuffer chain = Packets.of(0, "fd00::1", "fd00::2", 40 + 8 + 16 + 12 + 8);
        chain.put(40, (byte) 60).put(41, (byte) 0);
        chain.put(48, (byte) 51).put(49, (byte) 1);
        chain.put(64, (byte) 58).put(65, (byte) 1);
        chain.put(76, (byte) 3);
        assertTrue(packet.read(chain));
        assertEquals(58, packet.protocol());
        assertTrue(packet.isIcmpError());
        chain.put(76, (byte) 128);
        assertTrue(packet.read(chain));
        assertFalse(packet.isIcmpError());
        chain.put(49, (byte) 200);
        assertFalse(packet.read(chain));
    }

    @Test
    void hopLimitGoesDownAndTheChecksumStaysRight() {
        for (int limit = 1; limit < 256; limit++) {
            ByteBuffer four = Packets.udp("10.10.0.1", "192.0.2." + limit, 28);
            Packets.hopLimit(four, limit);
            assertTrue(packet.read(four));
            packet.decrementHopLimit();
            assertEquals(limit - 1, packet.hopLimit());
            assertTrue(Packets.isRight(0, four, 0, 20), "limit " + limit);
        }
    }
}
