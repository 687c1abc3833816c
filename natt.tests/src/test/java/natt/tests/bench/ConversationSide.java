package natt.tests.bench;

import natt.transport.kcp.proto.Conversation;
import natt.transport.kcp.proto.Counters;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.Segment;
import natt.transport.kcp.proto.SegmentPool;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// natt's KCP without what the transport adds (forward error correction, greeting, several
/// streams): what the class Kcp of jkcp is.
final class ConversationSide implements Side, Conversation.Events {
    private static final int CONV = 7;
    private static final int DATAGRAM = Segment.HEADER_LENGTH + KcpBenchmark.MESSAGE;

    private final Segment reader = new Segment();
    private final Counters counters = new Counters();
    private final Conversation conversation;

    ConversationSide(int firstTransmission, long nowNanos) {
        var config =
                new Conversation.Config(
                        CONV,
                        KcpBenchmark.MESSAGE,
                        KcpBenchmark.WINDOW,
                        0,
                        firstTransmission,
                        Mode.NATT);
        conversation = new Conversation(config, new SegmentPool(), counters, this, nowNanos);
        conversation.peerAcknowledgesAtOnce();
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        datagram.order(ByteOrder.LITTLE_ENDIAN);
        if (reader.wellFormed(datagram, 0, datagram.limit()) && reader.conv() == CONV) {
            conversation.input(datagram, 0, datagram.limit(), nowNanos);
        }
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (conversation.nanosUntilTimeout(nowNanos) <= 0) {
            conversation.handleTimeout(nowNanos);
        }
    }

    @Override
    public void transmit(Wire wire, long nowNanos) {
        while (conversation.emit(wire.next().order(ByteOrder.LITTLE_ENDIAN), DATAGRAM, nowNanos)) {
            wire.send(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return conversation.nanosUntilTimeout(nowNanos);
    }

    @Override
    public void write(ByteBuffer message, long nowNanos) {
        conversation.write(message);
    }

    @Override
    public int read(ByteBuffer into, long nowNanos) {
        return conversation.read(into, nowNanos);
    }

    @Override
    public void asked(Segment segment, long nowNanos) {
        // The conversation itself answers.
    }

    @Override
    public void told(Segment segment, long nowNanos) {
        // The conversation has taken the window.
    }

    @Override
    public void reset(int code, long nowNanos) {
        throw new AssertionError("neither side resets");
    }

    @Override
    public String toString() {
        return "%d sent, %d again, %d timeouts"
                .formatted(counters.segmentsSent, counters.retransmitted, counters.timeouts);
    }
}
