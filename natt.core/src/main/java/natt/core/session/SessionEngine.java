package natt.core.session;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.noise.Aead;
import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/// All sessions of one port.
///
/// After any input, the caller drains [#accept], [#pollReady], [#pollRefusal], and of each session
/// returned its events and streams. What fails a check is answered by silence, changes nothing
/// but a counter, and is not logged.
public final class SessionEngine implements Engine {
    // What DESIGN fixes.
    /// The most streams of one session.
    public static final int MOST_STREAMS = 32;

    // What natt chooses.
    /// How many sessions are being called at once, about.
    private static final int MOST_CALLED = 64;

    private static final int MOST_REFUSALS = 16;
    private static final int DATAGRAM_BUFFER = 2048;

    /// The longest content of a DATA that fits the buffers, in bytes.
    static final int MOST_PLAIN = Wire.MOST_DATAGRAM - Wire.DATA_HEADER - Aead.TAG;

    /// To be called so much later than asked for means that this machine or process stood still.
    private static final long STOOD_STILL = 5_000_000_000L;

    /// How much an engine admits.
    ///
    /// @param sessions at once
    /// @param ofListedKey sessions of one key that is known by name
    /// @param ofOtherKey sessions of one other key
    /// @param halfOpen handshakes that their callers have not confirmed yet; callers need a cookie
    ///     once a quarter of these are in use
    /// @param calmHandshakes so many a second need no cookie
    /// @param agreements so many handshakes a second are computed at most
    public record Limits(
            int sessions,
            int ofListedKey,
            int ofOtherKey,
            int halfOpen,
            int calmHandshakes,
            int agreements) {
        /// Of a machine that people reach.
        public static final Limits NODE = new Limits(64, 32, 8, 64, 20, 200);

        /// Of a broker, which has a session with every node.
        public static final Limits BROKER = new Limits(20_000, 8, 4, 1024, 200, 2000);

        /// For all that may be at once: 3 keys of each session, the handshakes that are half open,
        /// the keys of sessions that ended less than 3 seconds ago, made by at most 4 seconds'
        /// handshakes, and 8 attempts of each session that is being called.
        int indexes() {
            int most = 3 * sessions + halfOpen + 4 * agreements + 8 * MOST_CALLED;
            return Integer.highestOneBit(most - 1) << 1;
        }
    }

    /// @param identity this node's key pair
    /// @param secret what callers must know beside this node's key; [PreSharedKey#NONE] if nothing
    /// @param transports what callers may choose from
    /// @param admission who may call; empty if nobody may
    /// @param random cryptographically strong
    /// @param rendezvous takes the messages of sessions with brokers
    /// @param broker whether this is a broker: then callers have rendezvous and no streams, and may
    ///     ask for this node's key
    /// @param limits of what peers may have
    /// @param packets takes those of sessions that carry packets; empty if there are none
    /// @param wireGuardKey whether the identity is that of a WireGuard interface
    /// @param aes whether AES-256-GCM is quicker here than ChaCha20-Poly1305; where it is for both
    ///     sides, DATA is sealed with it
    public record Config(
            Identity identity,
            PreSharedKey secret,
            List<Transport> transports,
            Optional<Admission> admission,
            RandomGenerator random,
            Optional<Rendezvous> rendezvous,
            boolean broker,
            Limits limits,
            Optional<Packets> packets,
            boolean wireGuardKey,
            boolean aes) {
        public Config {
            transports = List.copyOf(transports);
        }

        /// Of an engine that has nothing to do with packets.
        public Config(
                Identity identity,
                PreSharedKey secret,
                List<Transport> transports,
                Optional<Admission> admission,
                RandomGenerator random,
                Optional<Rendezvous> rendezvous,
                boolean broker,
                Limits limits) {
            this(
                    identity,
                    secret,
                    transports,
                    admission,
                    random,
                    rendezvous,
                    broker,
                    limits,
                    Optional.empty(),
                    false,
                    false);
        }

        /// Of a node that has nothing to do with brokers.
        public Config(
                Identity identity,
                PreSharedKey secret,
                List<Transport> transports,
                Optional<Admission> admission,
                RandomGenerator random) {
            this(
                    identity,
                    secret,
                    transports,
                    admission,
                    random,
                    Optional.empty(),
                    false,
                    Limits.NODE);
        }
    }

    /// A caller that proved its key and was told why it may not come in.
    public record Refusal(NodeKey caller, InetSocketAddress from, CloseCode why) {}

    private final Config config;
    private final Slots slots;
    private final Gatekeeper gatekeeper;
    private final KeyQuestions questions;
    private final Arrivals arrivals;
    private final Departures departures;
    private final Relays relays = new Relays();
    private final CheckLimits checkLimits = new CheckLimits();
    private final Set<Session> sessions = new LinkedHashSet<>();

    /// Those with peers, which are asked in turn.
    private final List<Session> carrying = new ArrayList<>();

    private final Quiet quiet = new Quiet();

    /// Those that peers have begun.
    private final Map<Long, Session> byId = new HashMap<>();

    private final ArrayDeque<Session> accepted = new ArrayDeque<>();
    private final ArrayDeque<Session> ready = new ArrayDeque<>();
    private final ArrayDeque<Refusal> refusals = new ArrayDeque<>();
    private final byte[] plain = new byte[DATAGRAM_BUFFER];
    private final byte[] scratch = new byte[DATAGRAM_BUFFER];
    private final ByteBuffer plainBuffer = ByteBuffer.wrap(plain);
    private @Nullable CloseCode ending;
    private boolean waiting;
    private long calledAt;
    private long waitingFor;

    public SessionEngine(Config config, long nowNanos) {
        this.config = config;
        slots = new Slots(config.limits().indexes(), config.random());
        gatekeeper = new Gatekeeper(this, config, nowNanos);
        questions =
                new KeyQuestions(config.identity().publicKey(), config.broker(), config.random());
        arrivals = new Arrivals(this, config, gatekeeper, questions, relays);
        departures = new Departures(relays, questions, quiet, carrying);
    }

    // ---- for the owner

    /// Begins a session. The handshake starts with [Session#addCandidates].
    ///
    /// @param secret what the host wants beside its key; [PreSharedKey#NONE] if nothing
    public Session call(NodeKey host, PreSharedKey secret, Transport transport, long nowNanos) {
        return keep(Session.calling(this, host, secret, Mode.STREAMS, transport, nowNanos));
    }

    /// Begins a session that carries packets. The handshake starts with [Session#addCandidates].
    ///
    /// @param secret what the peer wants beside its key; [PreSharedKey#NONE] if nothing
    public Session callPackets(NodeKey peer, PreSharedKey secret, long nowNanos) {
        Mode mode = config.packets().orElseThrow().mode();
        return keep(Session.calling(this, peer, secret, mode, null, nowNanos));
    }

    /// Begins a session with a broker, which carries messages. The handshake starts with
    /// [Session#addCandidates].
    ///
    /// @param secret what the broker wants beside its key; [PreSharedKey#NONE] if nothing
    public Session callBroker(NodeKey broker, PreSharedKey secret, long nowNanos) {
        return keep(Session.calling(this, broker, secret, Mode.RENDEZVOUS, null, nowNanos));
    }

    private Session keep(Session session) {
        sessions.add(session);
        if (!session.isRendezvous()) {
            carrying.add(session);
        }
        return session;
    }

    /// Asks whoever is at some addresses for its public key, four times within 2 seconds: for a
    /// broker of which nothing but the address is known. The answer proves nothing; what it says
    /// is to be pinned.
    public KeyQuestion askKey(List<InetSocketAddress> addresses, long nowNanos) {
        return questions.ask(addresses, nowNanos);
    }

    /// Makes a channel of a session with a broker a path to a peer.
    ///
    /// @return the address by which sessions name it
    public InetSocketAddress addRelay(Session broker, int channel) {
        return relays.add(broker, channel);
    }

    /// Puts another channel behind an address that [#addRelay] has returned, whether or not its own
    /// is still there: sessions that use it notice nothing.
    public void moveRelay(InetSocketAddress route, Session broker, int channel) {
        relays.move(route, broker, channel);
    }

    /// Forgets a channel.
    public void removeRelay(InetSocketAddress route) {
        relays.remove(route);
    }

    /// Returns the next session that a peer has begun, or null.
    public @Nullable Session accept() {
        return accepted.poll();
    }

    /// Returns a session with new events or streams that changed, or null when all have been
    /// returned.
    public @Nullable Session pollReady() {
        Session session = ready.poll();
        if (session != null) {
            session.queued = false;
        }
        return session;
    }

    /// Returns the next caller that was refused, or null.
    public @Nullable Refusal pollRefusal() {
        return refusals.poll();
    }

    /// The wall clock and the ticker disagree by more than 5 seconds: this machine has slept. Paths
    /// are validated anew.
    public void clockJumped(long nowNanos) {
        for (Session session : List.copyOf(sessions)) {
            session.slept(nowNanos);
        }
    }

    /// Who may call has changed: sessions of those who may no longer are ended.
    public void reviewAdmission(long nowNanos) {
        for (Session session : List.copyOf(sessions)) {
            review(session, nowNanos);
        }
    }

    /// Says who may begin sessions of a mode; null if nobody may.
    @Nullable Admission admission(Mode mode) {
        if (mode.isOfPackets()) {
            return config.packets()
                    .filter(each -> each.mode() == mode)
                    .map(Packets::admission)
                    .orElse(null);
        }
        boolean served = mode == (config.broker() ? Mode.RENDEZVOUS : Mode.STREAMS);
        return served ? config.admission().orElse(null) : null;
    }

    /// Ends a session whose caller may not be there, or not any more.
    void review(Session session, long nowNanos) {
        Admission admission = admission(session.mode());
        InetSocketAddress from = session.path().orElse(null);
        boolean called = !session.initiator() && session.closed().isEmpty();
        if (admission != null && called && from != null) {
            Admission.Answer answer = admission.admit(session.peer(), from);
            session.listed = answer.listed();
            answer.refused()
                    .map(why -> why == CloseCode.UNKNOWN_KEY ? CloseCode.REMOVED_KEY : why)
                    .ifPresent(why -> session.close(why, nowNanos));
        }
    }

    /// Ends every session, telling the peers. Poll afterwards for the datagrams: brokers, by which
    /// some peers are told, are told last.
    public void shutdown(CloseCode code, long nowNanos) {
        closeAll(carrying, code, nowNanos);
        ending = code;
    }

    private static void closeAll(Collection<Session> some, CloseCode code, long nowNanos) {
        for (Session session : List.copyOf(some)) {
            session.close(code, nowNanos);
        }
    }

    /// The sessions that live, oldest first.
    public List<Session> sessions() {
        return sessions.stream().filter(each -> each.closed().isEmpty()).toList();
    }

    /// How much of what an engine admits is in use.
    ///
    /// @param halfOpen handshakes that their callers have not confirmed yet
    public record Load(int sessions, int mostSessions, int halfOpen, int mostHalfOpen) {}

    public Load load() {
        int living = 0;
        for (Session each : sessions) {
            living += each.closed().isEmpty() ? 1 : 0;
        }
        return new Load(
                living,
                config.limits().sessions(),
                gatekeeper.halfOpenCount(),
                config.limits().halfOpen());
    }

    /// Counters since the start by name: `initsReceived`, `replayed`, `malformed`, `forged`,
    /// `callersRefused`, `cookiesSent`...
    public Map<String, Long> counters() {
        var counters = new TreeMap<String, Long>();
        gatekeeper.count(counters);
        arrivals.count(counters);
        counters.put("unrelayed", departures.unrelayed());
        return counters;
    }

    // ---- for sessions and handshakes

    Slots slots() {
        return slots;
    }

    CheckLimits checkLimits() {
        return checkLimits;
    }

    /// Of this node's INIT.
    int flags() {
        return config.wireGuardKey() ? InitiatorHandshake.WIREGUARD_KEY : 0;
    }

    Arrivals arrivals() {
        return arrivals;
    }

    Departures departures() {
        return departures;
    }

    /// The sessions, those that have ended lately too, oldest first.
    Collection<Session> all() {
        return sessions;
    }

    Identity identity() {
        return config.identity();
    }

    RandomGenerator random() {
        return config.random();
    }

    boolean hasAes() {
        return config.aes();
    }

    /// Where a session puts what is to be sealed.
    byte[] plain() {
        return plain;
    }

    /// The same, from after the byte for the kind.
    ByteBuffer plainBuffer() {
        return plainBuffer.clear().position(1);
    }

    byte[] scratch() {
        return scratch;
    }

    void ready(Session session) {
        if (session.isRendezvous()) {
            quiet.changed(session);
        }
        if (!session.queued) {
            session.queued = true;
            ready.add(session);
        }
    }

    void forget(Session session) {
        sessions.remove(session);
        byId.remove(session.id(), session);
        relays.remove(session);
        arrivals.forget(session);
        if (session.isRendezvous()) {
            quiet.forget(session);
        } else {
            carrying.remove(session);
        }
    }

    /// The session that a caller began and asks for, or null.
    @Nullable Session find(long id, NodeKey caller) {
        Session session = byId.get(id);
        if (session == null || session.closed().isPresent() || !session.peer().equals(caller)) {
            return null;
        }
        return session;
    }

    /// A session id that nothing has and that is not the one asked for, never 0.
    long newId(long asked) {
        while (true) {
            long id = config.random().nextLong();
            if (id != 0 && id != asked && !byId.containsKey(id)) {
                return id;
            }
        }
    }

    /// Whether a caller may have one more session. If only sessions without a path are in its way,
    /// the one that has been so for longest gives way; to a caller that is known by name, the
    /// oldest of those that are not.
    boolean hasRoomFor(NodeKey caller, boolean listed, long nowNanos) {
        int ofCaller = 0;
        int all = 0;
        for (Session each : sessions) {
            if (each.closed().isEmpty()) {
                all++;
                ofCaller += each.peer().equals(caller) ? 1 : 0;
            }
        }
        Limits limits = config.limits();
        boolean callerIsFull = ofCaller >= (listed ? limits.ofListedKey() : limits.ofOtherKey());
        if (!callerIsFull && all < limits.sessions()) {
            return true;
        }
        Session oldest = null;
        for (Session each : sessions) {
            boolean candidate =
                    each.state() == Session.State.SUSPENDED
                            && (!callerIsFull || each.peer().equals(caller));
            if (candidate && (oldest == null || each.suspendedAt() - oldest.suspendedAt() < 0)) {
                oldest = each;
            }
        }
        if (oldest == null && listed && !callerIsFull) {
            oldest = oldestUnlisted();
        }
        if (oldest == null) {
            return false;
        }
        oldest.close(CloseCode.BUSY, nowNanos);
        return true;
    }

    private @Nullable Session oldestUnlisted() {
        for (Session each : sessions) {
            if (!each.listed && !each.initiator() && each.closed().isEmpty()) {
                return each;
            }
        }
        return null;
    }

    /// Whether datagrams can be sent by a path now, as far as this node knows: a relay needs its
    /// broker.
    boolean carries(InetSocketAddress path) {
        OptionalInt route = Route.channel(path);
        if (route.isEmpty()) {
            return true;
        }
        Relays.Channel channel = relays.channel(route.getAsInt());
        return channel != null && channel.broker().state() == Session.State.UP;
    }

    Session begin(Gatekeeper.HalfOpen half, long nowNanos) {
        var session = Session.called(this, half, nowNanos);
        session.listed = half.listed();
        keep(session);
        byId.put(session.id(), session);
        accepted.add(session);
        return session;
    }

    /// Tells a caller why it may not come in.
    ///
    /// @param news whether that is news for the owner as well
    void refuse(Keys keys, InetSocketAddress from, NodeKey caller, CloseCode why, boolean news) {
        plain[0] = Outbox.CONTROL;
        Control.write(plain, 1, Control.CLOSE, why.code(), 0, Control.LENGTH);
        var datagram = ByteBuffer.allocate(Control.LENGTH + Wire.DATA_OVERHEAD);
        keys.seal(plain, 1 + Control.LENGTH, scratch, datagram);
        departures.reply(datagram.array(), from);
        if (news && refusals.size() < MOST_REFUSALS) {
            refusals.add(new Refusal(caller, from, why));
        }
    }

    // ---- Engine

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        noticeStandstill(nowNanos);
        return arrivals.take(from, datagram, nowNanos);
    }

    /// Whoever is called long after the deadline that it asked for has slept, or was stopped.
    private void noticeStandstill(long nowNanos) {
        boolean late = waiting && nowNanos - calledAt - waitingFor >= STOOD_STILL;
        waiting = false;
        if (late) {
            clockJumped(nowNanos);
        }
    }

    @Override
    public void handleTimeout(long nowNanos) {
        noticeStandstill(nowNanos);
        gatekeeper.handleTimeout(nowNanos);
        questions.handleTimeout(nowNanos);
        quiet.handleTimeout(nowNanos);
        // A session that has said its farewell leaves the list.
        for (int i = carrying.size() - 1; i >= 0; i--) {
            Session session = carrying.get(i);
            if (session.nanosUntilTimeout(nowNanos) <= 0) {
                session.handleTimeout(nowNanos);
            }
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        InetSocketAddress to = departures.poll(into, nowNanos);
        if (to == null && ending != null) {
            closeAll(sessions, ending, nowNanos);
            ending = null;
            return departures.poll(into, nowNanos);
        }
        return to;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least =
                Math.min(
                        gatekeeper.nanosUntilTimeout(nowNanos),
                        questions.nanosUntilTimeout(nowNanos));
        least = Math.min(least, quiet.nanosUntilTimeout(nowNanos));
        for (int i = 0; i < carrying.size(); i++) {
            least = Math.min(least, carrying.get(i).nanosUntilTimeout(nowNanos));
        }
        waiting = least != NEVER;
        calledAt = nowNanos;
        waitingFor = Math.max(0, least);
        return least;
    }
}
