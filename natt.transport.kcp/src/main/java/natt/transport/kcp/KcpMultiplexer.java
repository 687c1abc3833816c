package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.transport.kcp.proto.Channel;
import natt.transport.kcp.proto.Counters;
import natt.transport.kcp.proto.Flight;
import natt.transport.kcp.proto.MemoryBudget;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.Segment;
import natt.transport.kcp.proto.SegmentPool;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;

/// All conversations of one session, on one [Flight].
///
/// A datagram is segments, of whatever conversations. The initiator of the session numbers its
/// conversations 0, 2, 4..., the responder 1, 3, 5...; no number is used again. The first segment
/// of a conversation is an [OpenRecord].
///
/// A conversation ends when both directions have finished, or by a RESET. The answer to a RESET
/// is an ACK, which has no other use here; to a segment of a conversation that has ended, a
/// RESET.
final class KcpMultiplexer implements Transport.Multiplexer {
    private static final int LEAST_DATAGRAM = 128;
    private static final int LARGEST_DATAGRAM = 1440;

    /// What of the memory of all sessions is left for streams that hold little.
    private static final long RESERVE = 4 << 20;

    private final Transport.Context context;
    private final SegmentPool pool;
    private final TrimTimer trimTimer;
    private final Counters segments = new Counters();
    private final Flight flight;
    private final Segment reader = new Segment(Segment.ACK_RUNS);
    private final Farewells farewells = new Farewells();
    private final ConvWindow peerConvs;
    private final LiveStreams streams = new LiveStreams();
    private final Output output;

    private final ArrayDeque<KcpSessionStream> accepted = new ArrayDeque<>();
    private final ArrayDeque<KcpSessionStream> ready = new ArrayDeque<>();

    private int mss;
    private int nextConv;
    private boolean paused;
    private long pausedAt;
    private @Nullable CloseReason closed;

    private long datagramsReceived;
    private long datagramsSent;
    private long malformed;
    private long ignored;
    private long refused;
    private long resets;

    KcpMultiplexer(Transport.Context context, Mode mode, MemoryBudget memory) {
        if (context.largestDatagram() < LEAST_DATAGRAM
                || context.largestDatagram() > LARGEST_DATAGRAM) {
            throw new IllegalArgumentException(
                    "largest datagram %d, not between %d and %d"
                            .formatted(
                                    context.largestDatagram(), LEAST_DATAGRAM, LARGEST_DATAGRAM));
        }
        this.context = context;
        mss = mssOf(context.firstDatagram());
        pool = new SegmentPool(mss, memory, RESERVE);
        trimTimer = new TrimTimer(pool);
        flight = Flight.shared(mode, mss, segments, context.random().nextInt(), context.nowNanos());
        output = new Output(streams.all(), flight);
        nextConv = context.initiator() ? 0 : 1;
        peerConvs = new ConvWindow(context.initiator() ? 1 : 0);
    }

    private int mssOf(int datagram) {
        return Math.clamp(datagram, LEAST_DATAGRAM, context.largestDatagram())
                - Segment.HEADER_LENGTH;
    }

    // ---- streams

    @Override
    public Transport.Stream dial(String service, long nowNanos) {
        ByteBuffer record = OpenRecord.of(service);
        var stream = new KcpSessionStream(this, nextConv, channel(nextConv), service);
        if (closed != null) {
            stream.close(closed);
        } else if (streams.size() >= context.mostStreams()) {
            // The peer, whose limit is the same, would say so.
            stream.close(new CloseReason.Remote(ResetCode.BUSY));
        } else {
            nextConv += 2;
            stream.channel.writeWhole(record);
            streams.add(stream);
            toSend(stream, nowNanos);
        }
        return stream;
    }

    private Channel channel(int conv) {
        return new Channel(conv, flight, pool, mss);
    }

    @Override
    public Transport.@Nullable Stream accept() {
        return accepted.poll();
    }

    @Override
    public Transport.@Nullable Stream pollReady() {
        KcpSessionStream stream = ready.poll();
        if (stream != null) {
            stream.queued = false;
        }
        return stream;
    }

    private void ready(KcpSessionStream stream) {
        if (!stream.queued && stream.isOpen()) {
            stream.queued = true;
            ready.add(stream);
        }
    }

    /// Notes that a stream may have got data to send.
    void toSend(KcpSessionStream stream, long nowNanos) {
        streams.changed(stream, nowNanos);
        output.lookForData();
    }

    /// Notes that a stream may have a window to tell.
    void toTell(KcpSessionStream stream, long nowNanos) {
        streams.changed(stream, nowNanos);
        output.look();
    }

    /// How many streams share what may be held for sending, among them one that is about to.
    int writers(KcpSessionStream writer) {
        return streams.unacknowledged() + (writer.unacknowledged ? 0 : 1);
    }

    void sayReset(int conv, ResetCode code, long nowNanos) {
        resets++;
        farewells.reset(conv, code, nowNanos);
    }

    void sayFinished(int conv, int una, long nowNanos) {
        farewells.finished(conv, una, nowNanos);
    }

    /// Removes a stream that has closed.
    void forget(KcpSessionStream stream) {
        streams.remove(stream);
        ready(stream);
    }

    @Override
    public int openStreams() {
        return streams.size();
    }

    @Override
    public boolean hasOutstanding() {
        return streams.unacknowledged() > 0;
    }

    @Override
    public void close(CloseReason reason, long nowNanos) {
        if (closed != null) {
            return;
        }
        closed = reason;
        for (int i = streams.size() - 1; i >= 0; i--) {
            KcpSessionStream stream = streams.get(i);
            if (!paused) {
                farewells.reply(stream.conv(), Segment.RESET);
            }
            stream.close(reason);
        }
        trimTimer.stop();
        pool.retire();
    }

    // ---- input

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        if (closed != null) {
            return;
        }
        datagramsReceived++;
        ByteOrder order = datagram.order();
        datagram.order(ByteOrder.LITTLE_ENDIAN);
        int at = datagram.position();
        int end = datagram.limit();
        if (end - at > LARGEST_DATAGRAM || !reader.whole(datagram, at, end)) {
            malformed++;
        } else {
            handle(datagram, at, end, nowNanos);
        }
        datagram.order(order);
    }

    private void handle(ByteBuffer in, int at, int end, long nowNanos) {
        output.lookForData();
        boolean brought = false;
        boolean late = false;
        boolean inOrder = true;
        int next = at;
        KcpSessionStream stream = null;
        while (next < end && reader.read(in, next, end)) {
            next = reader.dataAt() + reader.length();
            if (stream == null || stream.conv() != reader.conv()) {
                settle(stream, nowNanos);
                stream = streams.find(reader.conv());
            }
            if (stream == null) {
                stream = handleStranger(nowNanos);
            }
            if (stream != null && handle(stream, in, nowNanos)) {
                stream = null;
            }
            switch (reader.command()) {
                case Segment.PUSH, Segment.FIN -> {
                    brought = true;
                    late |= stream != null && stream.isLate(reader.sn());
                    inOrder &= stream == null || stream.channel.una() == reader.sn() + 1;
                }
                case Segment.WINDOW_ASK -> output.look();
                default -> {}
            }
        }
        if (brought) {
            output.arrived(end - at, late, inOrder, nowNanos);
        }
        // The peers' windows are no limit to the flight as a whole.
        flight.evaluateAcks(Integer.MAX_VALUE, nowNanos);
        settle(stream, nowNanos);
    }

    /// Takes a segment of a stream that lives.
    ///
    /// @return whether the stream has closed
    private boolean handle(KcpSessionStream stream, ByteBuffer in, long nowNanos) {
        if (reader.command() == Segment.RESET) {
            resets++;
            farewells.reply(stream.conv(), Segment.ACK);
            farewells.resetByPeer(stream.conv(), nowNanos);
            boolean unseen = !stream.isOpen() || accepted.remove(stream);
            stream.close(new CloseReason.Remote(ResetCode.of(reader.sn())));
            if (unseen) {
                // Nobody will read what it brought.
                stream.channel.releaseAll();
            }
            return true;
        }
        if (reader.command() == Segment.ACK || !stream.channel.take(reader, in, nowNanos)) {
            ignored++;
        }
        return !stream.isOpen() && stream.channel.hasFirst() && !open(stream, nowNanos);
    }

    /// Reads the open record, which has arrived.
    ///
    /// @return whether it was good
    private boolean open(KcpSessionStream stream, long nowNanos) {
        var record = ByteBuffer.allocate(LARGEST_DATAGRAM);
        stream.channel.readFirst(record);
        String service = OpenRecord.service(record.flip());
        if (service == null) {
            malformed++;
            stream.reset(ResetCode.BAD_OPEN, nowNanos);
            return false;
        }
        stream.open(service);
        accepted.add(stream);
        return true;
    }

    /// Takes a segment of a conversation that has no stream.
    ///
    /// @return the stream that it opens, if it does
    private @Nullable KcpSessionStream handleStranger(long nowNanos) {
        int conv = reader.conv();
        int command = reader.command();
        boolean ofPeer = (conv & 1) == (context.initiator() ? 1 : 0);
        boolean isNew = ofPeer && !peerConvs.isUsed(conv);
        if (command == Segment.RESET) {
            if (isNew) {
                peerConvs.use(conv);
            }
            farewells.reply(conv, Segment.ACK);
        } else if (isNew) {
            if (command == Segment.PUSH || command == Segment.FIN) {
                return admit(conv, nowNanos);
            }
            ignored++;
        } else if (!farewells.handle(reader)) {
            if (command == Segment.ACK) {
                ignored++;
            } else {
                farewells.reply(conv, Segment.RESET);
            }
        }
        return null;
    }

    private @Nullable KcpSessionStream admit(int conv, long nowNanos) {
        peerConvs.use(conv);
        if (streams.size() >= context.mostStreams()) {
            refused++;
            sayReset(conv, ResetCode.BUSY, nowNanos);
            return null;
        }
        var stream = new KcpSessionStream(this, conv, channel(conv), null);
        streams.add(stream);
        return stream;
    }

    private void settle(@Nullable KcpSessionStream stream, long nowNanos) {
        if (stream != null && stream.closed().isEmpty()) {
            streams.changed(stream, nowNanos);
            stream.settle(nowNanos);
            ready(stream);
        }
    }

    // ---- output

    @Override
    public boolean pollDatagram(ByteBuffer into, int limit, long nowNanos) {
        if (paused) {
            return false;
        }
        ByteOrder order = into.order();
        into.order(ByteOrder.LITTLE_ENDIAN);
        int begin = into.position();
        int end = begin + Math.min(limit, into.remaining());
        farewells.emit(into, end);
        output.emit(into, begin, end, nowNanos);
        into.order(order);
        if (into.position() == begin) {
            trimTimer.plan(nowNanos);
            return false;
        }
        datagramsSent++;
        return true;
    }

    @Override
    public void useDatagrams(int length, long nowNanos) {
        int wanted = mssOf(length);
        if (wanted == mss) {
            return;
        }
        mss = wanted;
        pool.useBlocks(mss);
        flight.useSegments(mss);
        for (int i = 0; i < streams.size(); i++) {
            streams.get(i).channel.useSegments(mss);
        }
    }

    // ---- time

    @Override
    public void handleTimeout(long nowNanos) {
        if (paused) {
            return;
        }
        flight.handleTimeout(nowNanos);
        for (int i = 0; i < streams.size(); i++) {
            streams.get(i).channel.handleTimeout(nowNanos);
            streams.changed(streams.get(i), nowNanos);
        }
        farewells.handleTimeout(nowNanos);
        output.look();
        if (trimTimer.isOver(nowNanos)) {
            for (int i = 0; i < streams.size(); i++) {
                streams.get(i).channel.trim();
            }
            trimTimer.plan(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        if (paused || closed != null) {
            return Engine.NEVER;
        }
        long least =
                Math.min(flight.nanosUntilTimeout(nowNanos), farewells.nanosUntilTimeout(nowNanos));
        least = Math.min(least, streams.nanosUntilTimeout(nowNanos));
        least = Math.min(least, output.nanosUntilPaced(nowNanos));
        least = Math.min(least, output.nanosUntilAcks(nowNanos));
        return Math.min(least, trimTimer.nanosUntilOver(nowNanos));
    }

    // ---- the path

    @Override
    public void pause(long nowNanos) {
        if (!paused) {
            paused = true;
            pausedAt = nowNanos;
            flight.suspend();
        }
    }

    @Override
    public void resume(long nowNanos) {
        if (!paused) {
            return;
        }
        paused = false;
        flight.beginAnew(mss, nowNanos);
        for (int i = 0; i < streams.size(); i++) {
            streams.get(i).channel.resume(nowNanos);
            streams.changed(streams.get(i), nowNanos);
        }
        farewells.resume(nowNanos - pausedAt);
        trimTimer.postpone(nowNanos - pausedAt);
        output.look();
    }

    @Override
    public void pathChanged(long nowNanos) {
        if (!paused) {
            flight.beginAnew(mss, nowNanos);
        }
    }

    @Override
    public void roundTripMeasured(long nanos, long nowNanos) {
        if (!paused) {
            flight.sampleRoundTrip(nanos, nowNanos);
        }
    }

    Duration roundTripTime() {
        return Duration.ofNanos(flight.smoothedRoundTrip());
    }

    @Override
    public long roundTripNanos() {
        return flight.smoothedRoundTrip();
    }

    @Override
    public Transport.Estimate estimate() {
        return new Transport.Estimate(roundTripTime(), flight.bytesPerSecond(), flight.lostShare());
    }

    @Override
    public Map<String, Long> counters() {
        var all = new LinkedHashMap<String, Long>();
        all.put("streams", (long) streams.size());
        all.put("datagramsReceived", datagramsReceived);
        all.put("datagramsSent", datagramsSent);
        all.put("segmentsSent", segments.segmentsSent);
        all.put("retransmitted", segments.retransmitted);
        all.put("fastRetransmitted", segments.fastRetransmitted);
        all.put("timeouts", segments.timeouts);
        all.put("malformed", malformed);
        all.put("ignored", ignored);
        all.put("refused", refused);
        all.put("reset", resets);
        all.put("bytesHeld", pool.held());
        return all;
    }
}
