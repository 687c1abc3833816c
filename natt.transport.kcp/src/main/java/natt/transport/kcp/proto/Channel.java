package natt.transport.kcp.proto;

import java.nio.ByteBuffer;

/// One conversation of a session, which shares its path with the others: what is on its way and
/// how fast it goes is decided by their common [Flight].
///
/// Against a [Conversation]: acknowledgements are runs, nothing is asked of a silent peer, and
/// the window grows on demand. Of `frg`, which has no use in a stream, one bit says that the
/// sender has come near the end of the window; the receiver then widens it, if the reader keeps
/// up and memory allows.
public final class Channel {
    /// In `frg` of a PUSH: most of the window is used.
    private static final int NEAR_EDGE = 1;

    /// What one side may hold of one direction, in bytes.
    private static final int MOST_HELD = 4 << 20;

    private static final int LEAST_HELD = 64;

    /// What may be held for sending when there is no memory left, in segments.
    private static final int LEAST_KEPT_GOING = 2;

    /// For room for so many segments a writer may wait, about 64 KiB: fewer cost more to fetch.
    private static final int WORTH_FETCHING = 46;

    /// The window at first and at rest, in segments.
    static final int FIRST_WINDOW = 512;

    private static final int GROWTH = 4;

    /// No stream may hold more than this part of what is left for all, in order and behind holes.
    private static final int PART_OF_LEFT = 8;

    private static final int PART_BEHIND_HOLES = 4;

    /// How many windows may wait behind a hole, which lasts three round trips and more where
    /// retransmissions are lost too.
    private static final int BEHIND_HOLES = 3;

    /// From this transmission on a segment is sent twice: few are, and all others wait for them.
    private static final int SURE_TRANSMISSION = 3;

    /// Of so many segments at first each that was lost is sent twice: they may be a whole message,
    /// and are little of a long stream.
    private static final int FIRST_SEGMENTS = 1024;

    /// With a greater part lost the path is too full for that.
    private static final double MOST_LOST = 0.15;

    private static final long FIRST_WINDOW_ASK = 500_000_000;

    private final int conv;
    private final Flight flight;
    private final SegmentPool pool;
    private final SendBuffer send;
    private final ReceiveBuffer receive;
    private final AckRuns acks = new AckRuns();
    private final PeerWindow peerWindow = new PeerWindow(0, FIRST_WINDOW_ASK);
    private final WindowTells tells = new WindowTells(FIRST_WINDOW);

    private boolean finishing;
    private boolean askDue;
    private boolean tellDue;
    private boolean copyDue;
    private int copySn;

    /// Whether the writer had more than could be held.
    private boolean full;

    private boolean heard;
    private boolean active;

    /// @param mss the most data in a segment sent, in bytes
    public Channel(int conv, Flight flight, SegmentPool pool, int mss) {
        this.conv = conv;
        this.flight = flight;
        this.pool = pool;
        send = new SendBuffer(pool, flight, mss, 0);
        receive = new ReceiveBuffer(pool, FIRST_WINDOW, 0);
        // Both sides know the first window; nobody has to tell it.
        peerWindow.told(0, FIRST_WINDOW);
    }

    // ---- input

    /// Takes a segment of this conversation that is about data or windows.
    ///
    /// @return whether it could be believed
    public boolean take(Segment segment, ByteBuffer in, long nowNanos) {
        if (!send.isBelievable(segment.una)) {
            return false;
        }
        if (segment.command == Segment.ACK_RUNS) {
            takeRuns(segment, in, nowNanos);
        }
        send.acknowledgeBefore(segment.una, nowNanos);
        peerWindow.told(segment.una, segment.window);
        switch (segment.command) {
            case Segment.PUSH, Segment.FIN -> {
                if (!takeData(segment, in)) {
                    return false;
                }
            }
            case Segment.WINDOW_ASK -> tellDue = true;
            default -> {}
        }
        heard = true;
        return true;
    }

    /// Takes runs of acknowledgements before `una` covers them: only they say which transmission
    /// arrived.
    private void takeRuns(Segment segment, ByteBuffer in, long nowNanos) {
        int end = segment.dataAt + segment.length - AckRuns.RUN_LENGTH;
        for (int at = segment.dataAt; at <= end; at += AckRuns.RUN_LENGTH) {
            int first = in.getInt(at);
            int count = Short.toUnsignedInt(in.getShort(at + 8));
            int from = Math.max(0, send.una() - first);
            int to = Math.min(count, send.next() - first);
            if (from < to && flight.mayName(to - from)) {
                int ts = in.getInt(at + 4);
                for (int i = from; i < to; i++) {
                    send.acknowledge(first + i, ts + i, nowNanos);
                }
            }
        }
    }

    private boolean takeData(Segment segment, ByteBuffer in) {
        tells.heard();
        active = true;
        boolean nearEdge = (segment.frg & NEAR_EDGE) != 0;
        segment.frg = 0;
        if (receive.hasHole()) {
            receive.allowBehindHoles(mostBehindHoles());
        }
        if (!receive.accept(segment, in)) {
            return false;
        }
        acks.add(segment.sn, segment.ts);
        if (nearEdge && receive.unread() <= receive.limit() / 4) {
            grow();
        }
        return true;
    }

    private int mostBehindHoles() {
        long fair = Math.max(0, pool.left() / PART_BEHIND_HOLES / pool.blockLength());
        return (int) Math.min(fair, (long) BEHIND_HOLES * receive.limit());
    }

    private void grow() {
        int most = MOST_HELD / pool.blockLength();
        int fair = (int) (pool.left() / PART_OF_LEFT / pool.blockLength());
        int wanted = Math.min(GROWTH * receive.limit(), Math.min(most, fair));
        if (wanted > receive.limit()) {
            receive.limitTo(wanted);
        }
    }

    // ---- the application's side

    /// Adds one segment to whose data nothing is appended.
    public void writeWhole(ByteBuffer data) {
        send.appendWhole(data);
    }

    /// Takes bytes of the stream, as many as may be held.
    ///
    /// @param sharers how many conversations share the path
    public int write(ByteBuffer data, int sharers) {
        if (finishing) {
            return 0;
        }
        int length = send.append(data, mostHeld(sharers));
        full = data.hasRemaining();
        return length;
    }

    /// How many bytes [#write] would take, at least; 0 if so few that it is better to wait for
    /// acknowledgements of more.
    ///
    /// @param sharers how many conversations share the path
    public int room(int sharers) {
        int most = mostHeld(sharers);
        int segments = send.room(most);
        full = segments < Math.clamp(most / 4, 1, WORTH_FETCHING);
        return full ? 0 : segments * send.mss();
    }

    private int mostHeld(int sharers) {
        if (pool.scarce()) {
            return pool.exhausted() ? LEAST_KEPT_GOING : LEAST_HELD;
        }
        return Math.clamp(
                2L * flight.window() / sharers, LEAST_HELD, MOST_HELD / pool.blockLength());
    }

    /// Fills the buffer with bytes in order: how many, 0 if there are none yet, -1 at the end.
    public int read(ByteBuffer into, long nowNanos) {
        int n = receive.read(into);
        if (tells.opens(receive.window(), receive.limit(), nowNanos)) {
            tellDue = true;
        }
        return n;
    }

    public boolean readable() {
        return receive.readable();
    }

    /// Whether the first segment has arrived.
    public boolean hasFirst() {
        return receive.next() != 0;
    }

    /// Reads the first segment, as it was sent.
    public void readFirst(ByteBuffer into) {
        if (receive.messageLength() >= 0) {
            receive.readMessage(into);
        }
    }

    /// Whether the peer's FIN and all before it have arrived.
    public boolean peerFinished() {
        return receive.ended();
    }

    /// Ends the sending direction.
    public void finish() {
        if (!finishing) {
            finishing = true;
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

    /// Whether anything has arrived that could be believed.
    public boolean heard() {
        return heard;
    }

    /// Cuts what is written from now on for so much data in a segment.
    public void useSegments(int mss) {
        send.useSegments(mss);
    }

    // ---- output

    /// Whether there is an acknowledgement, a question or an answer to send.
    public boolean hasControl() {
        return acks.isDue() || askDue || tellDue;
    }

    /// Whether there is a window to tell.
    public boolean hasWindowToTell() {
        return tellDue;
    }

    /// Writes acknowledgements, questions and answers, as many as fit.
    public void emitControl(ByteBuffer out, int end) {
        int window = window();
        int una = receive.next();
        boolean told = acks.write(out, end, conv, window, una);
        if (askDue && end - out.position() >= Segment.HEADER_LENGTH) {
            Segment.write(out, conv, Segment.WINDOW_ASK, 0, window, 0, 0, una, 0);
            askDue = false;
            told = true;
        }
        if (tellDue && !told && end - out.position() >= Segment.HEADER_LENGTH) {
            Segment.write(out, conv, Segment.WINDOW_TELL, 0, window, 0, 0, una, 0);
            told = true;
        }
        if (told) {
            tellDue = false;
            tells.told(window);
        }
    }

    private int window() {
        return Math.min(receive.window(), 0xffff);
    }

    /// Whether there is data to send that the peer takes, whatever the path allows.
    public boolean wantsToSend() {
        return copyIsDue() || send.lost() > 0 || send.unsent() > 0 && peerWindow.takes(send.next());
    }

    /// Whether the path has room for what is sent next.
    public boolean maySend() {
        return maySend(0);
    }

    /// @param beyond how many segments more than the window may be in flight
    public boolean maySend(int beyond) {
        return wantsToSend()
                && (copyIsDue() || flight.hasRoom(beyond) || send.lost() > 0 && flight.isProbing());
    }

    /// Writes the segment that is next, if it fits.
    ///
    /// @param alone whether it may be longer than fits, because the datagram has nothing else
    /// @return whether it was written
    public boolean emitSegment(ByteBuffer out, int end, boolean alone, long nowNanos) {
        int sn = nextSn();
        int length = Segment.HEADER_LENGTH + send.lengthOf(sn);
        // A copy beside what it copies would be lost with it.
        boolean apart = copyIsDue() && !alone;
        if (apart || length > (alone ? out.remaining() : end - out.position())) {
            return false;
        }
        int window = window();
        if (copyIsDue()) {
            copyDue = false;
            send.sendCopy(sn, out, conv, window, receive.next());
        } else {
            boolean again = send.lost() > 0;
            boolean nearEdge = peerWindow.beyond(sn) < send.kept() - send.unsent();
            send.mark(sn, nearEdge ? NEAR_EDGE : 0);
            send.send(sn, out, conv, window, receive.next(), nowNanos);
            boolean stuck = again && 4 * peerWindow.beyond(send.next()) < send.kept();
            boolean last = send.lost() == 0 && send.unsent() == 0;
            if (stuck || again && isDear(sn) || last && flight.isThin(nowNanos)) {
                copyDue = true;
                copySn = sn;
            }
        }
        tells.told(window);
        return true;
    }

    /// Whether a retransmission is not to be lost as well.
    private boolean isDear(int sn) {
        return send.transmissionsOf(sn) >= SURE_TRANSMISSION
                || sn >= 0 && sn < FIRST_SEGMENTS && flight.lostShare() < MOST_LOST;
    }

    private int nextSn() {
        if (copyIsDue()) {
            return copySn;
        }
        return send.lost() > 0 ? send.firstLost() : send.next();
    }

    private boolean copyIsDue() {
        return copyDue && send.isInFlight(copySn);
    }

    /// Whether more might be sent, if there were more to send: nothing waits but, perhaps, for a
    /// peer that reads no more.
    public boolean isIdle() {
        boolean nothingWaits = send.unsent() == 0 && !full;
        return send.lost() == 0 && (nothingWaits || waitsForWindow());
    }

    private boolean waitsForWindow() {
        return send.unsent() > 0 && send.outstanding() == 0 && !peerWindow.takes(send.next());
    }

    // ---- time

    public void handleTimeout(long nowNanos) {
        if (tells.again(nowNanos)) {
            tellDue = true;
        }
        if (peerWindow.asks(waitsForWindow(), nowNanos)) {
            askDue = true;
        }
    }

    /// In how many nanoseconds [#handleTimeout] has something to do, if nothing arrives.
    public long nanosUntilTimeout(long nowNanos) {
        return Math.min(
                tells.nanosUntilAgain(nowNanos),
                peerWindow.nanosUntilAsk(waitsForWindow(), nowNanos));
    }

    /// Goes on after a time without a path. The peer, whose acknowledgements may be gone, is told
    /// at once what has arrived.
    public void resume(long nowNanos) {
        copyDue = false;
        tellDue = heard;
        tells.postpone(nowNanos);
        peerWindow.askAgain(nowNanos);
    }

    /// Gives memory back that is not needed at rest.
    public void trim() {
        send.trim();
        receive.trim();
        if (!active && receive.isEmpty()) {
            receive.limitTo(FIRST_WINDOW);
        }
        active = false;
    }

    /// Drops everything but what can still be read.
    public void release() {
        send.release();
        receive.releaseUnreachable();
        copyDue = false;
    }

    /// Drops what can still be read, too.
    public void releaseAll() {
        release();
        receive.release();
    }
}
