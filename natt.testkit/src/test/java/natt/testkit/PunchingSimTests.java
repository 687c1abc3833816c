package natt.testkit;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.Dependence;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// All pairs of NATs, both sides punching at once with server-reflexive candidates and learning
/// peer-reflexive ones, without prediction or relay.
class PunchingSimTests {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Test
    void fortyFiveOfEightyOnePairsConnectAndTheyAreThoseOfTheory() {
        int connected = 0;
        var surprises = new ArrayList<String>();
        for (Behavior a : behaviors()) {
            for (Behavior b : behaviors()) {
                boolean met = punch(a, b);
                connected += met ? 1 : 0;
                if (met != expected(a, b)) {
                    surprises.add(name(a) + " with " + name(b) + ": " + met);
                }
            }
        }
        assertEquals(List.of(), surprises);
        assertEquals(45, connected);
    }

    /// A side is reached first at its server-reflexive address. With two endpoint-independent
    /// mappings each knows from where the other sends. With one, the other side sends from a
    /// port nobody knows, so the known side's filter must not look at ports. With none, one
    /// side's unused server-reflexive mapping must let in anybody, so that it learns the other's
    /// real port; and that port must not filter by port.
    private static boolean expected(Behavior a, Behavior b) {
        boolean aKnown = a.mapping() == ENDPOINT_INDEPENDENT;
        boolean bKnown = b.mapping() == ENDPOINT_INDEPENDENT;
        boolean aByPort = a.filtering() == ADDRESS_AND_PORT_DEPENDENT;
        boolean bByPort = b.filtering() == ADDRESS_AND_PORT_DEPENDENT;
        if (aKnown || bKnown) {
            return aKnown && bKnown || !(aKnown ? aByPort : bByPort);
        }
        boolean aOpen = a.filtering() == ENDPOINT_INDEPENDENT;
        boolean bOpen = b.filtering() == ENDPOINT_INDEPENDENT;
        return aOpen && !bByPort || bOpen && !aByPort;
    }

    private static boolean punch(Behavior behaviorA, Behavior behaviorB) {
        var network = new SimNetwork(81);
        var server = new FakeStunServer(network.internet().addHost("stun", "192.0.2.1"), 3478);
        var lanA = network.internet().addNat("natA", "203.0.113.1", behaviorA);
        var lanB = network.internet().addNat("natB", "203.0.113.2", behaviorB);
        var a = new ToyPuncher(server.address(), network.random("a"));
        var b = new ToyPuncher(server.address(), network.random("b"));
        lanA.addHost("a", "192.168.0.2").bind(30_000, a);
        lanB.addHost("b", "192.168.0.2").bind(30_000, b);
        network.runUntil(
                () -> a.serverReflexive().isPresent() && b.serverReflexive().isPresent(), LIMIT);
        a.check(b.serverReflexive().orElseThrow(), network.nanoTime());
        b.check(a.serverReflexive().orElseThrow(), network.nanoTime());
        network.runFor(LIMIT);
        return a.valid().isPresent() && b.valid().isPresent();
    }

    private static List<Behavior> behaviors() {
        var all = new ArrayList<Behavior>();
        for (Dependence mapping : Dependence.values()) {
            for (Dependence filtering : Dependence.values()) {
                all.add(Behavior.of(mapping, filtering));
            }
        }
        return all;
    }

    private static String name(Behavior behavior) {
        return behavior.mapping() + " mapping and " + behavior.filtering() + " filtering";
    }
}
