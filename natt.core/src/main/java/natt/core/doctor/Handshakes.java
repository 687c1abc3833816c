package natt.core.doctor;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.session.KeyQuestion;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A call to one node or broker, to see whether it proves its key.
final class Handshakes implements Bench.Trial<Handshakes.Outcome> {
    /// @param told the key that a broker says it has
    /// @param at where the key was proven
    /// @param after how long an answer took
    record Outcome(
            Optional<NodeKey> told, Optional<InetSocketAddress> at, Optional<Duration> after) {
        static final Outcome NOTHING =
                new Outcome(Optional.empty(), Optional.empty(), Optional.empty());
    }

    private final SessionEngine engine;
    private final List<InetSocketAddress> places;
    private final @Nullable KeyQuestion question;
    private final long asked;
    private PreSharedKey secret = PreSharedKey.NONE;
    private @Nullable Session session;
    private long began;
    private long answered;

    private Handshakes(
            SessionEngine engine,
            List<InetSocketAddress> places,
            @Nullable KeyQuestion question,
            long nowNanos) {
        this.engine = engine;
        this.places = places;
        this.question = question;
        asked = nowNanos;
    }

    /// Calls a broker.
    ///
    /// @param key empty to believe what it says
    static Handshakes ofBroker(
            Optional<NodeKey> key,
            PreSharedKey secret,
            List<InetSocketAddress> places,
            RandomGenerator random,
            long nowNanos) {
        // Its own key, so that a natts of this machine keeps its session with the broker.
        SessionEngine engine = engine(Identity.generate(random), List.of(), random, nowNanos);
        var all = new Handshakes(engine, places, engine.askKey(places, nowNanos), nowNanos);
        all.secret = secret;
        key.ifPresent(known -> all.callBroker(known, nowNanos));
        return all;
    }

    /// Calls a node.
    static Handshakes ofNode(
            DoctorConfig.Target target,
            NodeKey key,
            List<InetSocketAddress> places,
            RandomGenerator random,
            long nowNanos) {
        List<Transport> transports = List.of(target.transport());
        SessionEngine engine = engine(target.identity(), transports, random, nowNanos);
        var all = new Handshakes(engine, places, null, nowNanos);
        all.begin(engine.call(key, target.secret(), target.transport(), nowNanos), nowNanos);
        return all;
    }

    private static SessionEngine engine(
            Identity identity, List<Transport> transports, RandomGenerator random, long nowNanos) {
        var config =
                new SessionEngine.Config(
                        identity,
                        PreSharedKey.NONE,
                        transports,
                        Optional.empty(),
                        random,
                        Optional.of((_, _, _) -> {}),
                        false,
                        SessionEngine.Limits.NODE);
        return new SessionEngine(config, nowNanos);
    }

    private void callBroker(NodeKey key, long nowNanos) {
        begin(engine.callBroker(key, secret, nowNanos), nowNanos);
    }

    private void begin(Session begun, long nowNanos) {
        session = begun;
        began = nowNanos;
        begun.addCandidates(places, nowNanos);
    }

    @Override
    public List<Engine> engines() {
        return List.of(engine);
    }

    @Override
    public @Nullable Outcome poll(long nowNanos) {
        while (engine.pollReady() != null) {
            // Its events follow.
        }
        if (answered == 0 && told().isPresent()) {
            answered = Math.max(1, nowNanos - asked);
        }
        Session with = session;
        if (with == null) {
            told().ifPresent(key -> callBroker(key, nowNanos));
            boolean over = question == null || session == null && question.isOver(nowNanos);
            return over ? Outcome.NOTHING : null;
        }
        for (SessionEvent event; (event = with.pollEvent()) != null; ) {
            if (event instanceof SessionEvent.Established(var path)) {
                with.close(CloseCode.SHUTTING_DOWN, nowNanos);
                return new Outcome(told(), Optional.of(path), Optional.of(after(nowNanos)));
            }
            if (event instanceof SessionEvent.Closed) {
                return giveUp();
            }
        }
        return null;
    }

    /// The shorter one of both questions, since a handshake has to be computed, too.
    private Duration after(long nowNanos) {
        long handshake = nowNanos - began;
        return Duration.ofNanos(answered == 0 ? handshake : Math.min(handshake, answered));
    }

    private Optional<NodeKey> told() {
        return question == null ? Optional.empty() : question.answer();
    }

    @Override
    public Outcome giveUp() {
        return new Outcome(told(), Optional.empty(), Optional.empty());
    }
}
