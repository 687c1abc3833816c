package natt.core.session;

import natt.core.NatBehavior;
import natt.core.PreSharedKey;
import natt.core.Route;
import natt.core.session.World.Node;
import natt.core.session.World.Packet;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/// Alice and Bob with a session by a relay, and no other path until a test wants one.
final class RelayedPair {
    static final String ALICE = "203.0.113.1:40000";
    static final String BOB = "192.0.2.2:40000";
    private static final String BROKER = "198.51.100.10:30000";
    private static final int CHANNEL = 7;
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();

    final World world = new World();
    final Node broker = world.broker(BROKER, ANYBODY);
    final Node alice = world.node(ALICE);
    final Node bob = world.host(BOB, ANYBODY);
    final InetSocketAddress toBob;
    final InetSocketAddress toAlice;

    /// The initiator's.
    final Session session;

    /// What of the datagrams that go straight is lost.
    Predicate<Packet> lost = packet -> false;

    /// Whether the relay carries nothing any more.
    boolean relayDead;

    RelayedPair() {
        broker.rendezvous =
                (from, message, now) -> {
                    Session other = broker.accepted.getFirst();
                    other = other == from ? broker.accepted.getLast() : other;
                    if (!relayDead) {
                        other.say(message, now);
                    }
                };
        Session fromAlice = callBroker(alice);
        Session fromBob = callBroker(bob);
        world.run(200);
        world.lost = packet -> isStraight(packet) && lost.test(packet);
        toBob = alice.engine.addRelay(fromAlice, CHANNEL);
        toAlice = bob.engine.addRelay(fromBob, CHANNEL);
        session = alice.engine.call(bob.key(), PreSharedKey.NONE, alice.transport, world.now);
        session.addCandidates(List.of(toBob), world.now);
        world.run(400);
        alice.events.clear();
        bob.events.clear();
        world.sent.clear();
    }

    private Session callBroker(Node node) {
        Session session = node.engine.callBroker(broker.key(), PreSharedKey.NONE, world.now);
        session.addCandidates(List.of(World.address(BROKER)), world.now);
        node.serve();
        return session;
    }

    /// The responder's session.
    Session bobs() {
        return bob.accepted.getFirst();
    }

    boolean isStraight(Packet packet) {
        return !packet.from().equals(broker.address) && !packet.to().equals(broker.address);
    }

    /// What went straight from one to an address.
    List<Packet> straight(Node from) {
        return world.sent.stream()
                .filter(each -> isStraight(each) && each.from().equals(from.address))
                .toList();
    }

    static Candidate candidate(Candidate.Type type, String address) {
        return new Candidate(type, World.address(address));
    }

    /// Both tell their addresses.
    void offer() {
        offer(alice, session, ALICE);
        offer(bob, bobs(), BOB);
    }

    void offer(Node node, Session its, String... reflexive) {
        offer(node, its, NatBehavior.UNKNOWN, reflexive);
    }

    void offer(Node node, Session its, NatBehavior behavior, String... reflexive) {
        var candidates = new ArrayList<Candidate>();
        Arrays.stream(reflexive)
                .forEach(each -> candidates.add(candidate(Candidate.Type.SERVER_REFLEXIVE, each)));
        its.offer(new LocalCandidates(behavior, candidates), world.now);
        node.serve();
    }

    boolean bothDirect() {
        return isDirect(session) && isDirect(bobs());
    }

    static boolean isDirect(Session session) {
        return Route.isDirect(session.path().orElseThrow());
    }
}
