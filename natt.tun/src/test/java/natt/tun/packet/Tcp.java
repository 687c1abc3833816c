package natt.tun.packet;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/// Packets of TCP for tests, with right checksums unless a test breaks them.
final class Tcp {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int PSH = 0x08;
    static final int ACK = 0x10;
    static final int URG = 0x20;
    static final int ECE = 0x40;
    static final int CWR = 0x80;

    /// No operation twice, then a timestamp.
    static final byte[] TIMESTAMP = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};

    private String from = "10.0.0.1";
    private String to = "10.0.0.2";
    private int sourcePort = 1000;
    private int sequence = 5000;
    private int acknowledged = 77;
    private int flags = ACK;
    private int window = 500;
    private int urgent;
    private int identification = 0x0100;
    private int fragment = 0x4000;
    private int hopLimit = 64;
    private int service;
    private byte[] ipOptions = new byte[0];
    private byte[] options = new byte[0];
    private byte[] payload = new byte[0];

    Tcp() {}

    static Tcp ipv6() {
        return new Tcp().between("fd00::1", "fd00::2");
    }

    Tcp between(String source, String destination) {
        from = source;
        to = destination;
        return this;
    }

    Tcp sourcePort(int port) {
        sourcePort = port;
        return this;
    }

    Tcp sequence(int number) {
        sequence = number;
        return this;
    }

    Tcp acknowledged(int number) {
        acknowledged = number;
        return this;
    }

    Tcp flags(int some) {
        flags = some;
        return this;
    }

    Tcp window(int bytes) {
        window = bytes;
        return this;
    }

    Tcp urgent(int at) {
        urgent = at;
        return this;
    }

    Tcp identification(int number) {
        identification = number;
        return this;
    }

    Tcp fragment(int field) {
        fragment = field;
        return this;
    }

    Tcp hopLimit(int hops) {
        hopLimit = hops;
        return this;
    }

    Tcp service(int type) {
        service = type;
        return this;
    }

    Tcp ipOptions(byte... some) {
        ipOptions = some;
        return this;
    }

    Tcp options(byte... some) {
        options = some;
        return this;
    }

    /// @param first byte of the payload; the others count on
    Tcp payload(int length, int first) {
        payload = new byte[length];
        for (int i = 0; i < length; i++) {
            payload[i] = (byte) (first + i);
        }
        return this;
    }

    Tcp payload(byte... bytes) {
        payload = bytes;
        return this;
    }

    int ipHeader() {
        return from.contains(":") ? 40 : 20 + ipOptions.length;
    }

    int headers() {
        return ipHeader() + 20 + options.length;
    }

    /// The packet with its checksums.
    ByteBuffer packet() {
        ByteBuffer made = unchecked();
        int tcp = ipHeader();
        long sum = pseudoHeader(made, tcp);
        made.putShort(tcp + 16, reference(sum, made, tcp, made.limit()));
        return made;
    }

    /// The packet as the kernel gives it, whose sum of the pseudo-header is in the checksum's
    // place.
    ByteBuffer unfinished() {
        ByteBuffer made = unchecked();
        int tcp = ipHeader();
        long sum = pseudoHeader(made, tcp);
        made.putShort(tcp + 16, (short) ~reference(sum, made, 0, 0));
        return made;
    }

    private ByteBuffer unchecked() {
        byte[] source = InetAddress.ofLiteral(from).getAddress();
        byte[] destination = InetAddress.ofLiteral(to).getAddress();
        int length = headers() + payload.length;
        var made = ByteBuffer.allocate(length);
        if (source.length == 4) {
            made.put((byte) (0x40 | ipHeader() / 4)).put((byte) service);
            made.putShort((short) length).putShort((short) identification);
            made.putShort((short) fragment).put((byte) hopLimit).put((byte) 6).putShort((short) 0);
            made.put(source).put(destination).put(ipOptions);
            made.putShort(10, reference(0, made, 0, ipHeader()));
        } else {
            made.putInt(0x6000_0000 | service << 20).putShort((short) (length - 40));
            made.put((byte) 6).put((byte) hopLimit).put(source).put(destination);
        }
        made.putShort((short) sourcePort).putShort((short) 2000).putInt(sequence);
        made.putInt(acknowledged).put((byte) ((20 + options.length) / 4 << 4)).put((byte) flags);
        made.putShort((short) window).putShort((short) 0).putShort((short) urgent);
        return made.put(options).put(payload).clear();
    }

    private long pseudoHeader(ByteBuffer made, int tcp) {
        boolean six = from.contains(":");
        long sum = 6 + made.limit() - tcp;
        int end = six ? 40 : 20;
        for (int at = six ? 8 : 12; at < end; at += 2) {
            sum += Short.toUnsignedInt(made.getShort(at));
        }
        return sum;
    }

    /// The checksum, two bytes after the other.
    static short reference(long start, ByteBuffer bytes, int from, int to) {
        long sum = start;
        for (int at = from; at < to; at++) {
            sum += (long) Byte.toUnsignedInt(bytes.get(at)) << ((at - from) % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }

    /// The same as it comes from a device.
    ///
    /// @param kind 0 if it is whole, 1 for IPv4 and 4 for IPv6 if it is to be cut
    static ByteBuffer offloaded(
            int flags, int kind, int size, int from, int at, ByteBuffer packet) {
        var read = ByteBuffer.allocate(10 + packet.remaining());
        read.put((byte) flags).put((byte) kind).putShort((short) 0);
        read.putShort(Short.reverseBytes((short) size));
        read.putShort(Short.reverseBytes((short) from));
        read.putShort(Short.reverseBytes((short) at));
        return read.put(packet.duplicate()).clear();
    }

    /// To be cut into parts with so much payload.
    ByteBuffer whole(int size) {
        int kind = from.contains(":") ? 4 : 1;
        return offloaded(1, kind, size, ipHeader(), 16, unfinished());
    }
}
