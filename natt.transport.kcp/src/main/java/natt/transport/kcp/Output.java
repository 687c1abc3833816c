package natt.transport.kcp;

import natt.transport.kcp.proto.Channel;
import natt.transport.kcp.proto.Flight;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;

/// Fills datagrams with what the streams of a session have to send.
final class Output {
    private final List<KcpSessionStream> streams;
    private final Flight flight;
    private final Turns turns = new Turns();

    /// Whether a stream may have got something to send since the last look.
    private boolean newData;

    /// Whether a stream may have an acknowledgement, a question or an answer to send.
    private boolean newControl;

    /// @param streams those that live; the list may change between calls
    Output(List<KcpSessionStream> streams, Flight flight) {
        this.streams = streams;
        this.flight = flight;
    }

    /// Notes that a stream may have got something to send.
    void look() {
        newData = true;
        newControl = true;
    }

    /// Writes what is due and fits, at the buffer's position.
    ///
    /// @param begin where the datagram begins
    /// @param end where it should end; a segment that was cut longer goes alone
    void emit(ByteBuffer out, int begin, int end, long nowNanos) {
        // Acknowledgements go before data, not between: so full datagrams follow each other.
        if (newControl && !emitControl(out, end)) {
            return;
        }
        newControl = false;
        if (flight.isPaced(nowNanos)) {
            emitData(out, begin, end, nowNanos);
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
        return true;
    }

    private void emitData(ByteBuffer out, int begin, int end, long nowNanos) {
        if (newData) {
            newData = false;
            findSenders();
        }
        int before = out.position();
        @Nullable KcpSessionStream stream = turns.next();
        while (stream != null) {
            int at = out.position();
            if (!stream.channel.emitSegment(out, end, at == begin, nowNanos)) {
                break;
            }
            stream.credit -= out.position() - at;
            stream = out.position() < end ? turns.next() : null;
        }
        int bytes = out.position() - before;
        if (bytes > 0) {
            flight.pace(bytes, nowNanos);
        } else if (stream == null && flight.hasRoom() && isIdle()) {
            flight.applicationLimited(end - begin);
        }
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
            for (int i = 0; i < streams.size(); i++) {
                if (streams.get(i).channel.maySend()) {
                    return flight.nanosUntilPaced(nowNanos);
                }
            }
        }
        return Long.MAX_VALUE;
    }
}
