package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.testkit.NatType;
import natt.tests.sim.ReachWorld.Links;
import natt.tests.sim.ReachWorld.Outcome;
import natt.tests.sim.ReachWorld.Way;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Every pair of the laboratory's types, from a cold start of the caller.
class ReachMatrixSimTests {
    private static final int SEEDS = 20;
    private static final int MOST_MAPPINGS = 600;
    private static final int MOST_PER_SECOND = 200;

    /// o: plain simultaneous punching opens it; p: prediction does; b: one side is random, and many
    /// ports are tried; r: the relay; t: the relay, by TLS. Each row is a caller and all types
    /// from it on.
    private static final String EXPECTED =
            """
            full-cone              o o o o o o o o o o o o t t
            full-cone-random         o o o o o o o o o o o t t
            addr-restricted            o o o o o o o o o o t t
            port-restricted              o o b b p b o b o t t
            port-restricted-random         o b b p b o b o t t
            symmetric                        r r r r b r b t t
            symmetric-addr                     r r r b r b t t
            symmetric-seq                        p r p r p t t
            symmetric-open                         o b r b t t
            linux                                    o b o t t
            linux-random                               r b t t
            firewall                                     o t t
            udp-blocked                                    t t
            dns-only                                         t
            """;

    private static final List<Outcome> ALL = new ArrayList<>();

    @BeforeAll
    static void callAll() {
        for (NatType caller : ReachWorld.TYPES) {
            for (NatType called : ReachWorld.TYPES) {
                if (caller.compareTo(called) <= 0) {
                    ALL.add(ReachWorld.call(1, caller, called, Links.USUAL));
                }
            }
        }
    }

    private static char expected(Outcome of) {
        int row = ReachWorld.TYPES.indexOf(of.caller());
        int column = ReachWorld.TYPES.indexOf(of.called());
        return EXPECTED.lines().toList().get(row).charAt(23 + 2 * column);
    }

    private static void each(char kind, Consumer<Outcome> check) {
        List<Executable> checks =
                ALL.stream()
                        .filter(each -> expected(each) == kind)
                        .<Executable>map(each -> () -> check.accept(each))
                        .toList();
        assertTrue(checks.size() > 1);
        assertAll(checks);
    }

    private static void assertDirect(Outcome outcome, double most) {
        double seconds = outcome.direct().orElse(Double.POSITIVE_INFINITY);
        assertTrue(seconds <= most, outcome::toString);
    }

    @Test
    void everyPairCarriesAnEchoWithinThreeSeconds() {
        assertEquals(105, ALL.size());
        assertAll(ALL.stream().map(each -> () -> assertTrue(each.echo() < 3, each::toString)));
    }

    @Test
    void whatPlainPunchingOpensIsDirectWithinTwoSeconds() {
        each(
                'o',
                each -> {
                    assertEquals(Way.DIRECT, each.way(), each::toString);
                    assertDirect(each, 2);
                });
    }

    @Test
    void natsThatCountArePredicted() {
        each(
                'p',
                each -> {
                    assertEquals(Way.PREDICTION, each.way(), each::toString);
                    assertDirect(each, 10);
                });
    }

    @Test
    void theRestIsRelayed() {
        each('r', each -> assertEquals(Way.RELAY, each.way(), each::toString));
        each('t', each -> assertEquals(Way.TLS, each.way(), each::toString));
    }

    @Test
    void noSearchMakesMoreThan600MappingsOrSendsMoreThan200PacketsInASecond() {
        assertAll(ALL.stream().map(each -> () -> assertBounded(each)));
    }

    private static void assertBounded(Outcome outcome) {
        assertTrue(outcome.mostMappings() <= MOST_MAPPINGS, outcome::toString);
        assertTrue(outcome.mostPerSecond() <= MOST_PER_SECOND, outcome::toString);
    }

    /// How often a call has a direct path within 15 seconds.
    private static long direct(NatType caller, NatType called) {
        List<Outcome> outcomes =
                IntStream.rangeClosed(1, SEEDS)
                        .parallel()
                        .mapToObj(seed -> ReachWorld.call(seed, caller, called, Links.USUAL))
                        .toList();
        outcomes.forEach(ReachMatrixSimTests::assertBounded);
        return outcomes.stream()
                .filter(each -> each.direct().orElse(ReachWorld.LIMIT) <= 15)
                .count();
    }

    private static void assertOftenDirect(NatType one, NatType other) {
        assertTrue(direct(one, other) >= SEEDS * 0.9, one + " calls " + other);
        assertTrue(direct(other, one) >= SEEDS * 0.9, other + " calls " + one);
    }

    @ParameterizedTest
    @EnumSource(names = {"SYMMETRIC", "SYMMETRIC_ADDR", "SYMMETRIC_OPEN", "LINUX_RANDOM"})
    void oneRandomSideIsFoundByBirthdayInNineOfTenTries(NatType random) {
        assertOftenDirect(random, NatType.PORT_RESTRICTED);
        assertOftenDirect(random, NatType.PORT_RESTRICTED_RANDOM);
        assertOftenDirect(random, NatType.FIREWALL);
        if (random != NatType.LINUX_RANDOM) {
            assertOftenDirect(random, NatType.LINUX);
        }
    }

    @Test
    void aCallerThatLearnsItsNatsBehaviorAmongManyPortsDoesNotBeginAgain() {
        // The called node has begun its search of many ports once, and would not again.
        Outcome outcome =
                ReachWorld.call(2, NatType.PORT_RESTRICTED, NatType.SYMMETRIC, Links.USUAL);
        assertEquals(Way.BIRTHDAY, outcome.way(), outcome::toString);
    }

    @Test
    void pairsThatPlainPunchingOpensAreDirectThroughLongerAndUnevenLinks() {
        for (var links :
                List.of(new Links(40, 10, 0), new Links(10, 40, 0), new Links(25, 15, 3))) {
            for (var pair :
                    List.of(
                            List.of(NatType.LINUX, NatType.LINUX),
                            List.of(NatType.LINUX, NatType.PORT_RESTRICTED),
                            List.of(NatType.FIREWALL, NatType.LINUX),
                            List.of(NatType.PORT_RESTRICTED, NatType.PORT_RESTRICTED_RANDOM),
                            List.of(NatType.SYMMETRIC, NatType.ADDR_RESTRICTED),
                            List.of(NatType.SYMMETRIC_OPEN, NatType.SYMMETRIC_OPEN))) {
                Outcome outcome = ReachWorld.call(3, pair.getFirst(), pair.getLast(), links);
                assertDirect(outcome, 2);
            }
        }
    }
}
