package natt.tests.sim;

import static natt.testkit.NatType.FULL_CONE;
import static natt.testkit.NatType.LINUX;
import static natt.testkit.NatType.PORT_RESTRICTED;
import static natt.testkit.NatType.SYMMETRIC;
import static natt.testkit.NatType.SYMMETRIC_OPEN;
import static natt.testkit.NatType.SYMMETRIC_SEQ;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.testkit.NatType;
import natt.testkit.SimNetwork;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/// Direct paths through NATs of the laboratory, from a relay. All of them are in the matrix.
class SearchSimTests {
    private static final List<NatType> TYPES =
            List.of(FULL_CONE, PORT_RESTRICTED, SYMMETRIC, SYMMETRIC_SEQ, LINUX);

    private static final int LIMIT = 15;

    private static void run(long seed, NatType a, NatType b, Consumer<SearchWorld> test) {
        SimNetwork.run(seed, network -> test.accept(new SearchWorld(network, a, b)));
    }

    private static char outcome(SearchWorld world) {
        world.connect(true);
        OptionalDouble seconds = world.secondsUntilDirect(LIMIT);
        if (seconds.isEmpty()) {
            return '-';
        }
        return seconds.getAsDouble() < 2 ? 'o' : seconds.getAsDouble() < 5 ? 'p' : 'b';
    }

    /// o: the known candidates, p: prediction, b: birthday.
    @Test
    void pairsOfNatsGetThePathThatTheyCanHave() {
        var table = new StringBuilder();
        for (NatType one : TYPES) {
            for (NatType other : TYPES) {
                run(7, one, other, world -> table.append(outcome(world)));
            }
            table.append('\n');
        }
        assertEquals(
                """
                ooooo
                oobpo
                ob--b
                op-pp
                oobpo
                """,
                table.toString());
    }

    @Test
    void aRandomSideIsFoundNineTimesInTenByBirthdayWithinTheLimits() {
        int found = 0;
        for (int seed = 0; seed < 20; seed++) {
            boolean first = seed % 2 == 0;
            var direct = new boolean[1];
            run(
                    100 + seed,
                    first ? SYMMETRIC : PORT_RESTRICTED,
                    first ? PORT_RESTRICTED : SYMMETRIC,
                    world -> {
                        world.connect(true);
                        direct[0] = world.secondsUntilDirect(LIMIT).isPresent();
                        assertTrue(world.mappings(world.a) < 600);
                        assertTrue(world.mappings(world.b) < 600);
                        assertTrue(world.a.nat().mostOutPerSecond() <= 200);
                        assertTrue(world.b.nat().mostOutPerSecond() <= 200);
                        world.network.runFor(Duration.ofSeconds(3));
                        int kept = direct[0] ? 1 : 0;
                        assertEquals(
                                kept,
                                world.a.port.additionalSockets()
                                        + world.b.port.additionalSockets());
                    });
            found += direct[0] ? 1 : 0;
        }
        assertTrue(found >= 18, found + " of 20");
    }

    @Test
    void manyPortsAreNotTriedWhereNobodyAttests() {
        run(
                1,
                SYMMETRIC,
                PORT_RESTRICTED,
                world -> {
                    world.connect(false);
                    assertEquals(OptionalDouble.empty(), world.secondsUntilDirect(LIMIT));
                    assertEquals(0, world.a.port.additionalSockets());
                    assertTrue(world.mappings(world.a) + world.mappings(world.b) < 60);
                    assertFalse(world.a.there().search().whyRelayed().isEmpty());
                });
    }

    @Test
    void pathsThatWorkAreKept() {
        for (var pair :
                List.of(
                        List.of(PORT_RESTRICTED, LINUX),
                        List.of(SYMMETRIC_SEQ, PORT_RESTRICTED),
                        List.of(SYMMETRIC_OPEN, SYMMETRIC_OPEN))) {
            run(
                    3,
                    pair.getFirst(),
                    pair.getLast(),
                    world -> {
                        world.connect(true);
                        assertTrue(world.secondsUntilDirect(LIMIT).isPresent());
                        world.network.runFor(Duration.ofSeconds(10));
                        long moved = moved(world);
                        world.network.runFor(Duration.ofMinutes(10));
                        assertTrue(world.a.isDirect() && world.b.isDirect());
                        assertEquals(moved, moved(world));
                    });
        }
    }

    private static long moved(SearchWorld world) {
        return world.a.there().counters().get("moved") + world.b.there().counters().get("moved");
    }
}
