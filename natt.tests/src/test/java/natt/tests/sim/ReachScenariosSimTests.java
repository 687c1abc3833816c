package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.SessionEvent;
import natt.rendezvous.proto.Sleeper;
import natt.testkit.NatType;
import natt.testkit.SimHost;
import natt.testkit.SimNat.Hairpinning;
import natt.testkit.SimNetwork;
import natt.testkit.SimRealm;
import natt.testkit.SimTranslator;

import org.junit.jupiter.api.Test;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Calls by way of a broker in networks that are more than two NATs, and sessions whose paths die.
class ReachScenariosSimTests {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final long MEGA = 1_000_000;
    private static final String A = "203.0.113.11";
    private static final String B = "203.0.113.12";

    private final SimNetwork network = new SimNetwork(5);
    private final ReachBroker broker = new ReachBroker(network);

    private ReachNode node(SimHost host, boolean waits) {
        ReachWorld.shape(host, waits ? 20 : 10, 0);
        var node = new ReachNode(network, broker, host, 30_000, waits);
        network.runUntil(() -> waits ? node.isReady() : node.isRegistered(), LONG);
        return node;
    }

    private SimHost home(SimRealm outside, SimTranslator.Model model, String name, String address) {
        String inside = name.equals("a") ? "192.168.1.2" : "192.168.2.2";
        return outside.addHostBehind(model, name, address, inside);
    }

    private SimHost home(NatType type, String name, String address) {
        return home(network.internet(), type.model(), name, address);
    }

    private static final class Call {
        private final ReachNode a;
        private final ReachNode b;

        Call(ReachNode a, ReachNode b) {
            this.a = a;
            this.b = b;
        }

        boolean isDirect() {
            return a.isDirect(b) && b.isDirect(a);
        }

        boolean isRelayed() {
            return a.path(b).isPresent() && !a.isDirect(b) && !b.isDirect(a);
        }
    }

    /// Calls, and waits for the first byte that comes back.
    private Call call(SimHost from, SimHost to) {
        ReachNode b = node(to, true);
        ReachNode a = node(from, false);
        a.call(b);
        Echoes echoes = a.echoes(b);
        echoes.send(1, network.nanoTime());
        network.runUntil(echoes::idle, Duration.ofSeconds(3));
        return new Call(a, b);
    }

    private void assertDirectWithin(Call call, Duration limit) {
        network.runUntil(call::isDirect, limit);
        network.runFor(Duration.ofSeconds(3));
        assertTrue(call.isDirect());
    }

    private void assertStaysRelayed(Call call) {
        network.runFor(LONG);
        assertTrue(call.isRelayed());
    }

    // ---- where the nodes are

    @Test
    void aNatBehindACarriersNatIsOpenedLikeOne() {
        SimRealm carrier =
                network.internet().addNat("cgn", A, NatType.PORT_RESTRICTED_RANDOM.model());
        SimHost a = home(carrier, NatType.LINUX.model(), "a", "100.64.0.2");
        SimHost b = home(NatType.PORT_RESTRICTED, "b", B);
        assertDirectWithin(call(a, b), Duration.ofSeconds(2));
    }

    private Call behindOneNat(Hairpinning hairpinning) {
        var model = NatType.PORT_RESTRICTED.behavior().with(hairpinning);
        SimRealm home = network.internet().addNat("home", A, model);
        return call(home.addHost("a", "192.168.1.2"), home.addHost("b", "192.168.1.3"));
    }

    @Test
    void nodesBehindOneNatThatDoesNotHairpinMeetInsideIt() {
        Call call = behindOneNat(Hairpinning.NONE);
        assertDirectWithin(call, Duration.ofSeconds(2));
        assertEquals("192.168.1.3", literal(call.a, call.b));
    }

    @Test
    void nodesBehindOneNatThatHairpinsAreDirect() {
        assertDirectWithin(behindOneNat(Hairpinning.EXTERNAL_SOURCE), Duration.ofSeconds(2));
    }

    private static String literal(ReachNode from, ReachNode to) {
        return from.path(to).orElseThrow().getAddress().getHostAddress();
    }

    private Call behindOneCarrier(Hairpinning hairpinning) {
        var model = NatType.PORT_RESTRICTED_RANDOM.behavior().with(hairpinning);
        SimRealm carrier = network.internet().addNat("cgn", A, model);
        return call(
                home(carrier, NatType.PORT_RESTRICTED.model(), "a", "100.64.0.2"),
                home(carrier, NatType.PORT_RESTRICTED.model(), "b", "100.64.0.3"));
    }

    @Test
    void homesOfOneCarrierWhoseNatHairpinsAreDirect() {
        assertDirectWithin(behindOneCarrier(Hairpinning.EXTERNAL_SOURCE), Duration.ofSeconds(2));
    }

    @Test
    void homesOfOneCarrierWhoseNatDoesNotHairpinAreRelayed() {
        assertStaysRelayed(behindOneCarrier(Hairpinning.NONE));
    }

    // ---- IPv6

    private SimHost ipv6Only(String name, String address) {
        SimRealm realm = network.internet().addNat("nat " + name, A, NatType.UDP_BLOCKED.model());
        realm.routeIpv6(NatType.FIREWALL.model());
        return realm.addHost(name, address);
    }

    @Test
    void aNodeWithIpv6OnlyReachesOneWithIpv4OnlyByTheRelay() {
        assertStaysRelayed(
                call(ipv6Only("a", "2001:db8:a::2"), home(NatType.PORT_RESTRICTED, "b", B)));
    }

    private SimHost dual(String name, String external, String inside, String ipv6) {
        SimRealm realm =
                network.internet().addNat("nat " + name, external, NatType.SYMMETRIC.model());
        realm.routeIpv6(NatType.FIREWALL.model());
        return realm.addHost(name, inside, ipv6);
    }

    @Test
    void twoFirewallsOfIpv6AreOpenedWhereIpv4IsHopeless() {
        Call call =
                call(
                        dual("a", A, "192.168.1.2", "2001:db8:a::2"),
                        dual("b", B, "192.168.2.2", "2001:db8:b::2"));
        assertDirectWithin(call, Duration.ofSeconds(2));
        InetAddress to = call.a.path(call.b).orElseThrow().getAddress();
        assertTrue(to instanceof Inet6Address);
    }

    // ---- what happens to paths

    @Test
    void aDirectPathThatDiesGivesWayToTheRelayAndComesBackWithoutLossOfAByte() {
        var nat = new BlockableNat(NatType.PORT_RESTRICTED.model());
        SimHost a = home(network.internet(), nat, "a", A);
        Call call = call(a, home(NatType.PORT_RESTRICTED, "b", B));
        assertDirectWithin(call, Duration.ofSeconds(2));
        network.runFor(Duration.ofSeconds(40));
        Exchange exchange = call.a.exchange(call.b, 1, 4 * MEGA, 4 * MEGA);
        nat.block(InetAddress.ofLiteral(B));
        network.runUntil(call::isRelayed, Duration.ofSeconds(6));
        network.runUntil(exchange::complete, LONG);
        assertTrue(call.isRelayed());
        nat.unblock(InetAddress.ofLiteral(B));
        network.runUntil(call::isDirect, Duration.ofSeconds(130));
        Exchange again = call.a.exchange(call.b, 2, MEGA, MEGA);
        network.runUntil(again::complete, LONG);
        assertTrue(call.isDirect());
    }

    @Test
    void aNatThatForgetsInTheMiddleOfATransferLosesNoByte() {
        SimHost a = home(NatType.PORT_RESTRICTED, "a", A);
        Call call = call(a, home(NatType.PORT_RESTRICTED, "b", B));
        assertDirectWithin(call, Duration.ofSeconds(2));
        Exchange exchange = call.a.exchange(call.b, 1, 8 * MEGA, 8 * MEGA);
        network.runFor(Duration.ofMillis(300));
        assertFalse(exchange.complete());
        a.realm().nat().rebind();
        network.runUntil(exchange::complete, LONG);
        network.runUntil(call::isDirect, Duration.ofSeconds(130));
    }

    @Test
    void aNatThatCountsIsPredictedThoughOthersTakePortsToo() {
        SimHost b = home(NatType.SYMMETRIC_SEQ, "b", B);
        b.realm().otherTraffic(Duration.ofMillis(500));
        Call call = call(home(NatType.PORT_RESTRICTED, "a", A), b);
        assertDirectWithin(call, LONG);
    }

    // ---- the broker

    @Test
    void noneOfTwentyPairsNoticesThatTheBrokerIsKilledAndStartedAgain() {
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            var type = i % 2 == 0 ? NatType.PORT_RESTRICTED : NatType.SYMMETRIC;
            calls.add(call(pairs(type, "a", i), pairs(type, "b", i)));
        }
        network.runFor(LONG);
        for (int i = 0; i < calls.size(); i++) {
            Call call = calls.get(i);
            assertTrue(i % 2 == 0 ? call.isDirect() : call.isRelayed());
            call.a.news.clear();
            call.b.news.clear();
        }
        List<Echoes> echoes = calls.stream().map(each -> each.a.echoes(each.b)).toList();
        echoes.forEach(each -> each.send(100, network.nanoTime()));
        network.runUntil(() -> echoes.stream().allMatch(Echoes::idle), SECOND);
        List<Sleeper> sleepers = broker.kill();
        assertEquals(40, sleepers.size());
        echoes.forEach(each -> each.send(1000, network.nanoTime()));
        network.runFor(SECOND);
        broker.start(sleepers);
        network.runUntil(
                () -> calls.stream().allMatch(each -> isBack(each.a) && isBack(each.b)),
                Duration.ofSeconds(5));
        network.runUntil(() -> echoes.stream().allMatch(Echoes::idle), Duration.ofSeconds(5));
        network.runFor(Duration.ofSeconds(60));
        for (Call call : calls) {
            assertUnnoticed(call.a);
            assertUnnoticed(call.b);
        }
    }

    private SimHost pairs(NatType type, String side, int i) {
        String address = "203.0.%d.%d".formatted(side.equals("a") ? 1 : 2, 10 + i);
        return home(network.internet(), type.model(), side + i, address);
    }

    private boolean isBack(ReachNode node) {
        return node.isRegistered();
    }

    private static void assertUnnoticed(ReachNode node) {
        for (SessionNode.News each : node.news) {
            boolean noticed =
                    each.event() instanceof SessionEvent.Suspended
                            || each.event() instanceof SessionEvent.Closed;
            assertFalse(noticed, each::toString);
        }
    }
}
