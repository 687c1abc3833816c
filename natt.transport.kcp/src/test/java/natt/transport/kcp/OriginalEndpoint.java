package natt.transport.kcp;

import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.proto.Conversation;
import natt.transport.kcp.proto.Counters;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.Segment;
import natt.transport.kcp.proto.SegmentPool;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/// A KCP peer that knows nothing of natt: it looks at no `frg` of window asks, opens a
/// conversation for whatever comes, and remembers which commands it was sent. It leaves the
/// header of error correction out.
final class OriginalEndpoint implements PlainTransport.Endpoint, Conversation.Events {
    final Map<Integer, Integer> commands = new HashMap<>();
    final int window;
    @Nullable Conversation conversation;
    @Nullable InetSocketAddress peer;
    boolean deaf;

    private final Segment reader = new Segment();

    OriginalEndpoint(int window) {
        this.window = window;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        datagram.order(ByteOrder.LITTLE_ENDIAN);
        int type = Short.toUnsignedInt(datagram.getShort(datagram.position() + 4));
        if (type == 0xf2 || deaf) {
            return true;
        }
        int at = datagram.position() + (type == 0xf1 ? 8 : 0);
        int end = datagram.limit();
        for (int i = at; i < end && reader.read(datagram, i, end); ) {
            commands.merge(reader.command(), 1, Integer::sum);
            i = reader.dataAt() + reader.length();
        }
        if (!reader.wellFormed(datagram, at, end)) {
            throw new AssertionError("malformed");
        }
        if (conversation == null) {
            open(from, reader.conv(), nowNanos);
        }
        conversation.input(datagram, at, end, nowNanos);
        return true;
    }

    void open(InetSocketAddress to, int conv, long nowNanos) {
        peer = to;
        conversation =
                new Conversation(
                        new Conversation.Config(conv, 1376, window, 0, 1000, Mode.NORMAL),
                        new SegmentPool(),
                        new Counters(),
                        this,
                        nowNanos);
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        into.order(ByteOrder.LITTLE_ENDIAN);
        return conversation != null && !deaf && conversation.emit(into, 1400, nowNanos)
                ? peer
                : null;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (conversation != null) {
            conversation.handleTimeout(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return conversation == null || deaf ? NEVER : conversation.nanosUntilTimeout(nowNanos);
    }

    @Override
    public void asked(Segment segment, long nowNanos) {}

    @Override
    public void told(Segment segment, long nowNanos) {}

    @Override
    public void reset(int code, long nowNanos) {
        throw new AssertionError("a command that KCP does not have");
    }

    @Override
    public PlainTransport.Stream dial(InetSocketAddress to, long nowNanos) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PlainTransport.@Nullable Stream accept() {
        return null;
    }

    @Override
    public PlainTransport.@Nullable Stream pollReady() {
        return null;
    }

    @Override
    public void shutdown(ResetCode code, long nowNanos) {}

    @Override
    public Map<String, Long> counters() {
        return Map.of();
    }
}
