package natt.tun.packet;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/// Packets for tests.
final class Packets {
    static final int UDP = 17;

    private Packets() {}

    static ByteBuffer hex(String... lines) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(String.join("", lines).replace(" ", "")));
    }

    static String hex(ByteBuffer bytes) {
        var copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        return HexFormat.of().formatHex(copy);
    }

    /// A UDP datagram, or the beginning of one, by IPv4 or IPv6 as the addresses are.
    ///
    /// @param length of the packet
    static ByteBuffer udp(String from, String to, int length) {
        return of(UDP, from, to, length);
    }

    static ByteBuffer of(int protocol, String from, String to, int length) {
        byte[] source = InetAddress.ofLiteral(from).getAddress();
        byte[] destination = InetAddress.ofLiteral(to).getAddress();
        var packet = ByteBuffer.allocate(length);
        if (source.length == 4) {
            packet.putShort((short) 0x4500).putShort((short) length).putInt(0x0001_0000);
            packet.put((byte) 64).put((byte) protocol).putShort((short) 0);
            packet.put(source).put(destination);
            packet.putShort(10, Checksum.finish(Checksum.add(0, packet, 0, 20)));
        } else {
            packet.putInt(0x6000_0000).putShort((short) (length - 40));
            packet.put((byte) protocol).put((byte) 64);
            packet.put(source).put(destination);
        }
        return packet.clear();
    }

    /// The same with IPv4's "don't fragment".
    static ByteBuffer whole(ByteBuffer packet) {
        return fragment(packet, 0x4000);
    }

    /// @param field flags and offset of IPv4
    static ByteBuffer fragment(ByteBuffer packet, int field) {
        packet.putShort(6, (short) field);
        return checked(packet);
    }

    static ByteBuffer hopLimit(ByteBuffer packet, int limit) {
        boolean six = packet.get(0) >>> 4 == 6;
        packet.put(six ? 7 : 8, (byte) limit);
        return six ? packet : checked(packet);
    }

    private static ByteBuffer checked(ByteBuffer packet) {
        packet.putShort(10, (short) 0);
        return packet.putShort(10, Checksum.finish(Checksum.add(0, packet, 0, 20)));
    }

    /// Whether the sum over an IPv4 header, or anything else with its checksum in it, is right.
    static boolean isRight(long pseudoHeader, ByteBuffer bytes, int from, int to) {
        return Checksum.finish(Checksum.add(pseudoHeader, bytes, from, to)) == 0;
    }
}
