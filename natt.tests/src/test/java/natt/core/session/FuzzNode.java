package natt.core.session;

import natt.core.CloseReason;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.tests.fuzz.Input;
import natt.transport.kcp.KcpTransport;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A node of [SessionEngineFuzzer]: an engine, what its owner does with streams, and what must
/// hold of it.
final class FuzzNode {
    private static final int MOST_FLOWS = 40;
    private static final int MOST_SESSIONS = 64;
    private static final int MOST_HALF_OPEN = 64;
    private static final int MOST_ATTEMPTS = 8;
    private static final int MOST_KEYS = 3;
    private static final long MOST_HELD = 64L << 20;
    private static final VarHandle SLOTS = slots();

    /// A session that was begun here.
    record Call(FuzzNode from, FuzzNode to, Session session) {}

    /// What is known of an address.
    private static final class Account {
        private long sent;
        private long sentOthers;
        private long received;
        private boolean candidate;
    }

    /// One end of a stream. What is written on it is known by its number and the place.
    final class Flow {
        private final Session session;
        private final Transport.Stream stream;
        private final int number;
        private final boolean dialer;
        private final boolean lazy;
        private Flow other;
        private int written;
        private int read;
        private boolean finished;
        private boolean reset;

        private Flow(
                Session session,
                Transport.Stream stream,
                int number,
                boolean dialer,
                boolean lazy) {
            this.session = session;
            this.stream = stream;
            this.number = number;
            this.dialer = dialer;
            this.lazy = lazy;
        }

        private byte at(boolean ofDialer, int index) {
            return (byte) (index ^ index >>> 8 ^ number * 8 + (ofDialer ? 3 : 5));
        }

        void write(int length, long now) {
            if (finished) {
                return;
            }
            var data = ByteBuffer.allocate(length);
            for (int i = 0; i < length; i++) {
                data.put(i, at(dialer, written + i));
            }
            int taken = stream.write(data, now);
            if (taken != data.position()) {
                throw new AssertionError("takes other than it says");
            }
            written += taken;
        }

        void finish(long now) {
            finished = true;
            stream.finish(now);
        }

        void reset(ResetCode code, long now) {
            reset = true;
            stream.reset(code, now);
        }

        private boolean isTrusted() {
            return !tainted.contains(session.peer()) && !taintedHere;
        }

        private void read(int most, long now) {
            var data = ByteBuffer.allocate(most);
            int n = stream.read(data, now);
            if (n < 0) {
                end();
                return;
            }
            if (!isTrusted() || reset) {
                return;
            }
            for (int i = 0; i < n; i++) {
                boolean fits = other != null && read + i < other.written;
                if (!fits || data.get(i) != at(!dialer, read + i)) {
                    throw new AssertionError("another byte at " + (read + i));
                }
            }
            read += n;
            if (n > 0) {
                read(most, now);
            }
        }

        private void end() {
            boolean failed =
                    stream.closed()
                            .filter(why -> !(why instanceof CloseReason.Finished))
                            .isPresent();
            if (isTrusted() && !failed && !reset) {
                if (other == null || !other.finished || read != other.written) {
                    throw new AssertionError("ends after %d bytes".formatted(read));
                }
            }
        }

        /// What both sides have acknowledged has arrived.
        private void check(long now) {
            boolean done =
                    stream.closed().filter(CloseReason.Finished.class::isInstance).isPresent();
            if (done && isTrusted() && other != null && !other.isGone() && !other.reset) {
                other.read(4096, now);
                if (other.read != written) {
                    throw new AssertionError("%d of %d".formatted(other.read, written));
                }
            }
        }

        private boolean isGone() {
            return !flows.contains(this);
        }
    }

    private final Identity identity;
    private final PreSharedKey secret;
    private final Optional<Admission> admission;
    private final RandomGenerator random;
    private final String ip;
    private final Map<InetSocketAddress, Account> accounts = new HashMap<>();
    private final Map<Session, CloseReason> closed = new HashMap<>();
    private final Map<Session, FuzzNode> called = new LinkedHashMap<>();
    private final List<Session> sessions = new ArrayList<>();
    private final List<NodeKey> tainted = new ArrayList<>();
    private boolean taintedHere;
    private InetSocketAddress address;
    private long earlier;

    final List<Flow> flows = new ArrayList<>();

    /// By name of the service; of all nodes.
    private static final ThreadLocal<Map<String, Flow>> DIALED =
            ThreadLocal.withInitial(HashMap::new);

    SessionEngine engine;

    FuzzNode(
            Identity identity,
            PreSharedKey secret,
            Optional<Admission> admission,
            String ip,
            RandomGenerator random,
            long now) {
        this.identity = identity;
        this.secret = secret;
        this.admission = admission;
        this.random = random;
        this.ip = ip;
        move(0);
        restart(now);
    }

    private static VarHandle slots() {
        try {
            return MethodHandles.privateLookupIn(Slots.class, MethodHandles.lookup())
                    .findVarHandle(Slots.class, "slots", Slots.Slot[].class);
        } catch (ReflectiveOperationException gone) {
            throw new AssertionError(gone);
        }
    }

    InetSocketAddress address() {
        return address;
    }

    void move(int to) {
        address = new InetSocketAddress(ip, 1000 + to);
    }

    /// The process has died, and another with the same keys has taken its place.
    void restart(long now) {
        earlier = engine == null ? 0 : proofs();
        sessions.clear();
        called.clear();
        closed.clear();
        flows.clear();
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                identity, secret, List.of(new KcpTransport()), admission, random),
                        now);
        engine.nanosUntilTimeout(now);
    }

    // ---- sessions and streams

    Call call(FuzzNode to, boolean otherKey, boolean otherSecret, long now) {
        NodeKey key = otherKey ? NodeKey.of(new byte[NodeKey.LENGTH]) : to.identity.publicKey();
        byte[] bytes = new byte[PreSharedKey.LENGTH];
        bytes[0] = (byte) (otherSecret ? 1 : 0);
        Session session = engine.call(key, PreSharedKey.of(bytes), new KcpTransport(), now);
        sessions.add(session);
        called.put(session, to);
        candidate(to.address);
        return new Call(this, to, session);
    }

    void candidate(InetSocketAddress there) {
        account(there).candidate = true;
    }

    void dial(Call call, Input input, long now) {
        boolean lazy = input.flag();
        if (flows.size() < MOST_FLOWS && sessions.contains(call.session)) {
            int number = DIALED.get().size();
            String name = "s" + number;
            Transport.Stream stream = call.session.streams().dial(name, now);
            var flow = new Flow(call.session, stream, number, true, lazy);
            flows.add(flow);
            DIALED.get().put(name, flow);
        }
    }

    /// Drains what the owner has to drain.
    void collect(long now) {
        for (Session session; (session = engine.accept()) != null; ) {
            sessions.add(session);
        }
        while (engine.pollRefusal() != null) {
            // The owner's log.
        }
        for (Session session; (session = engine.pollReady()) != null; ) {
            drain(session);
        }
        for (int i = 0; i < sessions.size(); i++) {
            Session session = sessions.get(i);
            for (Transport.Stream stream; (stream = session.streams().accept()) != null; ) {
                accept(session, stream, now);
            }
            while (session.streams().pollReady() != null) {
                // Every stream is looked at below.
            }
        }
        for (Flow flow : flows) {
            flow.read(flow.lazy ? 100 : 4096, now);
        }
    }

    private void drain(Session session) {
        int ends = 0;
        for (SessionEvent event; (event = session.pollEvent()) != null; ) {
            ends += event instanceof SessionEvent.Closed ? 1 : 0;
        }
        if (ends > 0 && closed.containsKey(session) || ends > 1) {
            throw new AssertionError("ends twice");
        }
        session.closed().ifPresent(why -> closed.put(session, why));
    }

    private void accept(Session session, Transport.Stream stream, long now) {
        Flow dialed = DIALED.get().get(stream.service());
        if (dialed == null || dialed.other != null || flows.size() >= MOST_FLOWS) {
            boolean trusted = !tainted.contains(session.peer()) && !taintedHere;
            if (trusted && flows.size() < MOST_FLOWS) {
                throw new AssertionError("accepted twice or not dialed: " + stream.service());
            }
            stream.reset(ResetCode.BUSY, now);
            return;
        }
        var flow = new Flow(session, stream, dialed.number, false, dialed.lazy);
        flow.other = dialed;
        dialed.other = flow;
        flows.add(flow);
    }

    // ---- datagrams

    private Account account(InetSocketAddress there) {
        return accounts.computeIfAbsent(there, _ -> new Account());
    }

    void account(InetSocketAddress to, int length) {
        Account account = account(to);
        account.sent += length;
        account.sentOthers += length == 48 ? 0 : length;
    }

    void take(InetSocketAddress from, byte[] data, long now) {
        account(from).received += data.length;
        engine.handleDatagram(from, ByteBuffer.wrap(data), now);
        collect(now);
    }

    /// Takes a datagram that is nobody's: nothing but counters changes.
    void takeForged(InetSocketAddress from, byte[] data) {
        account(from).received += data.length;
        String before = fingerprint();
        engine.handleDatagram(from, ByteBuffer.wrap(data), asked);
        String after = fingerprint();
        if (!before.equals(after)) {
            throw new AssertionError("a forged datagram changes\n" + before + "\nto\n" + after);
        }
        if (engine.pollTransmit(ByteBuffer.allocate(2048), asked) != null) {
            throw new AssertionError("a forged datagram is answered");
        }
    }

    private long asked;

    String describe(long now) {
        asked = now;
        return fingerprint();
    }

    private String fingerprint() {
        var out = new StringBuilder();
        out.append(engine.nanosUntilTimeout(asked)).append(' ').append(slotsTaken());
        out.append(' ').append(engine.counters().get("halfOpen"));
        for (Session session : sessions) {
            out.append('\n').append(session.state()).append(' ').append(session.id());
            out.append(' ').append(session.path()).append(' ').append(session.datagramSize());
            out.append(' ').append(session.closed()).append(' ').append(session.counters());
            out.append(' ').append(session.streams().counters());
            out.append(' ').append(session.streams().nanosUntilTimeout(asked));
        }
        return out.toString();
    }

    /// How often somebody has proven his key: so often he may have challenges sent.
    private long proofs() {
        long proofs = earlier + engine.counters().get("initsAnswered");
        for (Session session : sessions) {
            Map<String, Long> counters = session.counters();
            proofs += 1 + counters.get("rekeyed") + counters.get("suspended");
        }
        return proofs;
    }

    void requireNoAmplification(InetSocketAddress there, int challenge, int most) {
        Account account = account(there);
        boolean fits =
                account.sentOthers <= account.received
                        && account.sent <= account.received + challenge * most * proofs();
        if (!account.candidate && !fits) {
            throw new AssertionError(
                    "%d bytes, %d of them no challenges, for %d of %s"
                            .formatted(account.sent, account.sentOthers, account.received, there));
        }
    }

    // ---- what must hold

    private Slots.Slot[] slotArray() {
        return (Slots.Slot[]) SLOTS.get(engine.slots());
    }

    private int slotsTaken() {
        int taken = 0;
        for (Slots.Slot slot : slotArray()) {
            taken += slot == null ? 0 : 1;
        }
        return taken;
    }

    /// Keys of a session, or null if there are none.
    Keys someKeys(int which) {
        List<Keys> all = new ArrayList<>();
        for (Slots.Slot slot : slotArray()) {
            if (slot instanceof Keys keys && keys.session != null) {
                all.add(keys);
            }
        }
        return all.isEmpty() ? null : all.get(which % all.size());
    }

    /// From now on anything may come of the streams of this session.
    void taint(Session session) {
        taintedHere |= sessions.contains(session);
    }

    void taint(FuzzNode peer) {
        tainted.add(peer.identity.publicKey());
    }

    /// Everything that was due has been done.
    void settled(long now) {
        asked = now;
    }

    void check(long now) {
        int live = engine.sessions().size();
        long halfOpen = engine.counters().get("halfOpen");
        int most = sessions.size() * (MOST_KEYS + MOST_ATTEMPTS) + MOST_HALF_OPEN;
        if (live > MOST_SESSIONS || halfOpen > MOST_HALF_OPEN || slotsTaken() > most) {
            throw new AssertionError(
                    "%d sessions, %d half open, %d slots".formatted(live, halfOpen, slotsTaken()));
        }
        long held = 0;
        for (Session session : sessions) {
            held += session.streams().counters().getOrDefault("bytesHeld", 0L);
        }
        if (held > MOST_HELD) {
            throw new AssertionError("holds %d bytes".formatted(held));
        }
        closed.forEach(
                (session, why) -> {
                    if (session.state() != Session.State.CLOSED
                            || !session.closed().equals(Optional.of(why))) {
                        throw new AssertionError("lives after " + why);
                    }
                });
        for (Flow flow : List.copyOf(flows)) {
            flow.check(now);
        }
    }

    /// What was written on a session that both sides have has arrived.
    void requireDelivered(Call call) {
        Session here = call.session;
        boolean alive = sessions.contains(here) && here.closed().isEmpty();
        if (!alive || taintedHere || call.to.taintedHere || here.id() == 0) {
            return;
        }
        Session there = call.to.engine.find(here.id(), identity.publicKey());
        if (there == null) {
            return;
        }
        if (here.state() != Session.State.UP || there.state() != Session.State.UP) {
            throw new AssertionError("%s and %s".formatted(here.state(), there.state()));
        }
        for (Flow flow : flows) {
            if (flow.session == here && flow.stream.closed().isEmpty()) {
                Flow other = flow.other;
                if (other == null || other.read != flow.written || flow.read != other.written) {
                    throw new AssertionError("not everything arrives");
                }
            }
        }
    }

    /// Nothing is left of what has ended.
    void requireEmpty(long now) {
        if (slotsTaken() != 0 || engine.nanosUntilTimeout(now) != Engine.NEVER) {
            throw new AssertionError("%d slots are left".formatted(slotsTaken()));
        }
    }

    static void forgetFlows() {
        DIALED.get().clear();
    }
}
