package natt.core.session;

import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The responder's side of handshakes: decides which INIT is worth a secret-key operation, and
/// keeps what it answered until the caller has shown that it got the answer.
final class Gatekeeper {
    // What DESIGN fixes.
    private static final long SECOND = 1_000_000_000;
    private static final int MOST_HALF_OPEN_OF_KEY = 4;
    private static final long HALF_OPEN_LIFE = 5 * SECOND;
    private static final int KEEPALIVE_SECONDS = 15;

    /// A handshake that was answered and not yet confirmed.
    static final class HalfOpen {
        private final Keys keys;
        private final NodeKey caller;
        private final long sessionId;
        private final InetSocketAddress from;
        private final int mtu;
        private final @Nullable Session resumed;
        private final Mode mode;
        private final @Nullable Transport transport;
        private final long since;
        private final boolean listed;
        private Optional<CloseCode> refused;
        private boolean told;

        private HalfOpen(
                Keys keys,
                NodeKey caller,
                long sessionId,
                InetSocketAddress from,
                int mtu,
                @Nullable Session resumed,
                Mode mode,
                @Nullable Transport transport,
                Admission.Answer admission,
                long nowNanos) {
            this.keys = keys;
            this.caller = caller;
            this.sessionId = sessionId;
            this.from = from;
            this.mtu = mtu;
            this.resumed = resumed;
            this.mode = mode;
            this.transport = transport;
            listed = admission.listed();
            refused = admission.refused();
            since = nowNanos;
            if (refused.isEmpty() && transport == null && mode == Mode.STREAMS) {
                refused = Optional.of(CloseCode.NO_COMMON_TRANSPORT);
            }
        }

        Keys keys() {
            return keys;
        }

        NodeKey caller() {
            return caller;
        }

        long sessionId() {
            return sessionId;
        }

        InetSocketAddress from() {
            return from;
        }

        int mtu() {
            return mtu;
        }

        Mode mode() {
            return mode;
        }

        @Nullable Transport transport() {
            return transport;
        }

        boolean listed() {
            return listed;
        }
    }

    private final SessionEngine engine;
    private final SessionEngine.Config config;
    private final Gate gate;
    private final Cookies cookies;
    private final RecentMacs recent;
    private final SourceBuckets sources;
    private final SessionEngine.Limits limits;
    private final Rate handshakes;
    private final Rate agreements;
    private final List<HalfOpen> halfOpen = new ArrayList<>();

    private long received;
    private long forged;
    private long replayed;
    private long limited;
    private long cookiesSent;
    private long undecipherable;
    private long answered;
    private long refusals;

    Gatekeeper(SessionEngine engine, SessionEngine.Config config, long nowNanos) {
        this.engine = engine;
        this.config = config;
        limits = config.limits();
        handshakes = new Rate(limits.calmHandshakes(), limits.calmHandshakes());
        agreements = new Rate(limits.agreements(), limits.agreements());
        gate = new Gate(config.secret(), config.identity().publicKey());
        cookies = new Cookies(config.random(), nowNanos);
        recent = new RecentMacs(config.random());
        sources = new SourceBuckets(config.random());
    }

    /// Takes an INIT: the cheapest check first, and no answer to what fails one.
    void handleInit(InetSocketAddress from, byte[] in, int length, long nowNanos) {
        received++;
        boolean deaf = config.admission().isEmpty() && config.packets().isEmpty();
        if (deaf
                || length != Wire.INIT_LENGTH
                || !Wire.begins(in, Wire.INIT)
                || !gate.checkMac1(in, Wire.INIT_MAC1)) {
            forged++;
        } else if (!recent.addIfNew(in, Wire.INIT_MAC1)) {
            replayed++;
        } else if (!sources.take(from.getAddress(), nowNanos)) {
            limited++;
        } else if (isCrowded(nowNanos) && !cookies.checkMac2(in, from, nowNanos)) {
            sendCookie(from, in, nowNanos);
        } else if (!agreements.take(nowNanos)) {
            limited++;
        } else {
            agree(from, Arrays.copyOf(in, length), nowNanos);
        }
    }

    private void sendCookie(InetSocketAddress from, byte[] init, long nowNanos) {
        var datagram = ByteBuffer.allocate(Wire.COOKIE_LENGTH);
        gate.writeCookie(init, cookies.cookie(from, nowNanos), config.random(), datagram);
        engine.departures().reply(datagram.array(), from);
        cookiesSent++;
    }

    private boolean isCrowded(long nowNanos) {
        return !handshakes.take(nowNanos) || halfOpen.size() >= limits.halfOpen() / 4;
    }

    private void agree(InetSocketAddress from, byte[] init, long nowNanos) {
        ResponderHandshake.Caller caller =
                ResponderHandshake.read(config.identity(), config.secret(), init);
        Mode mode = caller == null ? null : Mode.of(caller.payload().mode());
        Admission admission = mode == null ? null : engine.admission(mode);
        if (caller == null || mode == null || admission == null) {
            undecipherable++;
            return;
        }
        Admission.Answer admitted = admission.admit(caller.key(), from);
        if (!makeRoom(caller.key(), admitted.listed())) {
            limited++;
            return;
        }
        InitPayload asked = caller.payload();
        Session resumed = engine.find(asked.resume(), caller.key());
        if (resumed != null && resumed.mode() != mode) {
            resumed = null;
        }
        Transport transport = mode == Mode.STREAMS ? choose(asked.capabilities()) : null;
        long id = resumed != null ? asked.resume() : engine.newId(asked.resume());
        int capabilities = transport == null ? 0 : transport.capability();
        capabilities |= mode.isOfPackets() ? InitPayload.PACKETS : 0;
        capabilities |= config.aes() ? asked.capabilities() & InitPayload.AES : 0;
        int index = engine.slots().free();
        var answer = ByteBuffer.allocate(Wire.RESPONSE_LENGTH);
        var granted = new ResponsePayload(capabilities, Wire.MOST_DATAGRAM, KEEPALIVE_SECONDS, id);
        Opened opened = caller.handshake().answer(granted, index, gate, config.random(), answer);
        var keys = new Keys(index, opened.remoteIndex(), opened.send(), opened.receive(), nowNanos);
        var half =
                new HalfOpen(
                        keys,
                        caller.key(),
                        id,
                        from,
                        asked.mtu(),
                        resumed,
                        mode,
                        transport,
                        admitted,
                        nowNanos);
        keys.halfOpen = half;
        halfOpen.add(half);
        engine.slots().put(keys);
        engine.departures().reply(answer.array(), from);
        answered++;
    }

    /// The newest of a caller replaces its oldest; strangers do not push each other out, but give
    /// way to those who are listed.
    private boolean makeRoom(NodeKey caller, boolean listed) {
        int ofCaller = 0;
        HalfOpen oldest = null;
        HalfOpen stranger = null;
        for (HalfOpen each : halfOpen) {
            if (each.caller.equals(caller)) {
                ofCaller++;
                oldest = oldest == null ? each : oldest;
            } else if (!each.listed && stranger == null) {
                stranger = each;
            }
        }
        HalfOpen leaves = null;
        if (ofCaller >= MOST_HALF_OPEN_OF_KEY) {
            leaves = oldest;
        } else if (listed && halfOpen.size() >= limits.halfOpen()) {
            leaves = stranger;
        }
        if (leaves != null) {
            drop(leaves);
            halfOpen.remove(leaves);
        }
        return halfOpen.size() < limits.halfOpen();
    }

    private @Nullable Transport choose(int capabilities) {
        for (Transport transport : config.transports()) {
            if ((capabilities & transport.capability()) != 0) {
                return transport;
            }
        }
        return null;
    }

    /// The caller of a half-open handshake has sealed something with its keys.
    ///
    /// @return the session, or null if the caller was refused
    @Nullable Session confirm(HalfOpen half, long nowNanos) {
        if (half.refused.isEmpty()) {
            // The list may have changed since the answer.
            half.refused =
                    Optional.ofNullable(engine.admission(half.mode))
                            .flatMap(now -> refusal(now, half));
        }
        if (half.refused.isEmpty()
                && half.resumed == null
                && !engine.hasRoomFor(half.caller, half.listed, nowNanos)) {
            half.refused = Optional.of(CloseCode.BUSY);
        }
        if (half.refused.isPresent()) {
            CloseCode why = half.refused.get();
            // The address has been sent the answer without which nothing can be sealed.
            engine.refuse(half.keys, half.from, half.caller, why, !half.told);
            refusals += half.told ? 0 : 1;
            half.told = true;
            return null;
        }
        halfOpen.remove(half);
        half.keys.halfOpen = null;
        if (half.resumed == null) {
            return engine.begin(half, nowNanos);
        }
        if (half.resumed.closed().isPresent()) {
            // It ended since the answer; the caller learns that from the next one.
            drop(half);
            return null;
        }
        half.resumed.renewed(half, nowNanos);
        return half.resumed;
    }

    private static Optional<CloseCode> refusal(Admission admission, HalfOpen half) {
        return admission.admit(half.caller, half.from).refused();
    }

    void handleTimeout(long nowNanos) {
        for (Iterator<HalfOpen> each = halfOpen.iterator(); each.hasNext(); ) {
            HalfOpen half = each.next();
            if (nowNanos - half.since >= HALF_OPEN_LIFE) {
                drop(half);
                each.remove();
            }
        }
    }

    private void drop(HalfOpen half) {
        engine.slots().remove(half.keys);
        half.keys.destroy();
    }

    long nanosUntilTimeout(long nowNanos) {
        return halfOpen.isEmpty()
                ? Long.MAX_VALUE
                : halfOpen.getFirst().since + HALF_OPEN_LIFE - nowNanos;
    }

    int halfOpenCount() {
        return halfOpen.size();
    }

    void count(Map<String, Long> counters) {
        counters.put("initsReceived", received);
        counters.put("initsForged", forged);
        counters.put("initsReplayed", replayed);
        counters.put("initsLimited", limited);
        counters.put("initsUndecipherable", undecipherable);
        counters.put("initsAnswered", answered);
        counters.put("cookiesSent", cookiesSent);
        counters.put("callersRefused", refusals);
        counters.put("halfOpen", (long) halfOpen.size());
    }
}
