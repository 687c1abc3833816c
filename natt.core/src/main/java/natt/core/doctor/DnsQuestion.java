package natt.core.doctor;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.random.RandomGenerator;

/// Asks each server once for the name servers of the root (RFC 1035), which everything that speaks
/// DNS answers somehow: all that matters is whether an answer comes.
final class DnsQuestion implements Engine {
    private static final int HEADER = 12;
    private static final int RECURSION_DESIRED = 0x0100;
    private static final int RESPONSE = 0x80;
    private static final int TYPE_NS = 2;
    private static final int CLASS_IN = 1;

    private final Queue<InetSocketAddress> unasked;
    private final List<InetSocketAddress> servers;
    private final short id;
    private boolean answered;

    DnsQuestion(List<InetSocketAddress> servers, RandomGenerator random) {
        this.servers = List.copyOf(servers);
        unasked = new ArrayDeque<>(servers);
        id = (short) random.nextInt();
    }

    boolean isAnswered() {
        return answered;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int at = datagram.position();
        boolean ours =
                datagram.remaining() >= HEADER
                        && servers.contains(from)
                        && datagram.getShort(at) == id
                        && (datagram.get(at + 2) & RESPONSE) != 0;
        answered |= ours;
        return ours;
    }

    @Override
    public void handleTimeout(long nowNanos) {}

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        InetSocketAddress to = unasked.poll();
        if (to != null) {
            into.putShort(id).putShort((short) RECURSION_DESIRED);
            into.putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 0);
            into.put((byte) 0).putShort((short) TYPE_NS).putShort((short) CLASS_IN);
        }
        return to;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return NEVER;
    }
}
