package natt.core.session;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Authenticated, encrypted datagrams between two keys, and the streams they carry. Outlives the
/// addresses of both.
public final class Session {
    /// Where a session is in its life.
    public enum State {
        /// The peer has not answered yet.
        CONNECTING,
        /// There is a path.
        UP,
        /// There is none now; streams wait.
        SUSPENDED,
        /// It has ended.
        CLOSED
    }

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    // What DESIGN fixes.
    private static final long REKEY_AGE = 600 * SECOND;
    private static final long KEYS_LIFE = 900 * SECOND;
    private static final long PROVEN_WORTH = 150 * SECOND;
    private static final long HELD_LONG = 12 * 3600 * SECOND;
    private static final long HELD = 60 * SECOND;
    private static final int MODE_STREAMS = 0;

    // What natt chooses.
    private static final int MOST_KEYS = 3;
    private static final long NO_ANSWER = 15 * SECOND;

    /// How long the keys of a session that this side has closed still tell so.
    private static final long FAREWELL = 3 * SECOND;

    private static final long[] CLOSE_AGAIN = {250 * MILLI, SECOND};

    /// How often the initiator shows the responder that it has its answer, until it is heard.
    private static final long CONFIRM_AGAIN = 150 * MILLI;

    private static final int MOST_CONTROL = 16;

    // Kinds of DATA.
    private static final byte TRANSPORT = 0;
    static final byte CONTROL = 1;
    private static final byte PART = 2;

    /// A control message that waits to be sent.
    private record Outgoing(
            int message, int code, long token, int length, InetSocketAddress to, Keys keys) {}

    private final SessionEngine engine;
    private final NodeKey peer;
    private final Transport transport;
    private final Transport.Multiplexer streams;
    private final @Nullable Calling calling;
    private final Liveness liveness;
    private final Roaming roaming;
    private final Parts parts = new Parts();

    /// The newest first.
    private final List<Keys> keys = new ArrayList<>();

    private final ArrayDeque<Outgoing> control = new ArrayDeque<>();
    private final ArrayDeque<SessionEvent> events = new ArrayDeque<>();
    private final long bornAt;
    private State state;
    private long id;
    private @Nullable Keys sending;
    private @Nullable InetSocketAddress path;
    private int peerTakes = Wire.MOST_DATAGRAM;
    private @Nullable PathMtu mtu;
    private boolean addressed;
    private long addressedAt;
    private long confirmAt;
    private boolean useful;
    private long usefulAt;
    private long suspendedAt;
    private @Nullable CloseReason closed;
    private CloseCode closeCode = CloseCode.UNSPECIFIED;
    private long closedAt;
    private int farewells;
    private long nextToken;
    private boolean pinging;
    private long pingToken;
    private long pingSentAt;

    private long datagramsSent;
    private long datagramsReceived;
    private long bytesSent;
    private long bytesReceived;
    private long rekeyed;
    private long moved;
    private long suspended;
    private long partsSent;

    /// Whether the session waits in the engine's queue of ready ones.
    boolean queued;

    /// Whether its caller's key is known by name.
    boolean listed;

    private Session(
            SessionEngine engine,
            NodeKey peer,
            Transport transport,
            @Nullable PreSharedKey secret,
            long nowNanos) {
        this.engine = engine;
        this.peer = peer;
        this.transport = transport;
        boolean initiator = secret != null;
        calling = secret == null ? null : new Calling(this, engine, peer, secret);
        liveness = new Liveness(initiator, nowNanos);
        roaming = new Roaming(engine.random());
        bornAt = nowNanos;
        state = State.CONNECTING;
        streams =
                transport.open(
                        new Transport.Context(
                                initiator,
                                SessionEngine.MOST_STREAMS,
                                Wire.MOST_TRANSPORT_DATAGRAM,
                                PathMtu.FIRST - Wire.DATA_OVERHEAD,
                                nowNanos,
                                engine.random()));
        streams.pause(nowNanos);
        nextToken = engine.random().nextLong();
    }

    static Session calling(
            SessionEngine engine,
            NodeKey host,
            PreSharedKey secret,
            Transport transport,
            long nowNanos) {
        return new Session(engine, host, transport, secret, nowNanos);
    }

    static Session called(
            SessionEngine engine, Gatekeeper.HalfOpen half, Transport transport, long nowNanos) {
        var session = new Session(engine, half.caller(), transport, null, nowNanos);
        session.id = half.sessionId();
        session.peerTakes = half.mtu();
        session.take(half.keys());
        session.use(half.keys());
        session.establish(half.from(), nowNanos);
        return session;
    }

    // ---- for the owner

    /// The peer's public key.
    public NodeKey peer() {
        return peer;
    }

    /// Whether this side began it.
    public boolean initiator() {
        return calling != null;
    }

    public State state() {
        return state;
    }

    /// The streams. Those dialed before the session is up are opened with it.
    public Transport.Multiplexer streams() {
        return streams;
    }

    /// The peer's address now, or last; empty before the first answer.
    public Optional<InetSocketAddress> path() {
        return Optional.ofNullable(path);
    }

    /// The largest UDP payload sent now, in bytes.
    public int datagramSize() {
        return mtu == null ? PathMtu.FIRST : mtu.size();
    }

    public Duration age(long nowNanos) {
        return Duration.ofNanos(nowNanos - bornAt);
    }

    /// Adds addresses at which the peer may be, the best first. For the initiator: the handshake
    /// is tried at each, a quarter of a second after the one before, until one answers.
    public void addCandidates(List<InetSocketAddress> addresses, long nowNanos) {
        if (calling == null || state == State.CLOSED) {
            return;
        }
        calling.add(addresses, nowNanos);
        if (!addressed && !addresses.isEmpty()) {
            addressed = true;
            addressedAt = nowNanos;
            calling.start(null, false, nowNanos);
        }
    }

    /// Says that the session has been of use: a stream reached its service. From 150 seconds
    /// after that on it is kept for 12 hours without a path; others are for 60 seconds.
    public void noteUseful(long nowNanos) {
        if (!useful) {
            useful = true;
            usefulAt = nowNanos;
        }
    }

    /// Returns the next event, or null.
    public @Nullable SessionEvent pollEvent() {
        return events.poll();
    }

    /// Ends the session and its streams, telling the peer if there is a path.
    public void close(CloseCode code, long nowNanos) {
        if (state == State.CLOSED) {
            return;
        }
        boolean tell = sending != null && path != null;
        end(new CloseReason.Local(), nowNanos);
        if (tell) {
            farewells = CLOSE_AGAIN.length;
            closeCode = code;
            sayClosed();
        }
    }

    private void sayClosed() {
        if (sending != null && path != null) {
            say(Control.CLOSE, closeCode.code(), 0, Control.LENGTH, path, sending);
        }
    }

    /// Why the session has ended; empty while it lives.
    public Optional<CloseReason> closed() {
        return Optional.ofNullable(closed);
    }

    /// Counters by name: `datagramsSent`, `bytesReceived`, `rekeyed`, `moved`...
    public Map<String, Long> counters() {
        var counters = new TreeMap<String, Long>();
        counters.put("datagramsSent", datagramsSent);
        counters.put("datagramsReceived", datagramsReceived);
        counters.put("bytesSent", bytesSent);
        counters.put("bytesReceived", bytesReceived);
        counters.put("rekeyed", rekeyed);
        counters.put("moved", moved);
        counters.put("suspended", suspended);
        counters.put("partsSent", partsSent);
        return counters;
    }

    // ---- handshakes

    long id() {
        return id;
    }

    InitPayload initPayload() {
        return new InitPayload(transport.capability(), MODE_STREAMS, Wire.MOST_DATAGRAM, id);
    }

    /// The responder has answered one of this initiator's attempts.
    void answered(Calling.Attempt attempt, Opened opened, long nowNanos) {
        long given = opened.payload().sessionId();
        if (calling == null || state == State.CLOSED) {
            return;
        }
        if (attempt.resume() == 0 && id != 0 && given != id) {
            // Another attempt was quicker; this one is never confirmed and so never was.
            return;
        }
        if (attempt.resume() != 0 && given != attempt.resume()) {
            end(new CloseReason.PeerRestarted(), nowNanos);
            return;
        }
        var made =
                new Keys(
                        attempt.index(),
                        opened.remoteIndex(),
                        opened.send(),
                        opened.receive(),
                        nowNanos);
        id = given;
        peerTakes = opened.payload().mtu();
        take(made);
        streams.roundTripMeasured(nowNanos - attempt.sentAt(), nowNanos);
        boolean works =
                state == State.UP
                        && !liveness.isDoubtful()
                        && sending != null
                        && sending.age(nowNanos) < KEYS_LIFE;
        if (!works) {
            use(made);
            establish(attempt.address(), nowNanos);
        }
        calling.putOff(SECOND, nowNanos);
        confirmAt = nowNanos + CONFIRM_AGAIN;
        say(Control.PING, 0, nextToken++, Control.LENGTH, attempt.address(), made);
    }

    /// The initiator of this responder's session has confirmed new keys.
    void renewed(Gatekeeper.HalfOpen half, long nowNanos) {
        peerTakes = half.mtu();
        take(half.keys());
        use(half.keys());
        establish(half.from(), nowNanos);
    }

    /// The responder is busy and wants its cookie back.
    void takeCookie(Calling.Attempt attempt, byte[] cookie, long nowNanos) {
        if (calling != null) {
            calling.takeCookie(attempt, cookie, nowNanos);
        }
    }

    private void take(Keys made) {
        made.session = this;
        rekeyed += keys.isEmpty() ? 0 : 1;
        keys.addFirst(made);
        engine.slots().put(made);
        while (keys.size() > MOST_KEYS) {
            drop(keys.getLast());
        }
    }

    private void use(Keys made) {
        sending = made;
    }

    private static boolean isFresh(Keys some, long nowNanos) {
        return some.age(nowNanos) < REKEY_AGE && !some.isWornOut();
    }

    private void drop(Keys old) {
        keys.remove(old);
        engine.slots().remove(old);
        if (sending == old) {
            sending = null;
        }
        old.destroy();
    }

    /// There is a path, proven by a handshake or a challenge.
    private void establish(InetSocketAddress to, long nowNanos) {
        InetSocketAddress from = path;
        path = to;
        roaming.forget();
        liveness.begin(nowNanos);
        boolean sameHost = from != null && from.getAddress().equals(to.getAddress());
        if (mtu == null || !sameHost) {
            mtu = new PathMtu(to, peerTakes);
            streams.useDatagrams(mtu.size() - Wire.DATA_OVERHEAD, nowNanos);
        }
        switch (state) {
            case CONNECTING -> {
                state = State.UP;
                streams.resume(nowNanos);
                events.add(new SessionEvent.Established(to));
            }
            case SUSPENDED -> {
                state = State.UP;
                streams.resume(nowNanos);
                events.add(new SessionEvent.Resumed(to));
            }
            case UP -> {
                if (!to.equals(from)) {
                    // Another port of the same NAT is the same path through the network.
                    if (!sameHost) {
                        streams.pathChanged(nowNanos);
                    }
                    moved++;
                    if (from != null) {
                        events.add(new SessionEvent.Moved(from, to));
                    }
                }
            }
            case CLOSED -> throw new AssertionError("a closed session takes no path");
        }
        engine.ready(this);
    }

    // ---- input

    /// Takes what the peer has sealed: kind, then payload, at the beginning of an array.
    void handle(
            Keys with,
            boolean newest,
            InetSocketAddress from,
            byte[] plain,
            int length,
            long nowNanos) {
        datagramsReceived++;
        bytesReceived += length;
        if (state == State.CLOSED) {
            sayClosed();
            return;
        }
        liveness.heard(nowNanos);
        if (calling != null
                && calling.isCalling()
                && with == keys.getFirst()
                && isFresh(with, nowNanos)) {
            // The responder seals with these keys, so there is nothing to call for.
            calling.stop();
            calling.forget();
            use(with);
        }
        boolean onPath = from.equals(path);
        if (state == State.SUSPENDED && onPath && sending != null) {
            establish(from, nowNanos);
        }
        if (!onPath && newest && with == keys.getFirst() && roaming.heardFrom(from, nowNanos)) {
            ask(nowNanos);
        }
        switch (plain[0]) {
            case TRANSPORT -> {
                if (length - 1 <= Wire.MOST_TRANSPORT_DATAGRAM) {
                    streams.handleDatagram(ByteBuffer.wrap(plain, 1, length - 1), nowNanos);
                }
            }
            case CONTROL -> handleControl(with, from, plain, length - 1, nowNanos);
            case PART -> {
                ByteBuffer whole = parts.take(plain, 1, length - 1, nowNanos);
                if (whole != null) {
                    streams.handleDatagram(whole, nowNanos);
                }
            }
            default -> engine.countUnknownKind();
        }
        engine.ready(this);
    }

    private void handleControl(
            Keys with, InetSocketAddress from, byte[] in, int length, long nowNanos) {
        if (length < Control.LENGTH) {
            engine.countUnknownKind();
            return;
        }
        long token = Control.token(in, 1);
        switch (Control.message(in, 1)) {
            case Control.PING -> say(Control.PONG, 0, token, Control.LENGTH, from, with);
            case Control.PONG -> {
                if (pinging && token == pingToken) {
                    pinging = false;
                    streams.roundTripMeasured(nowNanos - pingSentAt, nowNanos);
                }
            }
            case Control.CHALLENGE ->
                    say(Control.CHALLENGE_ANSWER, 0, token, Control.LENGTH, from, with);
            case Control.CHALLENGE_ANSWER -> {
                InetSocketAddress proven = roaming.answered(token);
                if (proven != null && !proven.equals(path)) {
                    establish(proven, nowNanos);
                }
            }
            case Control.CLOSE -> end(new CloseReason.SessionClosed(Control.code(in, 1)), nowNanos);
            case Control.MTU_PROBE -> say(Control.MTU_ANSWER, 0, token, Control.LENGTH, from, with);
            case Control.MTU_ANSWER -> {
                if (mtu != null && mtu.answered((int) (token & 0xffff), nowNanos)) {
                    streams.useDatagrams(mtu.size() - Wire.DATA_OVERHEAD, nowNanos);
                }
            }
            default -> engine.countUnknownKind();
        }
    }

    private void say(
            int message, int code, long token, int length, InetSocketAddress to, Keys with) {
        if (control.size() < MOST_CONTROL) {
            control.add(new Outgoing(message, code, token, length, to, with));
        }
    }

    private void ask(long nowNanos) {
        if (sending != null && path != null) {
            liveness.asked(nowNanos);
            pingToken = nextToken++;
            pingSentAt = nowNanos;
            pinging = true;
            say(Control.PING, 0, pingToken, Control.LENGTH, path, sending);
        }
    }

    // ---- time

    /// This machine has slept, or was stopped: nothing is known of the path.
    void slept(long nowNanos) {
        if (state == State.UP) {
            suspend(nowNanos);
            liveness.begin(nowNanos);
            ask(nowNanos);
        } else if (state == State.SUSPENDED) {
            suspendedAt = nowNanos;
            if (calling != null) {
                calling.start(path, true, nowNanos);
            }
        } else if (state == State.CONNECTING) {
            addressedAt = nowNanos;
        }
    }

    void handleTimeout(long nowNanos) {
        roaming.handleTimeout(nowNanos);
        switch (state) {
            case CONNECTING -> {
                if (addressed && nowNanos - addressedAt >= NO_ANSWER) {
                    end(new CloseReason.NoAnswer(Duration.ofNanos(NO_ANSWER)), nowNanos);
                }
            }
            case UP -> {
                streams.handleTimeout(nowNanos);
                if (mtu != null && mtu.handleTimeout(liveness.heardAt(), nowNanos)) {
                    streams.useDatagrams(mtu.size() - Wire.DATA_OVERHEAD, nowNanos);
                }
                watch(nowNanos);
                engine.ready(this);
            }
            case SUSPENDED -> {
                if (nowNanos - suspendedAt >= held()) {
                    long silence = nowNanos - liveness.heardAt();
                    end(new CloseReason.PeerSilent(Duration.ofNanos(silence)), nowNanos);
                }
            }
            case CLOSED -> {
                if (nanosUntilFarewell(nowNanos) <= 0) {
                    farewells--;
                    sayClosed();
                }
                if (nowNanos - closedAt >= FAREWELL) {
                    dropKeys();
                    engine.forget(this);
                }
            }
        }
        if (state == State.UP || state == State.SUSPENDED) {
            keepKeys(nowNanos);
        }
    }

    private long nanosUntilFarewell(long nowNanos) {
        return farewells == 0
                ? Long.MAX_VALUE
                : closedAt + CLOSE_AGAIN[CLOSE_AGAIN.length - farewells] - nowNanos;
    }

    private void watch(long nowNanos) {
        boolean inUse = streams.hasOutstanding();
        long roundTrip = streams.estimate().roundTrip().toNanos();
        if (liveness.nanosUntilAsk(inUse, roundTrip, nowNanos) <= 0) {
            ask(nowNanos);
        }
        if (liveness.nanosUntilDoubt(roundTrip, nowNanos) <= 0) {
            liveness.doubt();
            long silence = nowNanos - liveness.heardAt();
            events.add(new SessionEvent.Doubtful(Duration.ofNanos(silence)));
            if (calling != null) {
                calling.start(path, false, nowNanos);
            }
        }
        if (liveness.nanosUntilLost(inUse, nowNanos) <= 0) {
            suspend(nowNanos);
        }
    }

    private void suspend(long nowNanos) {
        state = State.SUSPENDED;
        suspended++;
        suspendedAt = nowNanos;
        streams.pause(nowNanos);
        long silence = nowNanos - liveness.heardAt();
        events.add(new SessionEvent.Suspended(Duration.ofNanos(silence)));
        if (calling != null) {
            calling.start(path, true, nowNanos);
        }
        engine.ready(this);
    }

    private long held() {
        return useful && suspendedAt - usefulAt >= PROVEN_WORTH ? HELD_LONG : HELD;
    }

    /// Since when there has been no path; the longest without one gives way first.
    long suspendedAt() {
        return suspendedAt;
    }

    /// Drops keys that are too old, and lets the initiator make new ones in time.
    private void keepKeys(long nowNanos) {
        while (!keys.isEmpty() && keys.getLast().age(nowNanos) >= KEYS_LIFE) {
            drop(keys.getLast());
        }
        if (calling == null || state != State.UP || path == null) {
            if (sending == null && state == State.UP) {
                suspend(nowNanos);
            }
            return;
        }
        boolean due = keys.isEmpty() || !isFresh(keys.getFirst(), nowNanos);
        if (due && !calling.isCalling()) {
            calling.callAgain(path, nowNanos);
        }
        if (sending == null) {
            suspend(nowNanos);
        } else if (calling.isCalling()
                && !keys.getFirst().confirmed()
                && keys.getFirst().age(nowNanos) < SECOND
                && nowNanos - confirmAt >= 0) {
            confirmAt = nowNanos + CONFIRM_AGAIN;
            say(Control.PING, 0, nextToken++, Control.LENGTH, path, keys.getFirst());
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = roaming.nanosUntilTimeout(nowNanos);
        if (calling != null) {
            least = Math.min(least, calling.nanosUntilTimeout(nowNanos));
        }
        switch (state) {
            case CONNECTING -> {
                if (addressed) {
                    least = Math.min(least, addressedAt + NO_ANSWER - nowNanos);
                }
            }
            case UP -> least = Math.min(least, nanosUntilWatch(nowNanos));
            case SUSPENDED -> least = Math.min(least, suspendedAt + held() - nowNanos);
            case CLOSED -> {
                least = Math.min(least, closedAt + FAREWELL - nowNanos);
                least = Math.min(least, nanosUntilFarewell(nowNanos));
            }
        }
        return least;
    }

    private long nanosUntilWatch(long nowNanos) {
        boolean inUse = streams.hasOutstanding();
        long roundTrip = streams.estimate().roundTrip().toNanos();
        long least = streams.nanosUntilTimeout(nowNanos);
        least = Math.min(least, liveness.nanosUntilAsk(inUse, roundTrip, nowNanos));
        least = Math.min(least, liveness.nanosUntilDoubt(roundTrip, nowNanos));
        least = Math.min(least, liveness.nanosUntilLost(inUse, nowNanos));
        if (mtu != null) {
            least = Math.min(least, mtu.nanosUntilTimeout(nowNanos));
        }
        if (!keys.isEmpty()) {
            least = Math.min(least, KEYS_LIFE - keys.getLast().age(nowNanos));
            if (calling != null && !calling.isCalling()) {
                least = Math.min(least, REKEY_AGE - keys.getFirst().age(nowNanos));
            } else if (calling != null
                    && !keys.getFirst().confirmed()
                    && keys.getFirst().age(nowNanos) < SECOND) {
                least = Math.min(least, confirmAt - nowNanos);
            }
        }
        return least;
    }

    // ---- output

    /// Writes the next datagram, if there is one.
    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        if (calling != null) {
            InetSocketAddress to = calling.poll(into, nowNanos);
            if (to != null) {
                return to;
            }
        }
        for (Outgoing next; (next = control.poll()) != null; ) {
            if (keys.contains(next.keys)) {
                seal(next, into, nowNanos);
                return next.to;
            }
        }
        Keys with = sending;
        if (with == null || state == State.CLOSED) {
            return null;
        }
        Roaming.Due challenge = roaming.poll(nowNanos);
        if (challenge != null) {
            var question =
                    new Outgoing(
                            Control.CHALLENGE,
                            0,
                            challenge.token(),
                            Control.LENGTH,
                            challenge.address(),
                            with);
            seal(question, into, nowNanos);
            return challenge.address();
        }
        return state == State.UP ? pollPath(with, into, nowNanos) : null;
    }

    private void seal(Outgoing message, ByteBuffer into, long nowNanos) {
        byte[] plain = engine.plain();
        plain[0] = CONTROL;
        Control.write(plain, 1, message.message, message.code, message.token, message.length);
        seal(message.keys, message.length, into, nowNanos);
    }

    private void seal(Keys with, int length, ByteBuffer into, long nowNanos) {
        with.seal(engine.plain(), 1 + length, engine.scratch(), into);
        datagramsSent++;
        bytesSent += length;
        liveness.sent(nowNanos);
    }

    private @Nullable InetSocketAddress pollPath(Keys with, ByteBuffer into, long nowNanos) {
        PathMtu width = mtu;
        if (width == null) {
            return null;
        }
        byte[] plain = engine.plain();
        if (parts.hasNext()) {
            return pollPart(with, into, nowNanos);
        }
        int probe = width.pollProbe(streams.estimate().roundTrip().toNanos(), nowNanos);
        if (probe > 0 && path != null) {
            if (width.retries()) {
                ask(nowNanos);
            }
            long token = nextToken++ << 16 | probe;
            seal(
                    new Outgoing(
                            Control.MTU_PROBE, 0, token, probe - Wire.DATA_OVERHEAD, path, with),
                    into,
                    nowNanos);
            return path;
        }
        int most = width.size() - Wire.DATA_OVERHEAD;
        ByteBuffer datagram = engine.plainBuffer();
        if (!streams.pollDatagram(datagram, most, nowNanos)) {
            return null;
        }
        int length = datagram.position() - 1;
        width.sent(length + Wire.DATA_OVERHEAD, nowNanos);
        if (length > most) {
            return parts.cut(plain, 1, length, most) ? pollPart(with, into, nowNanos) : null;
        }
        plain[0] = TRANSPORT;
        seal(with, length, into, nowNanos);
        return path;
    }

    private @Nullable InetSocketAddress pollPart(Keys with, ByteBuffer into, long nowNanos) {
        engine.plain()[0] = PART;
        int length = parts.next(engine.plain(), 1);
        partsSent++;
        seal(with, length, into, nowNanos);
        return path;
    }

    // ---- the end

    private void end(CloseReason reason, long nowNanos) {
        state = State.CLOSED;
        closed = reason;
        closedAt = nowNanos;
        control.clear();
        roaming.forget();
        if (calling != null) {
            calling.stop();
            calling.forget();
        }
        streams.close(reason, nowNanos);
        events.add(new SessionEvent.Closed(reason));
        engine.ready(this);
    }

    private void dropKeys() {
        while (!keys.isEmpty()) {
            drop(keys.getLast());
        }
    }
}
