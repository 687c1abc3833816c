package natt.core.doctor;

import static natt.core.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.core.Dependence.ADDRESS_DEPENDENT;
import static natt.core.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.doctor.Side.Six;
import natt.core.doctor.Verdict.Way;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class VerdictTests {
    static final Side FULL_CONE = side(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT);
    static final Side ADDRESS_RESTRICTED = side(ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT);
    static final Side PORT_RESTRICTED = side(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT);
    static final Side RANDOM =
            Side.of(
                    ADDRESS_AND_PORT_DEPENDENT,
                    ADDRESS_AND_PORT_DEPENDENT,
                    new PortAllocation.Random());
    static final Side OPEN_RANDOM =
            Side.of(ADDRESS_AND_PORT_DEPENDENT, ENDPOINT_INDEPENDENT, new PortAllocation.Random());
    static final Side COUNTING =
            Side.of(
                    ADDRESS_AND_PORT_DEPENDENT,
                    ADDRESS_AND_PORT_DEPENDENT,
                    new PortAllocation.Sequential(1));

    private static Side side(Dependence mapping, Dependence filtering) {
        return Side.of(mapping, filtering, new PortAllocation.Preserving());
    }

    private static Way way(Side one, Side other) {
        return Verdict.of(one, other).way();
    }

    @Test
    void everyPairOfHouseholdTypesMeetsInTheWayOfTheTable() {
        Side[] sides = {
            FULL_CONE, ADDRESS_RESTRICTED, PORT_RESTRICTED, COUNTING, RANDOM, Side.BLOCKED
        };
        List<String> expected =
                List.of(
                        "DIRECT DIRECT DIRECT DIRECT DIRECT RELAY",
                        "DIRECT PUNCHING PUNCHING PUNCHING PUNCHING RELAY",
                        "DIRECT PUNCHING PUNCHING PREDICTION BIRTHDAY RELAY",
                        "DIRECT PUNCHING PREDICTION PREDICTION RELAY RELAY",
                        "DIRECT PUNCHING BIRTHDAY RELAY RELAY RELAY",
                        "RELAY RELAY RELAY RELAY RELAY RELAY");
        var found = new ArrayList<String>();
        for (Side one : sides) {
            var row = new ArrayList<String>();
            for (Side other : sides) {
                row.add(way(one, other).name());
                assertEquals(Verdict.of(one, other), Verdict.of(other, one));
            }
            found.add(String.join(" ", row));
        }
        assertEquals(expected, found);
    }

    @Test
    void aBirthdaySearchSaysItsOddsAndItsTime() {
        Verdict verdict = Verdict.of(PORT_RESTRICTED, RANDOM);
        // 400 sockets, 560 probes of 64512 ports, 95 a second.
        assertEquals(1 - Math.pow(1 - 400 / 64_512.0, 560), verdict.odds(), 1e-9);
        assertEquals(Duration.ofSeconds(6), verdict.within());
        assertEquals(
                "direct by birthday search, about 97 %, up to 6 s; else relay", verdict.describe());
        assertTrue(verdict.needsBroker());
    }

    @Test
    void aSymmetricNatWithAnOpenFilterMeetsAnotherOneByPunchingOnlyIfThatDoesNotFilterByPort() {
        assertEquals(Way.PUNCHING, way(OPEN_RANDOM, OPEN_RANDOM));
        assertEquals(Way.RELAY, way(OPEN_RANDOM, RANDOM));
    }

    @Test
    void aMappedPortMakesASideOpenToAllWhoseUdpPasses() {
        var mapped = new Side(RANDOM.behavior(), true, true, true, Six.NONE);
        assertEquals(Way.DIRECT, way(mapped, RANDOM));
        assertEquals(Way.RELAY, way(mapped, Side.BLOCKED));
        assertFalse(Verdict.of(mapped, RANDOM).needsBroker());
    }

    @Test
    void twoSidesWithIpv6MeetByIt() {
        var filtered = new Side(RANDOM.behavior(), true, true, false, Six.FILTERED);
        var open = new Side(RANDOM.behavior(), true, true, false, Six.OPEN);
        assertEquals(Way.PUNCHING, way(filtered, filtered));
        assertEquals(Way.DIRECT, way(filtered, open));
        assertEquals(Way.RELAY, way(open, RANDOM));
    }

    @Test
    void whatIsNotKnownIsNotPromised() {
        var unknown = new Side(NatBehavior.UNKNOWN, true, true, false, Six.NONE);
        Verdict verdict = Verdict.of(unknown, PORT_RESTRICTED);
        assertEquals(Way.PUNCHING, verdict.way());
        assertTrue(Double.isNaN(verdict.odds()));
        assertEquals("direct if punching opens a path, else relay", verdict.describe());
    }
}
