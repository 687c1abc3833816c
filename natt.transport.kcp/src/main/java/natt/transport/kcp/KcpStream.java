package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.fec.FecDecoder;
import natt.transport.kcp.fec.FecEncoder;
import natt.transport.kcp.proto.Conversation;
import natt.transport.kcp.proto.Segment;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;

/// One conversation with what natt adds to it: the greeting by which two natts know each other,
/// ends of directions, resets, and limits towards an address that has proven nothing.
///
/// ```text
/// natt dials natt                        natt dials kcp-go
/// WASK frg 4e            ->              WASK frg 4e ->   (opens a session, ignores frg)
///        <- WINS frg 4e, cookie                      <- WINS frg 0
/// WASK frg 4e, cookie    ->
///        <- WINS frg 4f
/// ```
///
/// The cookie travels in `ts` (upper half) and `sn`, which kcp-go ignores in these commands.
final class KcpStream implements PlainTransport.Stream, Conversation.Events, FecDecoder.Sink {
    /// Greets: "I am natt", in a window ask or tell.
    static final int GREETING = 0x4e;

    /// Answers a greeting that brought a good cookie: the stream is open.
    static final int OPENED = 0x4f;

    private static final long SECOND = 1_000_000_000;

    private static final Duration NO_ANSWER = Duration.ofSeconds(10);
    private static final Duration SILENCE = Duration.ofSeconds(40);

    /// How long a peer without FIN may be silent after it has everything.
    private static final long LINGER = 5 * SECOND;

    /// How long our FIN is repeated once the peer has sent its own and has all of our data: it may
    /// have gone, and only its last acknowledgement is missing.
    private static final long LAST_FIN = 5 * SECOND;

    /// Segments in flight before the peer's kind is known.
    private static final int FIRST_FLIGHT = 4;

    /// Parity is sent for so long after the beginning and after each loss.
    private static final long PARITY_AT_FIRST = 3 * SECOND;

    private static final long PARITY_AFTER_LOSS = 10 * SECOND;

    /// For so long after the beginning and each parity packet, data is kept for the next one.
    private static final long PARITY_EXPECTED = 30 * SECOND;

    /// How many bytes an unproven address gets for each byte it has sent.
    private static final int AMPLIFICATION = 3;

    static final int UNPROVEN_WINDOW = 32;
    static final int WINDOW = 2048;

    private enum Peer {
        UNKNOWN,
        ORIGINAL,
        NATT
    }

    private final KcpEndpoint endpoint;
    private final InetSocketAddress address;
    private final int conv;
    private final boolean dialed;
    private final Conversation conversation;
    private final Greeting greeting;
    private final FecEncoder encoder;
    private @Nullable FecDecoder decoder;
    private final long bornAt;

    private Peer peer;
    private boolean proven;
    private boolean sharesAddress;
    private long lastParity;
    private long inputAt;
    private long bytesReceived;
    private long bytesSent;

    private boolean finishing;
    private boolean finTimed;
    private long endsAt;
    private boolean allAcknowledged;
    private long acknowledgedAt;
    private @Nullable CloseReason closed;

    /// Whether the stream waits in the endpoint's queue of ready streams.
    boolean queued;

    /// The next stream at the same address.
    @Nullable KcpStream sibling;

    private KcpStream(
            KcpEndpoint endpoint,
            InetSocketAddress address,
            int conv,
            boolean dialed,
            boolean proven,
            long nowNanos) {
        this.endpoint = endpoint;
        this.address = address;
        this.conv = conv;
        this.dialed = dialed;
        this.proven = proven;
        bornAt = nowNanos;
        int window = dialed || proven ? WINDOW : UNPROVEN_WINDOW;
        conversation = endpoint.converse(conv, window, this, nowNanos);
        greeting = new Greeting(conversation);
        encoder = new FecEncoder(endpoint.largestPayload());
        lastParity = nowNanos;
        if (dialed) {
            peer = Peer.UNKNOWN;
            conversation.limitInFlight(FIRST_FLIGHT);
        } else {
            peer = Peer.ORIGINAL;
        }
    }

    static KcpStream dialed(
            KcpEndpoint endpoint, InetSocketAddress address, int conv, long nowNanos) {
        // Who dials has chosen the address; it needs no proof.
        var stream = new KcpStream(endpoint, address, conv, true, true, nowNanos);
        stream.greeting.begin(nowNanos);
        return stream;
    }

    static KcpStream accepted(
            KcpEndpoint endpoint,
            InetSocketAddress address,
            int conv,
            boolean proven,
            long nowNanos) {
        return new KcpStream(endpoint, address, conv, false, proven, nowNanos);
    }

    int conv() {
        return conv;
    }

    boolean proven() {
        return proven;
    }

    boolean dialed() {
        return dialed;
    }

    boolean peerIsNatt() {
        return peer == Peer.NATT;
    }

    int una() {
        return conversation.una();
    }

    // ---- Stream

    @Override
    public InetSocketAddress peer() {
        return address;
    }

    @Override
    public int write(ByteBuffer data, long nowNanos) {
        if (finishing) {
            throw new IllegalStateException("this direction is finished");
        }
        if (closed != null) {
            return 0;
        }
        return proven ? conversation.write(data) : writeToStranger(data);
    }

    /// Takes one segment that fits into the allowance. A larger one could never be sent, and the
    /// peer, which waits for it, would never prove itself by acknowledging something.
    private int writeToStranger(ByteBuffer data) {
        long room =
                AMPLIFICATION * bytesReceived
                        - bytesSent
                        - FecEncoder.HEADER_LENGTH
                        - 2 * Segment.HEADER_LENGTH;
        if (room <= 0 || !conversation.allAcknowledged()) {
            return 0;
        }
        int limit = data.limit();
        data.limit(data.position() + (int) Math.min(room, data.remaining()));
        int length = conversation.write(data);
        data.limit(limit);
        return length;
    }

    @Override
    public int read(ByteBuffer into, long nowNanos) {
        int n = conversation.read(into, nowNanos);
        return n == 0 && closed != null && !conversation.readable() ? -1 : n;
    }

    @Override
    public void finish(long nowNanos) {
        finishing = true;
        if (closed == null && peer != Peer.UNKNOWN) {
            conversation.finish(peer == Peer.NATT);
            settle(nowNanos);
        }
    }

    @Override
    public void reset(ResetCode code, long nowNanos) {
        if (closed == null) {
            if (peer == Peer.NATT) {
                endpoint.bury(this, nowNanos).asReset(code, nowNanos);
            } else {
                endpoint.bury(this, nowNanos);
            }
            endpoint.countReset();
            close(new CloseReason.Local());
        }
        conversation.releaseAll();
    }

    @Override
    public boolean delivered() {
        return conversation.allAcknowledged();
    }

    @Override
    public Optional<CloseReason> closed() {
        return Optional.ofNullable(closed);
    }

    @Override
    public boolean answered() {
        return conversation.heard() && (dialed || proven);
    }

    @Override
    public Duration roundTripTime() {
        return Duration.ofNanos(conversation.smoothedRoundTrip());
    }

    // ---- input

    /// Takes a datagram of this conversation, whose segments begin at an index.
    void input(ByteBuffer datagram, int at, long nowNanos) {
        bytesReceived += datagram.remaining();
        input(datagram, at, datagram.limit(), nowNanos);
        if (at > datagram.position() && !sharesAddress && nowNanos - lastParity < PARITY_EXPECTED) {
            feedDecoder(datagram, nowNanos);
        }
    }

    /// Says that there is, or just was, another conversation with this stream's address. The
    /// parity of one, taken for the other's, could pass for right and make wrong bytes: its
    /// packets have the same seqids and much the same headers. So none is sent or taken.
    void shareAddress() {
        sharesAddress = true;
    }

    boolean sharesAddress() {
        return sharesAddress;
    }

    /// Takes a parity packet from this stream's address.
    void parity(ByteBuffer datagram, long nowNanos) {
        lastParity = nowNanos;
        feedDecoder(datagram, nowNanos);
    }

    private void feedDecoder(ByteBuffer datagram, long nowNanos) {
        if (closed == null) {
            if (decoder == null) {
                decoder = new FecDecoder(KcpEndpoint.MOST_DATAGRAM - FecEncoder.HEADER_LENGTH);
            }
            inputAt = nowNanos;
            decoder.accept(datagram, this);
        }
    }

    @Override
    public void recovered(ByteBuffer kcpBytes) {
        kcpBytes.order(ByteOrder.LITTLE_ENDIAN);
        int at = kcpBytes.position();
        int end = kcpBytes.limit();
        if (endpoint.segmentsAreOf(conv, kcpBytes, at, end)) {
            input(kcpBytes, at, end, inputAt);
        }
    }

    /// What the decoder of this stream has done.
    @Nullable FecDecoder decoder() {
        return decoder;
    }

    private void input(ByteBuffer in, int at, int end, long nowNanos) {
        if (closed != null) {
            return;
        }
        if (!conversation.input(in, at, end, nowNanos) || closed != null) {
            return;
        }
        if (!proven && conversation.provenByEcho()) {
            prove();
        }
        if (conversation.heardData()) {
            greeting.heardData();
        }
        settle(nowNanos);
        endpoint.ready(this);
    }

    private void prove() {
        proven = true;
        conversation.widenReceiveWindow(WINDOW);
    }

    @Override
    public void asked(Segment ask, long nowNanos) {
        if (dialed || ask.frg() != GREETING) {
            return;
        }
        if (peer != Peer.NATT && endpoint.cookieIsGood(ask, address, nowNanos)) {
            prove();
            meet(Peer.NATT, nowNanos);
        }
        if (peer == Peer.NATT) {
            conversation.tell(OPENED, 0, 0);
        } else {
            long cookie = endpoint.cookie(address, conv, nowNanos);
            conversation.tell(GREETING, (int) (cookie >>> 32), (int) cookie);
        }
    }

    @Override
    public void told(Segment tell, long nowNanos) {
        if (!greeting.isActive()) {
            return;
        }
        greeting.answered(nowNanos);
        if (tell.frg() == GREETING) {
            if (greeting.learn(tell, nowNanos)) {
                meet(Peer.NATT, nowNanos);
                conversation.resendAll(nowNanos);
            }
        } else {
            greeting.end();
            if (!greeting.cookieKnown()) {
                meet(Peer.ORIGINAL, nowNanos);
            }
        }
    }

    /// Learns what the peer is.
    private void meet(Peer kind, long nowNanos) {
        if (peer == kind) {
            return;
        }
        peer = kind;
        conversation.limitInFlight(Integer.MAX_VALUE);
        if (kind == Peer.NATT) {
            conversation.peerAcknowledgesAtOnce();
        }
        if (finishing) {
            conversation.finish(kind == Peer.NATT);
        }
    }

    @Override
    public void reset(int code, long nowNanos) {
        if (peer == Peer.NATT && closed == null) {
            endpoint.bury(this, nowNanos);
            endpoint.countReset();
            close(new CloseReason.Remote(ResetCode.of(code)));
        }
    }

    /// Notices what has come to an end.
    private void settle(long nowNanos) {
        if (closed != null || !finishing || peer == Peer.UNKNOWN) {
            return;
        }
        if (!allAcknowledged && conversation.allAcknowledged()) {
            allAcknowledged = true;
            acknowledgedAt = nowNanos;
        }
        if (peer == Peer.NATT && conversation.peerFinished()) {
            if (allAcknowledged) {
                endpoint.bury(this, nowNanos).asFinished(conversation.una());
                close(new CloseReason.Finished());
            } else if (!finTimed && conversation.allButFinAcknowledged()) {
                finTimed = true;
                endsAt = nowNanos + LAST_FIN;
            }
        }
    }

    /// Makes room for a stream that has proven its address.
    void evict() {
        close(new CloseReason.Local());
    }

    private void close(CloseReason reason) {
        closed = reason;
        conversation.release();
        endpoint.forget(this);
        endpoint.ready(this);
    }

    // ---- time

    void handleTimeout(long nowNanos) {
        if (nanosUntilEnd(nowNanos) <= 0) {
            end(nowNanos);
            return;
        }
        greeting.handleTimeout(nowNanos);
        conversation.handleTimeout(nowNanos);
    }

    private void end(long nowNanos) {
        if (!proven || !conversation.heard()) {
            close(new CloseReason.NoAnswer(NO_ANSWER));
        } else if (conversation.silence(nowNanos) >= SILENCE.toNanos()) {
            close(new CloseReason.PeerSilent(SILENCE));
        } else {
            if (peer == Peer.NATT) {
                endpoint.bury(this, nowNanos).asFinished(conversation.una());
            } else {
                endpoint.bury(this, nowNanos);
            }
            close(new CloseReason.Finished());
        }
    }

    private long nanosUntilEnd(long nowNanos) {
        if (!proven || !conversation.heard()) {
            return bornAt + NO_ANSWER.toNanos() - nowNanos;
        }
        long least = SILENCE.toNanos() - conversation.silence(nowNanos);
        if (finTimed) {
            least = Math.min(least, endsAt - nowNanos);
        } else if (allAcknowledged && peer == Peer.ORIGINAL) {
            long quiet = Math.min(conversation.nanosSincePush(nowNanos), nowNanos - acknowledgedAt);
            least = Math.min(least, LINGER - quiet);
        }
        return least;
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = Math.min(nanosUntilEnd(nowNanos), conversation.nanosUntilTimeout(nowNanos));
        return Math.min(least, greeting.nanosUntilTimeout(nowNanos));
    }

    // ---- output

    /// Writes the next datagram of at most `limit` bytes.
    ///
    /// @return whether there was one
    boolean emit(ByteBuffer out, int limit, long nowNanos) {
        int at = out.position();
        int most = limit;
        if (!proven) {
            most = (int) Math.min(most, AMPLIFICATION * bytesReceived - bytesSent);
        }
        if (most < FecEncoder.HEADER_LENGTH + Segment.HEADER_LENGTH) {
            return false;
        }
        boolean written = true;
        if (encoder.hasParity()) {
            // Parity is not paced: the rate that data reaches beside it is what is measured.
            encoder.pollParity(out);
        } else {
            written = emitSegments(out, most, nowNanos);
        }
        bytesSent += out.position() - at;
        return written;
    }

    private boolean emitSegments(ByteBuffer out, int most, long nowNanos) {
        int at = out.position();
        greeting.beforeData(nowNanos);
        out.position(at + FecEncoder.HEADER_LENGTH);
        if (!conversation.emit(out, at + most, nowNanos)) {
            out.position(at);
            return false;
        }
        int end = out.position();
        int limit = out.limit();
        encoder.sendParity(
                proven
                        && !sharesAddress
                        && (nowNanos - bornAt < PARITY_AT_FIRST
                                || conversation.hasLostWithin(PARITY_AFTER_LOSS, nowNanos)));
        encoder.seal(out.limit(end).position(at));
        out.limit(limit).position(end);
        return true;
    }

    void trim() {
        conversation.trim();
    }
}
