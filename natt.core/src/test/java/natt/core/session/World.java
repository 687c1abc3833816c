package natt.core.session;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/// Nodes with one engine each, on a network with a delay, in virtual time. A node's address is
/// the one that its NAT gives it, and can change.
final class World {
    static final long MILLI = 1_000_000;
    static final long SECOND = 1000 * MILLI;

    /// A datagram on its way.
    record Packet(long at, long order, InetSocketAddress from, InetSocketAddress to, byte[] data) {
        int type() {
            return data[0] & 0xff;
        }
    }

    final Random random = new Random(4);
    final PriorityQueue<Packet> flying =
            new PriorityQueue<>(Comparator.comparingLong(Packet::at).thenComparing(Packet::order));
    final List<Packet> sent = new ArrayList<>();
    final Map<InetSocketAddress, Node> nodes = new HashMap<>();
    final Set<Node> all = new HashSet<>();
    Predicate<Packet> lost = packet -> false;
    long delay = 25 * MILLI;

    /// Whether the nodes made from now on are quick at AES.
    boolean aes = true;

    /// Second addresses of nodes, on a link that is quicker.
    final Map<InetSocketAddress, Node> linked = new HashMap<>();

    long linkDelay = 2 * MILLI;

    /// Begins shortly before nanosecond times wrap.
    long now = Long.MAX_VALUE - 3 * SECOND;

    private long order;

    /// One node.
    final class Node {
        final Identity identity;
        final FakeTransport transport = new FakeTransport();
        final List<SessionEvent> events = new ArrayList<>();
        final List<SessionEngine.Refusal> refusals = new ArrayList<>();
        final List<Session> accepted = new ArrayList<>();
        final boolean broker;
        Rendezvous rendezvous = (from, message, at) -> {};
        Optional<Packets> packets = Optional.empty();
        boolean wireGuardKey;
        SessionEngine engine;
        InetSocketAddress address;
        boolean asleep;

        Node(Identity identity, PreSharedKey secret, @Nullable Admission admission, String at) {
            this(identity, secret, admission, at, false);
        }

        Node(
                Identity identity,
                PreSharedKey secret,
                @Nullable Admission admission,
                String at,
                boolean broker) {
            this.identity = identity;
            this.broker = broker;
            address = World.address(at);
            nodes.put(address, this);
            all.add(this);
            engine = make(secret, admission);
        }

        private SessionEngine make(PreSharedKey secret, @Nullable Admission admission) {
            return new SessionEngine(
                    new SessionEngine.Config(
                            identity,
                            secret,
                            List.of(transport),
                            Optional.ofNullable(admission),
                            random,
                            Optional.of((from, said, at) -> rendezvous.handle(from, said, at)),
                            broker,
                            broker ? SessionEngine.Limits.BROKER : SessionEngine.Limits.NODE,
                            packets,
                            wireGuardKey,
                            aes),
                    now);
        }

        /// Carries packets from now on.
        void carry(Packets theirs, boolean interfaceKey) {
            packets = Optional.of(theirs);
            wireGuardKey = interfaceKey;
            engine = make(PreSharedKey.NONE, null);
        }

        NodeKey key() {
            return identity.publicKey();
        }

        /// The process has died, and another with the same keys has taken its place.
        void restart(PreSharedKey secret, Admission admission) {
            engine = make(secret, admission);
            accepted.clear();
            events.clear();
            transport.opened.clear();
        }

        void move(String to) {
            nodes.remove(address);
            address = World.address(to);
            nodes.put(address, this);
        }

        Session call(Node host, String... candidates) {
            return call(host.key(), PreSharedKey.NONE, candidates);
        }

        Session call(NodeKey host, PreSharedKey secret, String... candidates) {
            Session session = engine.call(host, secret, transport, now);
            session.addCandidates(List.of(candidates).stream().map(World::address).toList(), now);
            serve();
            return session;
        }

        FakeTransport.Mux streams() {
            return transport.opened.getLast();
        }

        void serve() {
            if (asleep) {
                return;
            }
            while (engine.nanosUntilTimeout(now) <= 0) {
                engine.handleTimeout(now);
                transmit();
            }
            transmit();
            for (Session session; (session = engine.accept()) != null; ) {
                accepted.add(session);
            }
            for (SessionEngine.Refusal refusal; (refusal = engine.pollRefusal()) != null; ) {
                refusals.add(refusal);
            }
            for (Session session; (session = engine.pollReady()) != null; ) {
                for (SessionEvent event; (event = session.pollEvent()) != null; ) {
                    events.add(event);
                }
            }
            engine.nanosUntilTimeout(now);
        }

        /// What is for a second address leaves from the own one.
        private InetSocketAddress source(InetSocketAddress to) {
            for (var each : linked.entrySet()) {
                if (linked.containsKey(to) && each.getValue() == this) {
                    return each.getKey();
                }
            }
            return address;
        }

        /// Gives it an address on the link.
        void link(String at) {
            linked.put(World.address(at), this);
            nodes.put(World.address(at), this);
        }

        private void transmit() {
            var buffer = ByteBuffer.allocate(2048);
            for (InetSocketAddress to; (to = engine.pollTransmit(buffer.clear(), now)) != null; ) {
                var data = new byte[buffer.flip().remaining()];
                buffer.get(data);
                send(source(to), to, data);
            }
        }
    }

    Node node(String at) {
        return new Node(Identity.generate(random), PreSharedKey.NONE, null, at);
    }

    Node host(String at, Admission admission) {
        return new Node(Identity.generate(random), PreSharedKey.NONE, admission, at);
    }

    Node broker(String at, Admission admission) {
        return new Node(Identity.generate(random), PreSharedKey.NONE, admission, at, true);
    }

    void send(InetSocketAddress from, InetSocketAddress to, byte[] data) {
        long takes = linked.containsKey(to) ? linkDelay : delay;
        var packet = new Packet(now + takes, order++, from, to, data);
        sent.add(packet);
        if (!lost.test(packet)) {
            flying.add(packet);
        }
    }

    /// Lets time pass.
    void run(Duration duration) {
        long end = now + duration.toNanos();
        while (true) {
            all.forEach(Node::serve);
            long next = end;
            Packet first = flying.peek();
            if (first != null && first.at - next < 0) {
                next = first.at;
            }
            for (Node node : all) {
                long wait = node.asleep ? Long.MAX_VALUE : node.engine.nanosUntilTimeout(now);
                if (wait < next - now) {
                    next = now + Math.max(1, wait);
                }
            }
            now = next;
            if (now - end >= 0) {
                return;
            }
            for (Packet packet; (packet = flying.peek()) != null && packet.at - now <= 0; ) {
                deliver(flying.poll());
            }
        }
    }

    void run(long millis) {
        run(Duration.ofMillis(millis));
    }

    private void deliver(@Nullable Packet packet) {
        Node node = packet == null ? null : nodes.get(packet.to);
        if (packet != null && node != null && !node.asleep) {
            node.engine.handleDatagram(packet.from, ByteBuffer.wrap(packet.data), now);
            node.serve();
        }
    }

    static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(
                InetAddress.ofLiteral(text.substring(0, colon)),
                Integer.parseInt(text.substring(colon + 1)));
    }
}
