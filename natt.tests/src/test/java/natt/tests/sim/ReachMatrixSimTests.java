package natt.tests.sim;

import natt.testkit.NatType;
import natt.tests.sim.ReachWorld.Links;

import org.junit.jupiter.api.Test;

class ReachMatrixSimTests {
    @Test
    void all() {
        for (NatType a : ReachWorld.TYPES) {
            for (NatType b : ReachWorld.TYPES) {
                if (a.ordinal() <= b.ordinal()) {
                    long t = System.nanoTime();
                    String what;
                    try {
                        what = ReachWorld.call(1, a, b, Links.USUAL).toString();
                    } catch (AssertionError e) {
                        what = a + " " + b + " FAILED " + e.getMessage().lines().findFirst();
                    }
                    System.out.printf("%s [%d ms]%n", what, (System.nanoTime() - t) / 1_000_000);
                }
            }
        }
    }
}
