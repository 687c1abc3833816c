package natt.transport.kcp;

import natt.transport.kcp.proto.Channel;
import natt.transport.kcp.proto.Flight;
import natt.transport.kcp.proto.Segment;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/// Fills datagrams with what the streams of a session have to send.
final class Output {
    /// For less room than this, in bytes, no acknowledgements are looked for.
    private static final int ROOM = 2 * Segment.HEADER_LENGTH;

    private final List<KcpSessionStream> streams;
    private final Flight flight;
    private final Turns turns = new Turns();

    /// Whether a stream may have got something to send since the last look.
    private boolean newData;

    /// Whether a stream may have a window to tell or to ask for, which does not wait.
    private boolean newControl;

    private final AckTiming acks = new AckTiming();

    /// @param streams those that live; the list may change between calls
    Output(List<KcpSessionStream> streams, Flight flight) {
        this.streams = streams;
        this.flight = flight;
    }

    /// Notes that a stream may have got data to send, or may send it now.
    void lookForData() {
        newData = true;
    }

    /// Notes that a stream may have got something to send, whatever it is.
    void look() {
        newData = true;
        newControl = true;
    }

    /// Notes that a datagram has brought something to acknowledge.
    ///
    /// @param late whether it came after something that was sent later
    /// @param inOrder whether nothing before it is missing
    void arrived(int length, boolean late, boolean inOrder, long nowNanos) {
        acks.arrived(length, late, inOrder, nowNanos);
    }

    /// Writes what is due and fits, at the buffer's position.
    ///
    /// @param begin where the datagram begins
    /// @param end where it should end; a segment that was cut longer goes alone
    void emit(ByteBuffer out, int begin, int end, long nowNanos) {
        // Acknowledgements go before data, not between: so full datagrams follow each other.
        if ((newControl || acks.isDue(nowNanos)) && !emitControl(out, end)) {
            return;
        }
        if (newData) {
            newData = false;
            findSenders();
        }
        int before = out.position();
        if (flight.isPaced(nowNanos)) {
            emitData(out, begin, end, nowNanos);
        } else {
            emitUrgent(out, begin, end, nowNanos);
        }
        // Those that may wait save a datagram of their own where there is room in this one.
        if (out.position() > before && acks.isWaiting() && end - out.position() >= ROOM) {
            emitControl(out, end);
        }
    }

    /// @return whether all of it was written
    private boolean emitControl(ByteBuffer out, int end) {
        for (int i = 0; i < streams.size(); i++) {
            Channel channel = streams.get(i).channel;
            if (channel.hasControl()) {
                channel.emitControl(out, end);
                if (channel.hasControl()) {
                    return false;
                }
            }
        }
        newControl = false;
        acks.left();
        return true;
    }

    private void emitData(ByteBuffer out, int begin, int end, long nowNanos) {
        int before = out.position();
        @Nullable KcpSessionStream stream = turns.next();
        while (stream != null) {
            int at = out.position();
            if (!stream.channel.emitSegment(out, end, at == begin, nowNanos)) {
                break;
            }
            turns.sent(stream, out.position() - at);
            stream = out.position() < end ? turns.next() : null;
        }
        int bytes = out.position() - before;
        if (bytes > 0) {
            flight.pace(bytes, nowNanos);
        } else if (stream == null && flight.hasRoom() && isIdle()) {
            flight.applicationLimited(end - begin);
        }
    }

    /// Writes what comes before the round while the path is still busy with what left before. The
    /// pace makes up for it later, so the rate stays what it is.
    private void emitUrgent(ByteBuffer out, int begin, int end, long nowNanos) {
        int before = out.position();
        @Nullable KcpSessionStream stream = turns.nextUrgent();
        if (stream == null || !flight.mayHurry(2 * (end - begin), nowNanos)) {
            return;
        }
        while (stream != null) {
            int at = out.position();
            if (!stream.channel.emitSegment(out, end, at == begin, nowNanos)) {
                break;
            }
            turns.sent(stream, out.position() - at);
            stream = out.position() < end ? turns.nextUrgent() : null;
        }
        flight.pace(out.position() - before, nowNanos);
    }

    /// In how many nanoseconds acknowledgements are due that wait for more and do not leave now.
    long nanosUntilAcks(long nowNanos) {
        return newControl ? Long.MAX_VALUE : acks.nanosUntilDue(nowNanos);
    }

    private void findSenders() {
        for (int i = 0; i < streams.size(); i++) {
            KcpSessionStream stream = streams.get(i);
            if (stream.place == Turns.Place.NONE && stream.channel.wantsToSend()) {
                turns.add(stream);
            }
        }
    }

    private boolean isIdle() {
        for (int i = 0; i < streams.size(); i++) {
            if (!streams.get(i).channel.isIdle()) {
                return false;
            }
        }
        return true;
    }

    /// In how many nanoseconds data may leave that waits only for its pace.
    long nanosUntilPaced(long nowNanos) {
        if (!flight.isPaced(nowNanos)) {
            if (turns.nextUrgent() != null) {
                return flight.nanosUntilPaced(nowNanos);
            }
            for (int i = 0; i < streams.size(); i++) {
                if (streams.get(i).channel.maySend()) {
                    return flight.nanosUntilPaced(nowNanos);
                }
            }
        }
        return Long.MAX_VALUE;
    }
}
