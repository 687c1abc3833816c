package natt.tun.natpunch;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/// One try of a NATpunch client, on a socket of its own: asks the server every second until it
/// tells of the peer, then exchanges IP packets with exactly that address, each a bare datagram.
/// One byte, `00`, is a keepalive. Nothing is encrypted and nobody proves anything.
///
/// After 15 s of silence it has ended, and its owner begins again on another socket.
public final class BareTunnel implements Engine {
    /// The most bytes of a packet: what an unfragmented datagram over IPv4 holds on Ethernet.
    public static final int MOST_PACKET = 1472;

    /// How many packets wait to be sent at most; the driver takes them after each batch.
    private static final int MOST_WAITING = 256;

    private static final long SECOND = 1_000_000_000;
    private static final long ASK_NANOS = SECOND;
    private static final long KEEPALIVE_NANOS = 5 * SECOND;
    private static final long SILENCE_NANOS = 15 * SECOND;
    private static final byte KEEPALIVE = 0;

    /// What comes out of the tunnel.
    @FunctionalInterface
    public interface Packets {
        /// @param packet what claims to be an IP packet, of 2 bytes or more; only lent
        void received(ByteBuffer packet, long nowNanos);
    }

    private final InetSocketAddress server;
    private final Packets packets;

    /// The packets that wait, in slots of one buffer, from `first` on.
    private final ByteBuffer slots = ByteBuffer.allocate(MOST_WAITING * MOST_PACKET);

    private final int[] lengths = new int[MOST_WAITING];
    private int first;
    private int waiting;
    private @Nullable InetSocketAddress peer;
    private boolean heard;
    private long heardAt;
    private long dueAt;
    private long dropped;

    /// @param server IPv4
    public BareTunnel(InetSocketAddress server, Packets packets, long nowNanos) {
        if (!(server.getAddress() instanceof Inet4Address) || server.getPort() == 0) {
            throw new IllegalArgumentException("servers of NATpunch have IPv4 addresses");
        }
        this.server = server;
        this.packets = packets;
        heardAt = nowNanos;
        dueAt = nowNanos;
    }

    /// The peer's address, once the server has told it; else null.
    public @Nullable InetSocketAddress peer() {
        return peer;
    }

    /// Whether the peer was heard.
    public boolean isUp() {
        return heard;
    }

    /// Whether the peer has been silent for too long.
    public boolean hasEnded(long nowNanos) {
        return peer != null && nowNanos - heardAt >= SILENCE_NANOS;
    }

    /// How many datagrams were not the peer's, or packets had no room.
    public long dropped() {
        return dropped;
    }

    /// Takes a packet for the peer.
    ///
    /// @return false if there is no peer yet or any more, or no room; then the packet is lost
    public boolean send(ByteBuffer packet, long nowNanos) {
        if (peer == null
                || hasEnded(nowNanos)
                || waiting == MOST_WAITING
                || packet.remaining() > MOST_PACKET
                || packet.remaining() < 2) {
            dropped++;
            return false;
        }
        int slot = (first + waiting++) % MOST_WAITING;
        lengths[slot] = packet.remaining();
        packet.get(slots.array(), slot * MOST_PACKET, lengths[slot]);
        return true;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (from.equals(peer) && !hasEnded(nowNanos)) {
            heard = true;
            heardAt = nowNanos;
            if (datagram.remaining() > 1) {
                packets.received(datagram, nowNanos);
            }
            return true;
        }
        if (peer == null
                && from.equals(server)
                && datagram.remaining() == HandshakeServer.ANSWER_LENGTH
                && meet(datagram)) {
            heardAt = nowNanos;
            dueAt = nowNanos;
            return true;
        }
        dropped++;
        return false;
    }

    private boolean meet(ByteBuffer answer) {
        var address = new byte[4];
        answer.get(address);
        int port = Short.toUnsignedInt(answer.getShort());
        int first = Byte.toUnsignedInt(address[0]);
        // Neither nobody nor everybody; nor a program of this machine, unless the server is one.
        boolean self = first == 127 && !server.getAddress().isLoopbackAddress();
        if (port == 0 || first == 0 || first >= 224 || self) {
            return false;
        }
        try {
            peer = new InetSocketAddress(InetAddress.getByAddress(address), port);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
        return true;
    }

    @Override
    public void handleTimeout(long nowNanos) {}

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        if (hasEnded(nowNanos)) {
            return null;
        }
        InetSocketAddress to = peer;
        if (to == null) {
            return due(HandshakeServer.QUESTION, ASK_NANOS, into, nowNanos) ? server : null;
        }
        if (waiting > 0) {
            into.put(slots.array(), first * MOST_PACKET, lengths[first]);
            first = (first + 1) % MOST_WAITING;
            waiting--;
            dueAt = nowNanos + KEEPALIVE_NANOS;
            return to;
        }
        // The first ones open the NATs on both sides, and the earliest of them may be lost.
        long interval = heard ? KEEPALIVE_NANOS : ASK_NANOS;
        return due(KEEPALIVE, interval, into, nowNanos) ? to : null;
    }

    private boolean due(byte said, long interval, ByteBuffer into, long nowNanos) {
        if (nowNanos - dueAt < 0) {
            return false;
        }
        into.put(said);
        dueAt = nowNanos + interval;
        return true;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        if (peer == null) {
            return dueAt - nowNanos;
        }
        long silence = heardAt + SILENCE_NANOS - nowNanos;
        // What has ended needs nothing more.
        return silence <= 0 ? NEVER : Math.min(silence, dueAt - nowNanos);
    }
}
