package natt.rendezvous.proto;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.session.Admission;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/// A broker without its socket: sessions of mode 2 with nodes, and what joins them.
public final class BrokerEngine implements Engine {
    private static final long SECOND = 1_000_000_000;

    /// How long a node that was to be woken stays so, for a broker that is restarted once more.
    private static final long REMEMBER_SLEEPERS = 60 * SECOND;

    /// @param identity the broker's key pair
    /// @param secret what nodes must know to have a session at all; [PreSharedKey#NONE] if nothing
    /// @param guests for whom there are names and relays
    /// @param random cryptographically strong
    /// @param epochSecond the wall clock at the start, in seconds since 1970
    /// @param names known from before; of two with one name, the later counts
    /// @param journal where names are noted
    /// @param sleepers the nodes that had sessions before
    /// @param stunPort the second STUN port; 0 if there is none
    /// @param stunAddress the second address of the host that answers; empty if there is none
    public record Config(
            Identity identity,
            PreSharedKey secret,
            Guests guests,
            Limits limits,
            RandomGenerator random,
            long epochSecond,
            List<Name> names,
            Journal journal,
            List<Sleeper> sleepers,
            int stunPort,
            Optional<InetAddress> stunAddress) {
        public Config {
            names = List.copyOf(names);
            sleepers = List.copyOf(sleepers);
        }
    }

    /// Hears of what a person may want to know. Called while the engine works.
    public interface Listener {
        default void happened(Session session, SessionEvent event) {}

        default void refused(SessionEngine.Refusal refusal) {}

        /// A node does not get what it wants.
        ///
        /// @param what a few words, none of them the node's
        default void denied(NodeKey node, String what) {}
    }

    /// A key's use of the relay, in bytes.
    public record Use(NodeKey key, long today, long total) {}

    /// How much of what there is is in use.
    ///
    /// @param registered keys that can be called
    public record Load(
            SessionEngine.Load sessions,
            int registered,
            int channels,
            int names,
            int mostNames,
            long relayedBytes) {}

    private final SessionEngine sessions;
    private final Switchboard switchboard;
    private final Waker waker;
    private final List<Sleeper> sleepers;
    private final Listener listener;
    private final Map<Session, Node> nodes = new HashMap<>();
    private final long startedAt;

    /// @param listener empty interface methods do for nobody
    public BrokerEngine(Config config, Listener listener, long nowNanos) {
        this.listener = listener;
        startedAt = nowNanos;
        sleepers = config.sleepers();
        waker = new Waker(sleepers, nowNanos);
        var directory = new Directory(config.limits().names(), config.names(), config.journal());
        switchboard =
                new Switchboard(
                        config.limits(),
                        config.guests(),
                        directory,
                        new Switchboard.Stun(config.stunPort(), config.stunAddress()),
                        now -> config.epochSecond() + (now - nowNanos) / SECOND,
                        listener::denied,
                        nowNanos);
        Admission admission =
                (key, from) ->
                        config.guests().isGuest(key, Optional.of(from))
                                ? Admission.Answer.listedKey()
                                : Admission.Answer.anybody();
        sessions =
                new SessionEngine(
                        new SessionEngine.Config(
                                config.identity(),
                                config.secret(),
                                List.of(),
                                Optional.of(admission),
                                config.random(),
                                Optional.of(this::handle),
                                true,
                                SessionEngine.Limits.BROKER),
                        nowNanos);
    }

    private record SessionLine(Session session) implements Line {
        @Override
        public NodeKey peer() {
            return session.peer();
        }

        @Override
        public boolean isUp() {
            return session.state() == Session.State.UP;
        }

        @Override
        public Optional<InetSocketAddress> path() {
            return session.path();
        }

        @Override
        public boolean say(ByteBuffer message, long nowNanos) {
            return session.say(message, nowNanos);
        }
    }

    private void handle(Session from, ByteBuffer message, long nowNanos) {
        if (from.state() != Session.State.CLOSED) {
            Node node =
                    nodes.computeIfAbsent(
                            from, each -> switchboard.join(new SessionLine(each), nowNanos));
            switchboard.handle(node, message, nowNanos);
        }
    }

    /// Hears the sessions' news.
    private void drain(long nowNanos) {
        while (sessions.accept() != null) {
            // A node becomes one with its first message.
        }
        for (SessionEngine.Refusal refusal; (refusal = sessions.pollRefusal()) != null; ) {
            listener.refused(refusal);
        }
        for (Session session; (session = sessions.pollReady()) != null; ) {
            for (SessionEvent event; (event = session.pollEvent()) != null; ) {
                listener.happened(session, event);
                take(session, event, nowNanos);
            }
        }
    }

    private void take(Session session, SessionEvent event, long nowNanos) {
        if (event instanceof SessionEvent.Closed) {
            Node node = nodes.remove(session);
            if (node != null) {
                switchboard.leave(node, nowNanos);
            }
        } else {
            Node node = nodes.get(session);
            boolean elsewhere =
                    event instanceof SessionEvent.Moved || event instanceof SessionEvent.Resumed;
            if (node != null && elsewhere) {
                switchboard.moved(node, nowNanos);
            }
        }
    }

    // ---- for the owner

    /// The clock has jumped: see [SessionEngine#clockJumped].
    public void clockJumped(long nowNanos) {
        sessions.clockJumped(nowNanos);
    }

    /// Ends every session, telling the nodes. Poll afterwards for the datagrams.
    public void shutdown(long nowNanos) {
        sessions.shutdown(CloseCode.SHUTTING_DOWN, nowNanos);
    }

    public Load load() {
        Directory directory = switchboard.directory();
        return new Load(
                sessions.load(),
                switchboard.registeredKeys(),
                switchboard.channels(),
                directory.size(),
                directory.most(),
                switchboard.counters().relayedBytes());
    }

    /// Counters since the start by name.
    public Map<String, Long> counters() {
        return switchboard.counters().byName();
    }

    /// The counters of sessions since the start by name.
    public Map<String, Long> sessionCounters() {
        return sessions.counters();
    }

    /// The keys that have had the most relayed, the most first.
    public List<Use> topUsers(int count) {
        return switchboard.quotas().top(count).stream()
                .map(
                        each ->
                                new Use(
                                        each.getKey(),
                                        each.getValue().today(),
                                        each.getValue().total()))
                .toList();
    }

    /// All names that are held, with those who hold them.
    public List<Name> names() {
        return switchboard.directory().names();
    }

    /// Whether [#sleepers] would be others than at the last call.
    public boolean takeChanged() {
        return switchboard.takeChanged();
    }

    /// The nodes that are to be woken if this broker is started again.
    public List<Sleeper> sleepers(long nowNanos) {
        List<Sleeper> here = switchboard.sleepers();
        if (nowNanos - startedAt >= REMEMBER_SLEEPERS) {
            return here;
        }
        var all = new TreeMap<NodeKey, List<Sleeper>>();
        for (Sleeper each : sleepers) {
            all.computeIfAbsent(each.key(), _ -> new ArrayList<>(1)).add(each);
        }
        here.forEach(each -> all.remove(each.key()));
        var both = new ArrayList<>(here);
        all.values().forEach(both::addAll);
        return both;
    }

    // ---- Engine

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        // Other sockets of the port are for STUN.
        boolean taken =
                Route.socket(from) == 0 && sessions.handleDatagram(from, datagram, nowNanos);
        if (taken) {
            drain(nowNanos);
        }
        return taken;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        sessions.handleTimeout(nowNanos);
        switchboard.handleTimeout(nowNanos);
        drain(nowNanos);
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        InetSocketAddress woken = waker.poll(into, nowNanos);
        return woken != null ? woken : sessions.pollTransmit(into, nowNanos);
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least = sessions.nanosUntilTimeout(nowNanos);
        least = Math.min(least, switchboard.nanosUntilTimeout(nowNanos));
        return Math.min(least, waker.nanosUntilTimeout(nowNanos));
    }
}
