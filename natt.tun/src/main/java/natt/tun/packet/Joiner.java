package natt.tun.packet;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// Puts packets of one TCP connection that follow each other together, so that the kernel takes
/// them as one: what a network card or the kernel does with those that come from a network
/// ("generic receive offload"). Cut again, as a router does, they are what they were.
///
/// Only data without anything urgent, the same in all header fields but length, identification,
/// sequence number and checksum, in order and of equal lengths; a shorter one, or one with PSH, is
/// the last. What is put together has right checksums. Everything else goes on at once, after what
/// waits of the same connection.
public final class Joiner {
    /// How many connections are put together at once.
    private static final int CONNECTIONS = 8;

    private static final int MOST_LENGTH = 65_535;
    private static final int ACK = 0x10;
    private static final int PSH = 0x08;
    private static final int LEAST_TCP_HEADER = 20;
    private static final int DONT_FRAGMENT = 0x4000;

    /// Takes what is put together, and what is not.
    public interface Device {
        /// @param offload what is to be known of the packet, as in [Offload]
        /// @return false if it is lost
        boolean write(ByteBuffer offload, ByteBuffer packet);
    }

    /// One connection, of which a packet or several wait.
    private static final class Waiting {
        private final ByteBuffer bytes = ByteBuffer.allocate(MOST_LENGTH);

        /// Of all headers.
        private int headers;

        /// Of each packet's payload.
        private int size;

        private int count;
        private int sequence;
        private int identification;

        private boolean isEmpty() {
            return count == 0;
        }
    }

    private final Device device;
    private final @Nullable Waiting[] table = new Waiting[CONNECTIONS];
    private final ByteBuffer offload = ByteBuffer.allocate(Offload.LENGTH);
    private final ByteBuffer nothing = ByteBuffer.allocate(Offload.LENGTH);
    private int waiting;
    private int nextVictim;
    private long joined;

    // Of the packet that is looked at: where it is, its headers, and their lengths.
    private ByteBuffer packet = nothing;
    private int start;
    private boolean six;
    private int tcp;
    private int headers;
    private int payload;

    public Joiner(Device device) {
        this.device = device;
    }

    /// How many packets went together with one before.
    public long joined() {
        return joined;
    }

    /// Whether packets wait for [#flush].
    public boolean isWaiting() {
        return waiting > 0;
    }

    /// Takes a packet for the device.
    ///
    /// @param bytes between position and limit, in the order of the network; only lent
    /// @return false if it is lost; one that waits may be lost later
    public boolean take(ByteBuffer bytes) {
        if (!isTcp(bytes)) {
            return device.write(nothing.clear(), bytes);
        }
        Waiting same = find();
        int flags = bytes.get(start + tcp + 13);
        boolean joins = payload > 0 && (flags & ~PSH) == ACK && isSound();
        if (same != null) {
            if (joins && follows(same)) {
                append(same, flags);
                return true;
            }
            write(same);
        }
        // Whoever pushes waits for an answer.
        if (!joins || (flags & PSH) != 0) {
            return device.write(nothing.clear(), bytes);
        }
        begin(same != null ? same : free());
        return true;
    }

    /// Writes what waits.
    public void flush() {
        for (int i = 0; waiting > 0 && i < CONNECTIONS; i++) {
            Waiting each = table[i];
            if (each != null && !each.isEmpty()) {
                write(each);
            }
        }
    }

    // ---- the packet

    /// Whether it has headers of IP without options, and of TCP, all whole; only then the numbers
    /// about it are right.
    private boolean isTcp(ByteBuffer bytes) {
        packet = bytes;
        start = bytes.position();
        int length = bytes.remaining();
        if (length < IpPacket.LEAST_IPV4_HEADER + LEAST_TCP_HEADER) {
            return false;
        }
        int first = Byte.toUnsignedInt(bytes.get(start));
        six = first >>> 4 == 6;
        tcp = six ? IpPacket.IPV6_HEADER : IpPacket.LEAST_IPV4_HEADER;
        if (length < tcp + LEAST_TCP_HEADER
                || !(six ? isPlainIpv6() : first == 0x45 && isPlainIpv4())) {
            return false;
        }
        int tcpHeader = (bytes.get(start + tcp + 12) >>> 4 & 0xf) * 4;
        headers = tcp + tcpHeader;
        payload = length - headers;
        return tcpHeader >= LEAST_TCP_HEADER && payload >= 0;
    }

    private boolean isPlainIpv6() {
        return packet.get(start + 6) == IpPacket.TCP
                && twoBytes(4) == packet.remaining() - IpPacket.IPV6_HEADER;
    }

    /// No fragment, neither.
    private boolean isPlainIpv4() {
        return packet.get(start + 9) == IpPacket.TCP
                && twoBytes(2) == packet.remaining()
                && (twoBytes(6) & ~DONT_FRAGMENT) == 0;
    }

    private int twoBytes(int at) {
        return Short.toUnsignedInt(packet.getShort(start + at));
    }

    /// Whether the checksums are right: once it is put together with others nobody can know.
    private boolean isSound() {
        if (!six && Checksum.fold(Checksum.add(0, packet, start, start + tcp)) != 0xffff) {
            return false;
        }
        int end = start + headers + payload;
        long sum = Splitter.pseudoHeader(packet, start, six, end - start - tcp);
        return Checksum.fold(Checksum.add(sum, packet, start + tcp, end)) == 0xffff;
    }

    // ---- connections

    private @Nullable Waiting find() {
        for (int i = 0; waiting > 0 && i < CONNECTIONS; i++) {
            Waiting each = table[i];
            if (each != null && !each.isEmpty() && isOf(each.bytes)) {
                return each;
            }
        }
        return null;
    }

    /// Whether the addresses and ports are the same.
    private boolean isOf(ByteBuffer other) {
        if (other.get(0) >>> 4 != packet.get(start) >>> 4
                || other.getInt(tcp) != packet.getInt(start + tcp)) {
            return false;
        }
        return six ? isSame(other, 8, tcp) : isSame(other, 12, tcp);
    }

    private boolean isSame(ByteBuffer other, int from, int to) {
        for (int at = from; at < to; at += 4) {
            if (other.getInt(at) != packet.getInt(start + at)) {
                return false;
            }
        }
        return true;
    }

    /// Whether it may be put behind what waits, as the kernel has it.
    private boolean follows(Waiting before) {
        ByteBuffer other = before.bytes;
        return before.headers == headers
                && payload <= before.size
                && other.position() + payload <= MOST_LENGTH
                && before.sequence == packet.getInt(start + tcp + 4)
                && (six ? followsIpv6(other) : followsIpv4(before))
                && isSame(other, tcp + 8, tcp + 12)
                && other.get(tcp + 12) == packet.get(start + tcp + 12)
                && other.getShort(tcp + 14) == packet.getShort(start + tcp + 14)
                && other.getShort(tcp + 18) == packet.getShort(start + tcp + 18)
                && isSame(other, tcp + LEAST_TCP_HEADER, headers);
    }

    /// Traffic class, flow label and hop limit.
    private boolean followsIpv6(ByteBuffer other) {
        return other.getInt(0) == packet.getInt(start) && other.get(7) == packet.get(start + 7);
    }

    /// Type of service, hop limit and whether it may be cut; where it may, the identification must
    /// count, since that is what it does when this is cut again (RFC 6864).
    private boolean followsIpv4(Waiting before) {
        ByteBuffer other = before.bytes;
        return other.getShort(0) == packet.getShort(start)
                && other.getShort(6) == packet.getShort(start + 6)
                && other.get(8) == packet.get(start + 8)
                && (twoBytes(6) == DONT_FRAGMENT
                        || twoBytes(4) == (before.identification + before.count & 0xffff));
    }

    private void append(Waiting to, int flags) {
        ByteBuffer into = to.bytes;
        int at = into.position();
        into.put(at, packet, start + headers, payload).position(at + payload);
        to.count++;
        to.sequence += payload;
        joined++;
        if ((flags & PSH) != 0) {
            into.put(tcp + 13, (byte) flags);
        }
        if ((flags & PSH) != 0 || payload < to.size) {
            write(to);
        }
    }

    private void begin(Waiting as) {
        int length = headers + payload;
        as.bytes.clear().put(0, packet, start, length).position(length);
        as.headers = headers;
        as.size = payload;
        as.count = 1;
        as.sequence = packet.getInt(start + tcp + 4) + payload;
        as.identification = twoBytes(4);
        waiting++;
    }

    private Waiting free() {
        for (int i = 0; i < CONNECTIONS; i++) {
            Waiting each = table[i];
            if (each == null) {
                each = new Waiting();
                table[i] = each;
                return each;
            }
            if (each.isEmpty()) {
                return each;
            }
        }
        Waiting victim = table[nextVictim];
        nextVictim = (nextVictim + 1) % CONNECTIONS;
        if (victim == null) {
            throw new AssertionError("a full table has no gaps");
        }
        write(victim);
        return victim;
    }

    private void write(Waiting each) {
        ByteBuffer bytes = each.bytes.flip();
        if (each.count == 1) {
            device.write(nothing.clear(), bytes);
        } else {
            boolean ipv6 = bytes.get(0) >>> 4 == 6;
            int ipHeader = ipv6 ? IpPacket.IPV6_HEADER : IpPacket.LEAST_IPV4_HEADER;
            finish(bytes, ipv6, ipHeader);
            Offload.writeTcp(offload.clear(), ipv6, ipHeader, each.headers, each.size);
            device.write(offload.flip(), bytes);
        }
        each.count = 0;
        waiting--;
    }

    private static void finish(ByteBuffer bytes, boolean ipv6, int ipHeader) {
        int length = bytes.remaining();
        if (ipv6) {
            bytes.putShort(4, (short) (length - ipHeader));
        } else {
            bytes.putShort(2, (short) length).putShort(10, (short) 0);
            bytes.putShort(10, Checksum.finish(Checksum.add(0, bytes, 0, ipHeader)));
        }
        int sum = Checksum.fold(Splitter.pseudoHeader(bytes, 0, ipv6, length - ipHeader));
        bytes.putShort(ipHeader + Offload.TCP_CHECKSUM, (short) sum);
    }
}
