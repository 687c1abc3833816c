package natt.transport.kcp.proto;

import java.nio.ByteBuffer;

/// One KCP conversation: a reliable, ordered stream of bytes or messages in both directions.
///
/// Not thread safe. After each input or batch of inputs, call [#emit] until it writes nothing,
/// then ask [#nanosUntilTimeout]. Buffers given to [#input] and [#emit] are in little-endian
/// order. Departures from KCP, all invisible to a KCP peer: there is no flush interval,
/// acknowledgements leave at once; `ts` carries a transmission number; the peer's window only
/// moves forward, so that a late segment cannot close it.
public final class Conversation {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    // What KCP fixes.
    /// How long kcp-go may hold an acknowledgement back.
    private static final long FLUSH_INTERVAL = 100 * MILLI;

    private static final long FIRST_WINDOW_ASK = 7 * SECOND;

    // What natt chooses.
    /// After this much silence the peer is asked for its window, to show that it lives, and to
    /// keep the NAT's mapping.
    private static final long FIRST_KEEPALIVE = 15 * SECOND;

    private static final long NEXT_KEEPALIVE = 5 * SECOND;

    private static final int MOST_IN_FLIGHT = 2048;
    private static final int LEAST_HELD = 64;
    private static final int MOST_HELD = 3072;
    private static final int MOST_FRAGMENTS = 255;

    /// Receives what is not about data.
    public interface Events {
        /// A window ask arrived. Unless this method calls [#tell], the conversation answers
        /// with an ordinary window tell.
        void asked(Segment segment, long nowNanos);

        /// A window tell arrived.
        void told(Segment segment, long nowNanos);

        /// A RESET arrived.
        void reset(int code, long nowNanos);
    }

    /// How a conversation begins.
    ///
    /// @param mss the most data in a segment sent, in bytes
    /// @param receiveWindow in segments, 1 to 65535
    /// @param firstSn the first sn in both directions; 0 on the wire
    /// @param firstTransmission the number of the first transmission, unpredictable to others
    public record Config(
            int conv, int mss, int receiveWindow, int firstSn, int firstTransmission, Mode mode) {
        public Config {
            if (mss < 1 || mss > SegmentPool.BLOCK_LENGTH) {
                throw new IllegalArgumentException("mss " + mss);
            }
            if (receiveWindow < 1 || receiveWindow > 0xffff) {
                throw new IllegalArgumentException("receive window " + receiveWindow);
            }
        }
    }

    private final int conv;
    private final Events events;
    private final SegmentPool pool;
    private final Counters counters;
    private final Segment segment = new Segment();
    private final SendBuffer send;
    private final ReceiveBuffer receive;
    private final AckQueue acks = new AckQueue();
    private final Flight flight;
    private final PeerWindow peerWindow;
    private final WindowTells tells;

    private int mostInFlight = Integer.MAX_VALUE;
    private boolean finishing;
    private boolean finQueued;
    private boolean released;

    private boolean askDue;
    private int askFrg;
    private int askTs;
    private int askSn;
    private boolean tellDue;
    private int tellFrg;
    private int tellTs;
    private int tellSn;

    private boolean heard;
    private boolean heardData;
    private long lastPush;
    private long lastHeard;
    private long keepaliveAt;

    public Conversation(
            Config config, SegmentPool pool, Counters counters, Events events, long nowNanos) {
        conv = config.conv();
        this.events = events;
        this.counters = counters;
        this.pool = pool;
        Mode mode = config.mode();
        flight =
                new Flight(
                        mode,
                        mode.control(config.mss(), FLUSH_INTERVAL, MOST_IN_FLIGHT),
                        mode.rtt(),
                        counters,
                        config.firstTransmission(),
                        nowNanos);
        send = new SendBuffer(pool, flight, config.mss(), config.firstSn());
        receive = new ReceiveBuffer(pool, config.receiveWindow(), config.firstSn());
        peerWindow = new PeerWindow(config.firstSn(), FIRST_WINDOW_ASK);
        tells = new WindowTells(config.receiveWindow());
        lastHeard = nowNanos;
        lastPush = nowNanos;
        keepaliveAt = nowNanos + FIRST_KEEPALIVE;
    }

    // ---- input

    /// Takes segments that [Segment#wellFormed] has found good and of this conversation.
    ///
    /// @return whether any of them could be believed
    public boolean input(ByteBuffer in, int at, int end, long nowNanos) {
        acknowledge(in, at, end, nowNanos);
        boolean believed = false;
        int from = at;
        // One of the segments may end the conversation.
        while (!released && from < end && segment.read(in, from, end)) {
            from = segment.dataAt + segment.length;
            if (take(in, nowNanos)) {
                believed = true;
            } else {
                counters.ignored++;
            }
        }
        if (believed) {
            heard = true;
            lastHeard = nowNanos;
            keepaliveAt = nowNanos + FIRST_KEEPALIVE;
        }
        flight.evaluateAcks(peerWindow.size(), nowNanos);
        return believed;
    }

    /// Takes the acknowledgements of single segments, before `una` covers them: only they say
    /// which transmission arrived.
    private void acknowledge(ByteBuffer in, int at, int end, long nowNanos) {
        int from = at;
        while (from < end && segment.read(in, from, end)) {
            from = segment.dataAt + segment.length;
            if (segment.command == Segment.ACK && send.isBelievable(segment.una)) {
                send.acknowledge(segment.sn, segment.ts, nowNanos);
            }
        }
    }

    private boolean take(ByteBuffer in, long nowNanos) {
        if (!send.isBelievable(segment.una)) {
            return false;
        }
        send.acknowledgeBefore(segment.una, nowNanos);
        peerWindow.told(segment.una, segment.window);
        switch (segment.command) {
            case Segment.PUSH, Segment.FIN -> {
                tells.heard();
                if (!receive.accept(segment, in)) {
                    return false;
                }
                acks.add(segment.sn, segment.ts);
                heardData = true;
                lastPush = nowNanos;
            }
            case Segment.ACK -> heardData = true;
            case Segment.WINDOW_ASK -> {
                if (!tellDue) {
                    tell(0, 0, 0);
                }
                events.asked(segment, nowNanos);
            }
            case Segment.WINDOW_TELL -> events.told(segment, nowNanos);
            case Segment.RESET -> events.reset(segment.sn, nowNanos);
            default -> throw new AssertionError("a well-formed segment has a known command");
        }
        return true;
    }

    // ---- the application's side

    /// Takes bytes of the stream, as many as may be held.
    public int write(ByteBuffer data) {
        return finishing ? 0 : send.append(data, mostHeld());
    }

    private int mostHeld() {
        return pool.exhausted()
                ? LEAST_HELD
                : Math.clamp(2L * flight.window(), LEAST_HELD, MOST_HELD);
    }

    /// Whether [#write] would take something.
    public boolean writable() {
        return !finishing && send.kept() < mostHeld();
    }

    /// Takes a message as a whole or, if there is no room now, not at all.
    ///
    /// @return whether it was taken
    /// @throws IllegalArgumentException if the peer's window can never hold it
    public boolean writeMessage(ByteBuffer message) {
        int fragments = send.fragments(message.remaining());
        int most = Math.min(MOST_FRAGMENTS, peerWindow.widest());
        if (fragments > most) {
            throw new IllegalArgumentException(
                    "a message of %d fragments, the peer takes %d".formatted(fragments, most));
        }
        if (finishing || send.held() + fragments > MOST_HELD) {
            return false;
        }
        send.appendMessage(message);
        return true;
    }

    /// Fills the buffer with bytes in order: how many, 0 if there are none yet, -1 at the end.
    public int read(ByteBuffer into, long nowNanos) {
        int n = receive.read(into);
        openWindow(nowNanos);
        return n;
    }

    /// Reads a whole message into a buffer that has room for it.
    ///
    /// @return its length, -1 if none has arrived whole, -2 at the end
    public int readMessage(ByteBuffer into, long nowNanos) {
        int length = receive.messageLength();
        if (length > into.remaining()) {
            throw new IllegalArgumentException("a message of %d bytes".formatted(length));
        }
        if (length >= 0) {
            receive.readMessage(into);
            openWindow(nowNanos);
        }
        return length;
    }

    private void openWindow(long nowNanos) {
        if (tells.opens(receive.window(), receive.limit(), nowNanos)) {
            tell(0, 0, 0);
        }
    }

    public boolean readable() {
        return receive.readable();
    }

    /// Whether the peer's FIN and all before it have arrived.
    public boolean peerFinished() {
        return receive.ended();
    }

    /// Ends the sending direction.
    ///
    /// @param withFin whether the peer understands FIN
    public void finish(boolean withFin) {
        finishing = true;
        if (withFin && !finQueued) {
            finQueued = true;
            send.appendFin();
        }
    }

    /// The first sn that has not arrived from the peer.
    public int una() {
        return receive.next();
    }

    /// Whether the peer has everything that was written, the FIN included.
    public boolean allAcknowledged() {
        return send.held() == 0;
    }

    /// Whether the peer has everything but, perhaps, the FIN.
    public boolean allButFinAcknowledged() {
        return send.held() == 0 || finQueued && send.held() == 1;
    }

    /// Whether the peer has echoed what only a receiver of our segments can know.
    public boolean provenByEcho() {
        return flight.provenByEcho();
    }

    // ---- settings that change on the way

    /// Bounds the segments in flight, whatever the congestion control allows.
    public void limitInFlight(int segments) {
        mostInFlight = segments;
    }

    /// Advertises at least this window from now on.
    public void widenReceiveWindow(int segments) {
        receive.widen(segments);
    }

    /// Says that the peer acknowledges at once, without a flush interval.
    public void peerAcknowledgesAtOnce() {
        flight.peerAcknowledgesAtOnce();
    }

    /// Adds a round-trip time that was measured otherwise than by data.
    public void sampleRoundTrip(long nanos, long nowNanos) {
        flight.sampleRoundTrip(nanos, nowNanos);
    }

    public long smoothedRoundTrip() {
        return flight.smoothedRoundTrip();
    }

    /// Sends everything in flight again, because the peer has not taken it.
    public void resendAll(long nowNanos) {
        flight.resendAll(nowNanos);
    }

    /// Asks for the peer's window, in words that an ordinary KCP peer does not look at.
    public void ask(int frg, int ts, int sn) {
        askDue = true;
        askFrg = frg;
        askTs = ts;
        askSn = sn;
    }

    /// Tells this side's window, likewise.
    public void tell(int frg, int ts, int sn) {
        tellDue = true;
        tellFrg = frg;
        tellTs = ts;
        tellSn = sn;
    }

    // ---- output

    /// Writes the segments of one datagram, from the buffer's position up to an index.
    ///
    /// @return whether anything was written
    public boolean emit(ByteBuffer out, int end, long nowNanos) {
        int begin = out.position();
        int window = receive.window();
        int una = receive.next();
        acks.prepare(una);
        acks.drain(out, end, conv, window, una);
        if (askDue && end - out.position() >= Segment.HEADER_LENGTH) {
            Segment.write(out, conv, Segment.WINDOW_ASK, askFrg, window, askTs, askSn, una, 0);
            askDue = false;
        }
        if (tellDue && end - out.position() >= Segment.HEADER_LENGTH) {
            Segment.write(out, conv, Segment.WINDOW_TELL, tellFrg, window, tellTs, tellSn, una, 0);
            tellDue = false;
        }
        if (flight.isPaced(nowNanos)) {
            emitData(out, end, window, una, nowNanos);
        }
        int written = out.position() - begin;
        if (written > 0) {
            tells.told(window);
        }
        return written > 0;
    }

    private void emitData(ByteBuffer out, int end, int window, int una, long nowNanos) {
        int before = out.position();
        while (maySend()) {
            int sn = send.lost() > 0 ? send.firstLost() : send.next();
            if (end - out.position() < Segment.HEADER_LENGTH + send.lengthOf(sn)) {
                break;
            }
            send.send(sn, out, conv, window, una, nowNanos);
        }
        int bytes = out.position() - before;
        if (bytes > 0) {
            flight.pace(bytes, nowNanos);
        }
        // A full window of the peer is part of the path, until the peer reads no more.
        boolean idle = send.unsent() == 0 || waitsForWindow();
        if (idle && send.lost() == 0 && flight.hasRoom()) {
            flight.applicationLimited(send.mss());
        }
    }

    /// Whether a segment was found lost within this time.
    public boolean hasLostWithin(long nanos, long nowNanos) {
        return flight.hasLostWithin(nanos, nowNanos);
    }

    /// Whether [#emit] would write data.
    public boolean hasData(long nowNanos) {
        return flight.isPaced(nowNanos) && maySend();
    }

    private boolean maySend() {
        boolean bounded = flight.inFlight() >= mostInFlight;
        if (send.lost() > 0) {
            return flight.isProbing() || !bounded && flight.hasRoom();
        }
        return send.unsent() > 0 && peerWindow.takes(send.next()) && !bounded && flight.hasRoom();
    }

    // ---- time

    /// How long nothing that could be believed has arrived, in nanoseconds.
    public long silence(long nowNanos) {
        return nowNanos - lastHeard;
    }

    /// How long no data has arrived.
    public long nanosSincePush(long nowNanos) {
        return nowNanos - lastPush;
    }

    /// Whether anything has arrived that could be believed.
    public boolean heard() {
        return heard;
    }

    /// Whether data, a FIN or the acknowledgement of data has arrived.
    public boolean heardData() {
        return heardData;
    }

    public void handleTimeout(long nowNanos) {
        flight.handleTimeout(nowNanos);
        if (nowNanos - keepaliveAt >= 0) {
            keepaliveAt = nowNanos + NEXT_KEEPALIVE;
            counters.keepalives++;
            if (!askDue) {
                ask(0, 0, 0);
            }
        }
        if (tells.again(nowNanos)) {
            tell(0, 0, 0);
        }
        if (peerWindow.asks(waitsForWindow(), nowNanos) && !askDue) {
            ask(0, 0, 0);
        }
    }

    private boolean waitsForWindow() {
        return send.unsent() > 0 && send.outstanding() == 0 && !peerWindow.takes(send.next());
    }

    /// In how many nanoseconds [#handleTimeout] or [#emit] has something to do, if nothing
    /// arrives: 0 if it is due.
    public long nanosUntilTimeout(long nowNanos) {
        long least = Math.min(keepaliveAt - nowNanos, flight.nanosUntilTimeout(nowNanos));
        if (!flight.isPaced(nowNanos) && maySend()) {
            least = Math.min(least, flight.nanosUntilPaced(nowNanos));
        }
        least = Math.min(least, tells.nanosUntilAgain(nowNanos));
        return Math.min(least, peerWindow.nanosUntilAsk(waitsForWindow(), nowNanos));
    }

    /// Gives memory back that is not needed at rest.
    public void trim() {
        send.trim();
        receive.trim();
    }

    /// Drops everything but what can still be read.
    public void release() {
        released = true;
        send.release();
        receive.releaseUnreachable();
    }

    /// Drops what can still be read, too.
    public void releaseAll() {
        release();
        receive.release();
    }

    /// Retransmissions that turned out to have been needless.
    long spurious() {
        return flight.spurious();
    }
}
