package natt.tests.sim;

import natt.core.Route;
import natt.testkit.NatType;
import natt.testkit.SimHost;
import natt.testkit.SimLink.Shape;
import natt.testkit.SimNetwork;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/// Two nodes behind NATs of the laboratory, and a broker: what becomes of a call.
final class ReachWorld {
    /// The types of the matrix.
    static final List<NatType> TYPES =
            Stream.of(NatType.values()).filter(type -> type != NatType.OPEN).toList();

    /// Until when there may be a direct path.
    static final double LIMIT = 16;

    private static final Duration READY = Duration.ofSeconds(10);

    /// How a datagram gets to the peer.
    enum Way {
        DIRECT("direct"),
        PREDICTION("direct, predicted"),
        BIRTHDAY("direct, birthday"),
        RELAY("relay"),
        TLS("relay by TLS");

        private final String label;

        Way(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }

        boolean isDirect() {
            return ordinal() <= BIRTHDAY.ordinal();
        }
    }

    /// What has become of a call. Times are in seconds from the start of the caller's process.
    ///
    /// @param up until the session is up
    /// @param echo until a byte has come back
    /// @param direct until both sides have a direct path; empty if they have none in time
    /// @param mappings the most at once on each NAT
    /// @param perSecond the most packets of any one second that left through each NAT
    record Outcome(
            NatType caller,
            NatType called,
            Way way,
            double up,
            double echo,
            OptionalDouble direct,
            int[] mappings,
            int[] perSecond) {
        int mostMappings() {
            return Math.max(mappings[0], mappings[1]);
        }

        int mostPerSecond() {
            return Math.max(perSecond[0], perSecond[1]);
        }

        @Override
        public String toString() {
            return "%s calls %s: %s, up %.2f s, echo %.2f s, direct %s, %d+%d mappings, %d+%d/s"
                    .formatted(
                            caller.label(),
                            called.label(),
                            way.label(),
                            up,
                            echo,
                            direct,
                            mappings[0],
                            mappings[1],
                            perSecond[0],
                            perSecond[1]);
        }
    }

    /// The links of a run: one way from a NAT to the Internet, in milliseconds.
    record Links(int caller, int called, int jitter) {
        static final Links USUAL = new Links(10, 20, 0);
    }

    private ReachWorld() {}

    static void shape(SimHost host, int delay, int jitter) {
        Shape shape =
                Shape.clean()
                        .withDelay(Duration.ofMillis(delay))
                        .withJitter(Duration.ofMillis(jitter));
        host.realm().up().shape(shape);
        host.realm().down().shape(shape);
    }

    static Outcome call(long seed, NatType caller, NatType called, Links links) {
        var outcome = new Outcome[1];
        SimNetwork.run(seed, network -> outcome[0] = call(network, caller, called, links));
        return outcome[0];
    }

    private static Outcome call(SimNetwork network, NatType one, NatType other, Links links) {
        var broker = new ReachBroker(network);
        SimHost near =
                network.internet().addHostBehind(one.model(), "a", "203.0.113.11", "192.168.1.2");
        SimHost far =
                network.internet().addHostBehind(other.model(), "b", "203.0.113.12", "192.168.2.2");
        shape(near, links.caller(), links.jitter());
        shape(far, links.called(), links.jitter());
        var b = new ReachNode(network, broker, far, 30_000, true);
        network.runUntil(b::isReady, READY);
        double start = now(network);
        var a = new ReachNode(network, broker, near, 30_000, false);
        a.call(b);
        Echoes echoes = a.echoes(b);
        echoes.send(1, network.nanoTime());
        network.runUntil(() -> a.path(b).isPresent(), READY);
        double up = now(network) - start;
        network.runUntil(echoes::idle, READY);
        double echo = now(network) - start;
        OptionalDouble direct = OptionalDouble.empty();
        try {
            network.runUntil(
                    () -> a.isDirect(b) && b.isDirect(a),
                    Duration.ofMillis(Math.round(1000 * (LIMIT - echo))));
            direct = OptionalDouble.of(now(network) - start);
            network.runFor(Duration.ofSeconds(3));
        } catch (AssertionError never) {
            // Then it is a relay.
        }
        echoes.send(100, network.nanoTime());
        network.runUntil(echoes::idle, READY);
        long now = network.nanoTime();
        var nats = List.of(near.realm().nat(), far.realm().nat());
        return new Outcome(
                one,
                other,
                way(a, b),
                up,
                echo,
                direct,
                nats.stream().mapToInt(nat -> nat.counts(now).most()).toArray(),
                nats.stream().mapToInt(nat -> nat.mostOutPerSecond()).toArray());
    }

    private static double now(SimNetwork network) {
        return SessionWorld.seconds(network.elapsed());
    }

    static Way way(ReachNode a, ReachNode b) {
        if (!a.isDirect(b) || !b.isDirect(a)) {
            return a.isOverTls() || b.isOverTls() ? Way.TLS : Way.RELAY;
        }
        boolean many =
                Stream.of(a, b)
                        .flatMap(each -> each.told.stream())
                        .anyMatch(each -> each.contains("sockets against"));
        if (many) {
            return Way.BIRTHDAY;
        }
        return isFresh(a, b) || isFresh(b, a) ? Way.PREDICTION : Way.DIRECT;
    }

    private static boolean isFresh(ReachNode node, ReachNode peer) {
        InetSocketAddress path = node.path(peer).orElseThrow();
        return Route.socket(path) != 0;
    }
}
