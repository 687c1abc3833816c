package natt.tun.packet;

import java.nio.ByteBuffer;

/// Does for the kernel what it has left to the device: cuts a packet of TCP that is many in one,
/// and completes checksums, as a network card does.
///
/// Each part has the headers of the whole with its own lengths, sequence number (RFC 9293), IPv4
/// identification, counted on, and checksums; FIN and PSH only the last one, CWR only the first
/// one (RFC 3168). How long they are the kernel says, by the width that it knows.
public final class Splitter {
    private static final int LEAST_TCP_HEADER = 20;

    /// The longest headers of IPv4 and TCP are 120 bytes; IPv6 may have some extension headers.
    private static final int MOST_HEADERS = 256;

    /// The kernel's least, by which a whole has at most 8192 parts.
    private static final int LEAST_SEGMENT = 8;

    private static final int FIN_PSH = 0x09;
    private static final int CWR = 0x80;

    /// Takes what is to be sent.
    public interface Output {
        /// @param packet lent until this returns; may be written to
        void packet(ByteBuffer packet, long nowNanos);
    }

    private final Output output;
    private final Offload offload = new Offload();
    private final byte[] headers = new byte[MOST_HEADERS];
    private long malformed;

    public Splitter(Output output) {
        this.output = output;
    }

    /// How many were dropped, since what was said of them cannot be.
    public long malformed() {
        return malformed;
    }

    /// Takes what the device has given.
    ///
    /// @param read an [Offload] and a packet, between position and limit; in the order of the
    ///     network, and changed
    public void take(ByteBuffer read, long nowNanos) {
        if (!offload.read(read)) {
            malformed++;
        } else if (offload.isDone()) {
            output.packet(read, nowNanos);
        } else if (offload.isWhole()) {
            complete(read, nowNanos);
        } else if (offload.isTcp() && isTcp(read)) {
            cut(read, nowNanos);
        } else {
            malformed++;
        }
    }

    private void complete(ByteBuffer packet, long nowNanos) {
        int start = packet.position();
        int from = start + offload.checksumFrom();
        int at = start + offload.checksumAt();
        if (at + 2 > packet.limit()) {
            malformed++;
            return;
        }
        putChecksum(packet, at, Checksum.add(0, packet, from, packet.limit()));
        output.packet(packet, nowNanos);
    }

    /// Zero would say of UDP that there is no checksum; of TCP the other is as good.
    private static void putChecksum(ByteBuffer packet, int at, long sum) {
        short checksum = Checksum.finish(sum);
        packet.putShort(at, checksum == 0 ? (short) 0xffff : checksum);
    }

    /// Whether the headers are where they are said to be.
    private boolean isTcp(ByteBuffer packet) {
        int start = packet.position();
        int length = packet.remaining();
        int tcp = offload.checksumFrom();
        if (offload.segmentSize() < LEAST_SEGMENT || tcp + LEAST_TCP_HEADER > length) {
            return false;
        }
        boolean six = packet.get(start) >>> 4 == 6;
        int least = six ? IpPacket.IPV6_HEADER : IpPacket.LEAST_IPV4_HEADER;
        boolean ip = six || packet.get(start) >>> 4 == 4 && ipv4Header(packet, start) == tcp;
        int all = tcp + tcpHeader(packet, start + tcp);
        return ip
                && tcp >= least
                && all - tcp >= LEAST_TCP_HEADER
                && all < length
                && all <= MOST_HEADERS;
    }

    private static int ipv4Header(ByteBuffer packet, int start) {
        return (packet.get(start) & 0xf) * 4;
    }

    private static int tcpHeader(ByteBuffer packet, int tcp) {
        return (packet.get(tcp + 12) >>> 4 & 0xf) * 4;
    }

    /// Each part's headers are written in front of its payload, over what has been sent already: so
    /// nothing is copied but these.
    private void cut(ByteBuffer packet, long nowNanos) {
        int start = packet.position();
        int end = packet.limit();
        int tcp = offload.checksumFrom();
        int length = tcp + tcpHeader(packet, start + tcp);
        packet.get(start, headers, 0, length);
        int sequence = packet.getInt(start + tcp + 4);
        int identification = packet.getShort(start + 4);
        boolean six = packet.get(start) >>> 4 == 6;
        int size = offload.segmentSize();
        int payload = start + length;
        for (int i = 0; payload < end; i++) {
            int partEnd = Math.min(end, payload + size);
            int at = payload - length;
            packet.clear().limit(partEnd).position(at);
            packet.put(at, headers, 0, length);
            packet.putInt(at + tcp + 4, sequence + i * size);
            int drop = (i > 0 ? CWR : 0) | (partEnd < end ? FIN_PSH : 0);
            packet.put(at + tcp + 13, (byte) (headers[tcp + 13] & ~drop));
            if (six) {
                packet.putShort(at + 4, (short) (partEnd - at - IpPacket.IPV6_HEADER));
            } else {
                finishIpv4(packet, at, tcp, partEnd - at, identification + i);
            }
            finishTcp(packet, at, tcp, six);
            output.packet(packet, nowNanos);
            payload = partEnd;
        }
    }

    private static void finishIpv4(
            ByteBuffer packet, int at, int header, int length, int identification) {
        packet.putShort(at + 2, (short) length);
        packet.putShort(at + 4, (short) identification);
        packet.putShort(at + 10, (short) 0);
        packet.putShort(at + 10, Checksum.finish(Checksum.add(0, packet, at, at + header)));
    }

    private static void finishTcp(ByteBuffer packet, int at, int tcp, boolean six) {
        int end = packet.limit();
        int checksumAt = at + tcp + Offload.TCP_CHECKSUM;
        packet.putShort(checksumAt, (short) 0);
        long sum = pseudoHeader(packet, at, six, end - at - tcp);
        putChecksum(packet, checksumAt, Checksum.add(sum, packet, at + tcp, end));
    }

    /// The sum of what the checksum of TCP covers beside the segment: the addresses, the protocol
    /// and the length (RFC 9293, section 3.1; RFC 8200, section 8.1).
    static long pseudoHeader(ByteBuffer packet, int at, boolean six, int length) {
        long sum = IpPacket.TCP + length;
        return six
                ? Checksum.add(sum, packet, at + 8, at + IpPacket.IPV6_HEADER)
                : Checksum.add(sum, packet, at + 12, at + IpPacket.LEAST_IPV4_HEADER);
    }
}
