package natt.core.session;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.noise.Aead;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Authenticated, encrypted datagrams between two keys, and what they carry: streams, packets, or
/// messages. Outlives the addresses of both.
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

    /// The longest packet, in bytes.
    public static final int MOST_PACKET = Wire.MOST_DATAGRAM;

    private static final long SECOND = 1_000_000_000;

    // What natt chooses.
    private static final long NO_ANSWER = 15 * SECOND;

    private final SessionEngine engine;
    private final NodeKey peer;
    private final Cargo cargo;
    private final Transport.Multiplexer streams;
    private final byte[] wakeToken;
    private final @Nullable Calling calling;
    private final ArrayDeque<SessionEvent> events = new ArrayDeque<>();
    private final Paths paths;
    private final Liveness liveness;
    private final Search search;
    private final KeyRing keys;
    private final Outbox outbox;
    private final Handshakes handshakes;
    private final Farewell farewell = new Farewell();
    private final long bornAt;
    private State state;
    private boolean addressed;
    private long addressedAt;
    private final Worth worth = new Worth();
    private long suspendedAt;
    private @Nullable CloseReason closed;
    private long datagramsReceived;
    private long bytesReceived;
    private long moved;
    private long suspended;

    /// Whether the session waits in the engine's queue of ready ones.
    boolean queued;

    /// Whether its caller's key is known by name.
    boolean listed;

    /// Where [Arrivals] expects bare datagrams from, the latest last.
    final List<InetSocketAddress> sources = new ArrayList<>(0);

    /// What [Quiet] keeps of a rendezvous.
    boolean sending;

    boolean forgotten;
    long dueAt;
    int heapAt = -1;

    private Session(
            SessionEngine engine,
            NodeKey peer,
            Mode mode,
            @Nullable Transport transport,
            @Nullable PreSharedKey secret,
            long nowNanos) {
        this.engine = engine;
        this.peer = peer;
        boolean initiator = secret != null;
        calling = secret == null ? null : new Calling(this, engine, peer, secret);
        Liveness.Pace pace = mode.isOfPackets() ? Liveness.Pace.PACKETS : Liveness.Pace.STREAMS;
        paths =
                new Paths(
                        initiator,
                        pace,
                        engine.random(),
                        engine.checkLimits(),
                        events::add,
                        nowNanos);
        liveness = paths.liveness();
        search = paths.search();
        keys = new KeyRing(this, engine.slots());
        outbox = new Outbox(engine, keys, liveness);
        handshakes = new Handshakes(this, keys, outbox, calling);
        bornAt = nowNanos;
        state = State.CONNECTING;
        cargo = new Cargo(engine, mode, transport, initiator, nowNanos);
        streams = cargo.streams();
        streams.pause(nowNanos);
        wakeToken = new byte[isRendezvous() && initiator ? Wire.WAKE_LENGTH - Wire.WAKE_TOKEN : 0];
        engine.random().nextBytes(wakeToken);
    }

    static Session calling(
            SessionEngine engine,
            NodeKey host,
            PreSharedKey secret,
            Mode mode,
            @Nullable Transport transport,
            long nowNanos) {
        return new Session(engine, host, mode, transport, secret, nowNanos);
    }

    static Session called(SessionEngine engine, Gatekeeper.HalfOpen half, long nowNanos) {
        var session =
                new Session(engine, half.caller(), half.mode(), half.transport(), null, nowNanos);
        session.handshakes.confirmed(half);
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

    /// What it is for.
    public Mode mode() {
        return cargo.mode();
    }

    /// Whether this is a session with a broker, which carries messages.
    public boolean isRendezvous() {
        return cargo.mode() == Mode.RENDEZVOUS;
    }

    /// Queues a packet for the peer of a session of packets. It may get lost, and overtake others.
    ///
    /// @param packet at most [#MOST_PACKET] bytes; more than [#packetSize] go in up to four parts
    /// @return whether it was taken: false without a path or room, if it is empty or too long, or
    ///     if it is not WireGuard's in a session for that
    public boolean send(ByteBuffer packet, long nowNanos) {
        if (state != State.UP || !cargo.offer(packet)) {
            return false;
        }
        engine.ready(this);
        return true;
    }

    /// The longest packet that goes whole on this path, in bytes.
    public int packetSize() {
        return cargo.isBareOn(paths.current()) ? MOST_PACKET : datagramSize() - Wire.DATA_OVERHEAD;
    }

    /// Whether it is known, for now, that no longer packet goes whole. It is once long ones have
    /// been sent for a while.
    public boolean packetSizeIsFinal() {
        PathMtu mtu = paths.mtu();
        return cargo.isBareOn(paths.current()) || mtu != null && mtu.isSettled();
    }

    /// Queues a message for the peer of a rendezvous, at most [#mostMessage] bytes; like a datagram
    /// it may get lost.
    ///
    /// @return whether there was room
    public boolean say(ByteBuffer message, long nowNanos) {
        boolean fits = message.remaining() > 0 && message.remaining() <= mostMessage();
        if (!isRendezvous() || !fits) {
            throw new IllegalArgumentException(
                    "a message of %d bytes".formatted(message.remaining()));
        }
        if (state == State.CLOSED || !outbox.say(message)) {
            return false;
        }
        engine.ready(this);
        return true;
    }

    /// The longest message of a rendezvous, in bytes.
    public static int mostMessage() {
        return SessionEngine.MOST_PLAIN - 1;
    }

    /// Sixteen bytes by which a broker that has lost its sessions can tell this node so, for a
    /// rendezvous that this side began; they are good for nothing else.
    public byte[] wakeToken() {
        return wakeToken.clone();
    }

    /// The broker, or whoever has its token, says that it knows this session no longer.
    void woken(long nowNanos) {
        boolean lives = state == State.UP || state == State.SUSPENDED;
        if (lives && !handshakes.isCalling()) {
            handshakes.start(paths.current(), state == State.SUSPENDED, nowNanos);
            engine.ready(this);
        }
    }

    boolean isWokenBy(byte[] wake) {
        return wakeToken.length > 0
                && MessageDigest.isEqual(
                        wakeToken, Arrays.copyOfRange(wake, Wire.WAKE_TOKEN, Wire.WAKE_LENGTH));
    }

    /// The streams. Those dialed before the session is up are opened with it.
    public Transport.Multiplexer streams() {
        return streams;
    }

    /// The peer's address now, or last; empty before the first answer.
    public Optional<InetSocketAddress> path() {
        return Optional.ofNullable(paths.current());
    }

    /// What seals what is sent now; empty before there are keys.
    public Optional<Aead.Algorithm> cipher() {
        return Optional.ofNullable(keys.sealing()).map(Keys::algorithm);
    }

    /// The largest UDP payload sent now, in bytes.
    public int datagramSize() {
        PathMtu mtu = paths.mtu();
        return mtu == null ? PathMtu.FIRST : mtu.size();
    }

    public Duration age(long nowNanos) {
        return Duration.ofNanos(nowNanos - bornAt);
    }

    /// For how long the peer has not been heard.
    public Duration silence(long nowNanos) {
        return Duration.ofNanos(nowNanos - paths.heardAt());
    }

    /// How much longer the session is kept without a path; empty while it has one, or has had none
    /// yet.
    public Optional<Duration> heldFor(long nowNanos) {
        return state == State.SUSPENDED
                ? Optional.of(Duration.ofNanos(suspendedAt + worth.held(suspendedAt) - nowNanos))
                : Optional.empty();
    }

    /// Adds addresses at which the peer may be, the best first. For the initiator: the handshake
    /// is tried at each, a quarter of a second after the one before, until one answers.
    public void addCandidates(List<InetSocketAddress> addresses, long nowNanos) {
        if (calling == null || state == State.CLOSED) {
            return;
        }
        handshakes.add(addresses, nowNanos);
        engine.ready(this);
        if (!addressed && !addresses.isEmpty()) {
            addressed = true;
            addressedAt = nowNanos;
            handshakes.start(null, false, nowNanos);
        }
    }

    // ---- the search for a direct path

    /// Tells the peer where this node may be reached, now and whenever that has changed, and
    /// begins to search for a direct path.
    public void offer(LocalCandidates local, long nowNanos) {
        if (!isRendezvous() && state != State.CLOSED) {
            search.offer(local, nowNanos);
            engine.ready(this);
        }
    }

    /// A broker has seen the peer at an IP address, to which a search may send more than to those
    /// that the peer itself tells.
    public void attested(InetAddress address, long nowNanos) {
        search.attest(address);
    }

    /// Sets the way back from a direct path that dies; null if there is none any more. A relay by
    /// which the peer is heard is one without being set.
    public void useRelay(@Nullable InetSocketAddress route, long nowNanos) {
        paths.useRelay(route);
    }

    /// Answers [SessionEvent.SearchNeeds].
    ///
    /// @param sockets numbers for [Route#through], none if there are none
    /// @param mapped what servers have seen of the first socket, in the order of asking
    public void prepared(
            int request, List<Integer> sockets, List<InetSocketAddress> mapped, long nowNanos) {
        search.prepared(request, sockets, mapped, nowNanos);
        engine.ready(this);
    }

    /// How the search for a direct path is.
    public SearchState search() {
        return search.state();
    }

    /// Says that the session has been of use: a stream reached its service. From 150 seconds
    /// after that on it is kept for 12 hours without a path; others are for 60 seconds.
    public void noteUseful(long nowNanos) {
        worth.noteUseful(nowNanos);
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
        end(new CloseReason.Local(), nowNanos);
        if (keys.sealing() != null && paths.current() != null) {
            farewell.tell(code);
            sayClosed();
        }
    }

    private void sayClosed() {
        Keys with = keys.sealing();
        InetSocketAddress path = paths.current();
        if (with != null && path != null) {
            outbox.say(Control.CLOSE, farewell.code().code(), 0, path, with);
        }
    }

    /// Why the session has ended; empty while it lives.
    public Optional<CloseReason> closed() {
        return Optional.ofNullable(closed);
    }

    /// Counters by name: `datagramsSent`, `bytesReceived`, `rekeyed`, `moved`...
    public Map<String, Long> counters() {
        var counters = new TreeMap<String, Long>();
        counters.put("datagramsSent", outbox.datagrams());
        counters.put("datagramsReceived", datagramsReceived);
        counters.put("bytesSent", outbox.bytes());
        counters.put("bytesReceived", bytesReceived);
        counters.put("rekeyed", keys.renewed());
        counters.put("moved", moved);
        counters.put("suspended", suspended);
        counters.put("partsSent", outbox.partCount());
        counters.put("messagesDropped", outbox.dropped());
        cargo.count(counters);
        return counters;
    }

    // ---- handshakes

    long id() {
        return handshakes.id();
    }

    InitPayload initPayload() {
        return cargo.initPayload(id());
    }

    /// The responder has answered one of this initiator's attempts.
    void answered(Calling.Attempt attempt, Opened opened, long nowNanos) {
        if (state != State.CLOSED) {
            boolean works = state == State.UP && !liveness.isDoubtful();
            handshakes.answered(attempt, opened, works, nowNanos);
            engine.ready(this);
        }
    }

    /// The peer has answered from an address.
    void proven(InetSocketAddress from, long roundTrip, long nowNanos) {
        paths.roaming().forgive();
        noteRoundTrip(from, roundTrip, nowNanos);
    }

    /// The initiator of this responder's session has confirmed new keys.
    void renewed(Gatekeeper.HalfOpen half, long nowNanos) {
        handshakes.confirmed(half);
        paths.roaming().forgive();
        establish(half.from(), nowNanos);
    }

    /// The responder is busy and wants its cookie back.
    void takeCookie(Calling.Attempt attempt, byte[] cookie, long nowNanos) {
        handshakes.takeCookie(attempt, cookie, nowNanos);
        engine.ready(this);
    }

    /// There is a path, proven by a handshake or a challenge.
    void establish(InetSocketAddress to, long nowNanos) {
        InetSocketAddress from = paths.current();
        Paths.Change change = paths.take(to, handshakes.peerTakes(), nowNanos);
        if (change == Paths.Change.HOST) {
            streams.useDatagrams(datagramSize() - Wire.DATA_OVERHEAD, nowNanos);
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
                if (change == Paths.Change.HOST) {
                    streams.pathChanged(nowNanos);
                }
                if (change != Paths.Change.NONE && from != null) {
                    moved++;
                    events.add(new SessionEvent.Moved(from, to));
                }
            }
            case CLOSED -> throw new AssertionError("a closed session takes no path");
        }
        search.pathIs(to, nowNanos);
        expectBare(to);
        if (change != Paths.Change.NONE && cargo.isBareOn(to)) {
            // What is bare does not show the peer where this side is now.
            ask(nowNanos);
        }
        engine.ready(this);
    }

    private void expectBare(InetSocketAddress from) {
        if (cargo.isBareOn(from)) {
            engine.arrivals().expectBare(this, from);
        }
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
            if (!Control.is(Control.CLOSE, plain, length)) {
                // Two that have both ended would tell each other so without end.
                sayClosed();
                engine.ready(this);
            }
            return;
        }
        cargo.heard();
        boolean newestKeys = keys.isNewest(with);
        handshakes.heard(with, nowNanos);
        boolean check = Control.isCheck(plain, length);
        if (state == State.UP && newest && newestKeys) {
            expectBare(from);
        }
        if (paths.heard(from, state == State.UP, newest && newestKeys, check, nowNanos)) {
            ask(nowNanos);
        }
        if (state == State.SUSPENDED && from.equals(paths.current()) && keys.sealing() != null) {
            establish(from, nowNanos);
        }
        switch (plain[0]) {
            case Outbox.CONTROL -> handleControl(with, from, plain, length - 1, nowNanos);
            case Outbox.TRANSPORT -> {
                liveness.heardData();
                if (calling != null && streams.openStreams() > 0) {
                    // A host that reaches nothing resets the stream long before this counts.
                    noteUseful(nowNanos);
                }
                cargo.handle(this, plain, length, nowNanos);
            }
            case Outbox.PART -> {
                liveness.heardData();
                cargo.handle(this, plain, length, nowNanos);
            }
            default -> cargo.handle(this, plain, length, nowNanos);
        }
        engine.ready(this);
    }

    /// Takes a datagram of WireGuard that came by the path as it is: so little is known of who sent
    /// it that nothing else follows.
    void handleBare(ByteBuffer datagram, long nowNanos) {
        if (state == State.UP) {
            if (Wire.isWireGuardData(datagram)) {
                cargo.heard();
            }
            datagramsReceived++;
            bytesReceived += datagram.remaining();
            engine.arrivals().handlePacket(this, datagram, nowNanos);
        }
    }

    private void handleControl(
            Keys with, InetSocketAddress from, byte[] in, int length, long nowNanos) {
        if (length < Control.LENGTH) {
            engine.arrivals().countUnknownKind();
            return;
        }
        long token = Control.token(in, 1);
        switch (Control.message(in, 1)) {
            case Control.PING -> outbox.say(Control.PONG, 0, token, from, with);
            case Control.PONG -> {
                long roundTrip = outbox.ponged(token, nowNanos);
                if (roundTrip >= 0) {
                    noteRoundTrip(from, roundTrip, nowNanos);
                    if (outbox.hasPinged(paths.current())) {
                        // Wherever the answer comes from, the question went by the path.
                        liveness.heard(nowNanos);
                    }
                }
            }
            case Control.CHALLENGE -> outbox.say(Control.CHALLENGE_ANSWER, 0, token, from, with);
            case Control.CHALLENGE_ANSWER -> handleAnswer(token, from, nowNanos);
            case Control.CANDIDATES -> handleOffer(with, from, in, length, nowNanos);
            case Control.CANDIDATES_TAKEN -> search.acknowledged(token);
            case Control.CLOSE -> end(new CloseReason.SessionClosed(Control.code(in, 1)), nowNanos);
            case Control.MTU_PROBE -> outbox.say(Control.MTU_ANSWER, 0, token, from, with);
            case Control.MTU_ANSWER -> {
                PathMtu mtu = paths.mtu();
                if (mtu != null && mtu.answered(Outbox.probed(token), nowNanos)) {
                    streams.useDatagrams(mtu.size() - Wire.DATA_OVERHEAD, nowNanos);
                }
            }
            default -> engine.arrivals().countUnknownKind();
        }
    }

    private void handleAnswer(long token, InetSocketAddress from, long nowNanos) {
        InetSocketAddress proven = paths.answered(token, from, state == State.UP, nowNanos);
        if (proven == null) {
            return;
        }
        establish(proven, nowNanos);
        search.roundTrip(proven).ifPresent(nanos -> noteRoundTrip(proven, nanos, nowNanos));
        // A line may say from where its key is good.
        engine.review(this, nowNanos);
    }

    private void noteRoundTrip(InetSocketAddress by, long nanos, long nowNanos) {
        streams.roundTripMeasured(nanos, nowNanos);
        paths.measured(by, nanos);
    }

    private void handleOffer(
            Keys with, InetSocketAddress from, byte[] in, int length, long nowNanos) {
        Offer offer = Offer.read(in, 1, length);
        if (offer == null || isRendezvous()) {
            engine.arrivals().countUnknownKind();
        } else if (search.take(offer, nowNanos)) {
            outbox.say(Control.CANDIDATES_TAKEN, 0, offer.serial(), from, with);
        }
    }

    private void ask(long nowNanos) {
        Keys with = keys.sealing();
        InetSocketAddress path = paths.current();
        if (with != null && path != null) {
            liveness.asked(nowNanos);
            outbox.ping(path, with, nowNanos);
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
            handshakes.start(paths.current(), true, nowNanos);
        } else if (state == State.CONNECTING) {
            addressedAt = nowNanos;
        }
        engine.ready(this);
    }

    void handleTimeout(long nowNanos) {
        paths.roaming().handleTimeout(nowNanos);
        switch (state) {
            case CONNECTING -> {
                if (addressed && nowNanos - addressedAt >= NO_ANSWER) {
                    end(new CloseReason.NoAnswer(Duration.ofNanos(NO_ANSWER)), nowNanos);
                }
            }
            case UP -> {
                streams.handleTimeout(nowNanos);
                PathMtu mtu = paths.mtu();
                if (mtu != null && mtu.handleTimeout(liveness.heardAt(), nowNanos)) {
                    streams.useDatagrams(mtu.size() - Wire.DATA_OVERHEAD, nowNanos);
                }
                watch(nowNanos);
                InetSocketAddress better = search.handleTimeout(nowNanos);
                if (better != null && state == State.UP) {
                    establish(better, nowNanos);
                }
                engine.ready(this);
            }
            case SUSPENDED -> {
                if (nowNanos - suspendedAt >= worth.held(suspendedAt)) {
                    long silence = nowNanos - paths.heardAt();
                    end(new CloseReason.PeerSilent(Duration.ofNanos(silence)), nowNanos);
                }
            }
            case CLOSED -> {
                if (farewell.isDue(nowNanos)) {
                    sayClosed();
                }
                if (farewell.isOver(nowNanos)) {
                    keys.dropAll();
                    engine.forget(this);
                }
            }
        }
        if (state == State.UP || state == State.SUSPENDED) {
            keepKeys(nowNanos);
        }
    }

    private long roundTrip() {
        return streams.roundTripNanos();
    }

    private void watch(long nowNanos) {
        boolean inUse = streams.hasOutstanding();
        long roundTrip = roundTrip();
        if (liveness.nanosUntilAsk(inUse, roundTrip, nowNanos) <= 0) {
            ask(nowNanos);
        }
        if (liveness.nanosUntilDoubt(roundTrip, nowNanos) <= 0) {
            liveness.doubt();
            long silence = nowNanos - paths.heardAt();
            events.add(new SessionEvent.Doubtful(Duration.ofNanos(silence)));
            if (!goBack(nowNanos)) {
                handshakes.start(paths.current(), false, nowNanos);
            }
        }
        if (liveness.nanosUntilLost(inUse, nowNanos) <= 0) {
            suspend(nowNanos);
        }
    }

    /// Leaves a direct path that is in doubt for the relay, if there is one.
    private boolean goBack(long nowNanos) {
        InetSocketAddress back = paths.wayBack();
        InetSocketAddress from = paths.current();
        if (back == null || from == null || !engine.carries(back)) {
            return false;
        }
        handshakes.add(List.of(from), nowNanos);
        establish(back, nowNanos);
        ask(nowNanos);
        return true;
    }

    private void suspend(long nowNanos) {
        state = State.SUSPENDED;
        suspended++;
        suspendedAt = nowNanos;
        streams.pause(nowNanos);
        search.pause();
        long silence = nowNanos - paths.heardAt();
        events.add(new SessionEvent.Suspended(Duration.ofNanos(silence)));
        handshakes.start(paths.current(), true, nowNanos);
        engine.ready(this);
    }

    /// Since when there has been no path; the longest without one gives way first.
    long suspendedAt() {
        return suspendedAt;
    }

    /// Drops keys that are too old, and lets the initiator make new ones in time.
    private void keepKeys(long nowNanos) {
        keys.handleTimeout(nowNanos);
        InetSocketAddress path = paths.current();
        if (state != State.UP || path == null) {
            return;
        }
        handshakes.keep(path, nowNanos);
        if (keys.sealing() == null) {
            suspend(nowNanos);
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = paths.roaming().nanosUntilTimeout(nowNanos);
        least = Math.min(least, handshakes.nanosUntilTimeout(nowNanos));
        switch (state) {
            case CONNECTING -> {
                if (addressed) {
                    least = Math.min(least, addressedAt + NO_ANSWER - nowNanos);
                }
            }
            case UP -> least = Math.min(least, nanosUntilWatch(nowNanos));
            case SUSPENDED -> {
                least = Math.min(least, suspendedAt + worth.held(suspendedAt) - nowNanos);
                least = Math.min(least, keys.nanosUntilTimeout(nowNanos));
            }
            case CLOSED -> {
                least = Math.min(least, farewell.nanosUntilTimeout(nowNanos));
            }
        }
        return least;
    }

    private long nanosUntilWatch(long nowNanos) {
        boolean inUse = streams.hasOutstanding();
        long roundTrip = roundTrip();
        long least = streams.nanosUntilTimeout(nowNanos);
        least = Math.min(least, liveness.nanosUntilAsk(inUse, roundTrip, nowNanos));
        least = Math.min(least, liveness.nanosUntilDoubt(roundTrip, nowNanos));
        least = Math.min(least, liveness.nanosUntilLost(inUse, nowNanos));
        PathMtu mtu = paths.mtu();
        if (mtu != null) {
            least = Math.min(least, mtu.nanosUntilTimeout(nowNanos));
        }
        least = Math.min(least, keys.nanosUntilTimeout(nowNanos));
        if (keys.sealing() != null) {
            least = Math.min(least, search.nanosUntilTimeout(nowNanos));
        }
        return Math.min(least, handshakes.nanosUntilKeep(nowNanos));
    }

    // ---- output

    /// Makes a datagram of another session a message of this one: what lies in the buffer from some
    /// place on, which is replaced.
    ///
    /// @return where to send it, or null if there is no path now
    @Nullable InetSocketAddress wrap(int channel, ByteBuffer into, int from, long nowNanos) {
        Keys with = keys.sealing();
        InetSocketAddress to = paths.current();
        boolean fits = into.position() - from + Relays.OVERHEAD <= into.limit() - from;
        if (state != State.UP || with == null || to == null || !fits) {
            return null;
        }
        outbox.wrap(channel, into, from, with, nowNanos);
        return to;
    }

    /// Writes the next datagram, if there is one.
    @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        if (calling != null) {
            InetSocketAddress to = calling.poll(into, nowNanos);
            if (to != null) {
                return to;
            }
        }
        InetSocketAddress told = outbox.pollControl(into, nowNanos);
        Keys with = keys.sealing();
        if (told != null || with == null || state == State.CLOSED) {
            return told;
        }
        Checklist.Due challenge = paths.roaming().poll(nowNanos);
        if (challenge != null) {
            return outbox.challenge(challenge, with, into, nowNanos);
        }
        if (state != State.UP) {
            return null;
        }
        InetSocketAddress searched = pollSearch(with, into, nowNanos);
        return searched == null && pollPath(with, into, nowNanos) ? paths.current() : searched;
    }

    private @Nullable InetSocketAddress pollSearch(Keys with, ByteBuffer into, long nowNanos) {
        Offer offer = search.pollOffer(paths.relayRoundTrip(), nowNanos);
        if (offer != null) {
            outbox.offer(offer, with, into, nowNanos);
            return paths.current();
        }
        Checklist.Due check = search.poll(nowNanos);
        return check == null ? null : outbox.challenge(check, with, into, nowNanos);
    }

    private boolean pollPath(Keys with, ByteBuffer into, long nowNanos) {
        InetSocketAddress to = paths.current();
        PathMtu width = paths.mtu();
        if (width == null || to == null) {
            return false;
        }
        int probe = cargo.probes(to) ? width.pollProbe(roundTrip(), nowNanos) : 0;
        if (probe == 0) {
            return cargo.poll(outbox, to, width, with, into, nowNanos);
        }
        if (width.retries()) {
            ask(nowNanos);
        }
        outbox.probe(probe, to, with, into, nowNanos);
        return true;
    }

    // ---- the end

    /// Ends a session of which the peer knows nothing any more.
    void vanish(CloseReason reason, long nowNanos) {
        end(reason, nowNanos);
        keys.dropAll();
        engine.forget(this);
    }

    private void end(CloseReason reason, long nowNanos) {
        state = State.CLOSED;
        closed = reason;
        farewell.ended(nowNanos);
        outbox.clear();
        engine.arrivals().forget(this);
        paths.forget();
        handshakes.stop();
        streams.close(reason, nowNanos);
        events.add(new SessionEvent.Closed(reason));
        engine.ready(this);
    }
}
