package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.NodeKey;
import natt.core.session.Mode;
import natt.core.session.Session;
import natt.testkit.NatType;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;

import java.time.Duration;
import java.util.Optional;

/// Two nodes of a broker that exchange packets, behind NATs.
final class PacketWorld {
    static final Duration SECOND = Duration.ofSeconds(1);
    static final Duration BEAT = Duration.ofMillis(100);
    static final Duration READY = Duration.ofSeconds(10);
    static final String B = "203.0.113.12";
    static final int NUMBER = 30_000;

    /// Of the packets that are sent all the time, in bytes.
    static final int LENGTH = 200;

    final SimNetwork network;
    final ReachBroker broker;

    PacketWorld(long seed) {
        network = new SimNetwork(seed);
        broker = new ReachBroker(network);
    }

    /// A node and what it does with packets, in one life after the other.
    final class Side {
        final SimHost host;
        private final Mode mode;
        private int lives;
        PacketRoom room;
        ReachNode node;

        Side(SimHost host, Mode mode, int delay) {
            this.host = host;
            this.mode = mode;
            ReachWorld.shape(host, delay, 0);
            room = new PacketRoom(network, mode, host.name());
            node = begin();
        }

        private ReachNode begin() {
            return new ReachNode(network, broker, host, NUMBER, true, lives++, Optional.of(room));
        }

        NodeKey key() {
            return node.key();
        }

        void join(Side peer) {
            room.add(key(), peer.key());
        }

        /// Is killed and started again: knows nothing of what was.
        void restart(Side peer) {
            node.kill();
            room = new PacketRoom(network, mode, host.name() + lives);
            node = begin();
            join(peer);
        }

        void beat(Side peer) {
            room.beat(peer.key(), BEAT, LENGTH);
        }

        boolean isDirect(Side peer) {
            return node.isDirect(peer.node);
        }

        Optional<Session> serving(Side peer) {
            return room.serving(peer.key());
        }
    }

    /// @param name a letter, by which it has its addresses
    Side side(NatType type, String name, Mode mode) {
        int number = 1 + name.charAt(0) - 'a';
        SimHost host =
                network.internet()
                        .addHostBehind(
                                type.model(),
                                name,
                                "203.0.113.1" + number,
                                "192.168.%d.2".formatted(number));
        return new Side(host, mode, 10 * number);
    }

    final class Pair {
        final Side a;
        final Side b;

        Pair(NatType one, NatType other, Mode mode) {
            a = side(one, "a", mode);
            b = side(other, "b", mode);
            network.runUntil(() -> a.node.isReady() && b.node.isReady(), READY);
        }

        Pair(Mode mode) {
            this(NatType.PORT_RESTRICTED, NatType.PORT_RESTRICTED, mode);
        }

        /// Both call from now on.
        Pair join() {
            a.join(b);
            b.join(a);
            a.node.serve();
            b.node.serve();
            return this;
        }

        boolean isUp() {
            return a.serving(b).isPresent() && b.serving(a).isPresent();
        }

        boolean isDirect() {
            return a.isDirect(b) && b.isDirect(a);
        }

        Pair direct() {
            join();
            network.runUntil(this::isDirect, Duration.ofSeconds(2));
            return this;
        }

        void beat() {
            a.beat(b);
            b.beat(a);
        }

        void assertNoneIsLost() {
            a.room.quiet();
            b.room.quiet();
            network.runFor(SECOND);
            assertEquals(a.room.sent(), b.room.arrived.size());
            assertEquals(b.room.sent(), a.room.arrived.size());
        }

        /// The side with the smaller key, and the other.
        Side smaller() {
            return a.key().compareTo(b.key()) < 0 ? a : b;
        }

        Side larger() {
            return a == smaller() ? b : a;
        }

        /// Until packets arrive on both sides that were sent after now.
        Duration back(Duration limit) {
            long fromA = a.room.sent();
            long fromB = b.room.sent();
            return network.runUntil(() -> hasArrived(b, fromA) && hasArrived(a, fromB), limit);
        }

        private boolean hasArrived(Side at, long number) {
            return !at.room.arrived.isEmpty() && at.room.arrived.getLast().number() >= number;
        }
    }
}
