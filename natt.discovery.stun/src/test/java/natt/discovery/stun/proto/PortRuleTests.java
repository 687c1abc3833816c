package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.PortAllocation;

import org.junit.jupiter.api.Test;

class PortRuleTests {

    private static void assertStep(int step, int... mapped) {
        assertEquals(new PortAllocation.Sequential(step), PortRule.of(mapped));
    }

    private static void assertRandom(int... mapped) {
        assertEquals(new PortAllocation.Random(), PortRule.of(mapped));
    }

    @Test
    void equalStepsAreASequence() {
        assertStep(1, 5000, 5001, 5002, 5003);
        assertStep(2, 5000, 5002, 5004, 5006, 5008);
        assertStep(-1, 5003, 5002, 5001, 5000);
    }

    @Test
    void mappingsOfOthersInBetweenOnlyWidenSteps() {
        assertStep(1, 5000, 5001, 5009, 5010, 5013);
        assertStep(2, 5000, 5006, 5008, 5012);
    }

    @Test
    void aSequenceMayStartAgainOnce() {
        assertStep(1, 65534, 65535, 1024, 1025);
        assertStep(1, 65535, 0, 1, 2);
        assertStep(1, 2999, 3000, 2000, 2001, 2002);
    }

    @Test
    void everythingElseIsRandom() {
        assertRandom(5000, 41000, 12345, 33333);
        assertRandom(5000, 5001, 41000, 5002);
        assertRandom(5000, 5000, 5000, 5000);
        assertRandom(5000, 5100, 5200, 5300);
    }

    @Test
    void threeSamplesAreTooFew() {
        assertEquals(new PortAllocation.Unknown(), PortRule.of(new int[] {1, 2, 3}));
        assertEquals(new PortAllocation.Unknown(), PortRule.of(new int[0]));
    }

    @Test
    void oneInFourMayHaveFoundItsPortTaken() {
        int[] local = {1000, 1001, 1002, 1003};
        assertEquals(true, PortRule.preserves(local, new int[] {1000, 1001, 1002, 1003}));
        assertEquals(true, PortRule.preserves(local, new int[] {1000, 9999, 1002, 1003}));
        assertEquals(false, PortRule.preserves(local, new int[] {1000, 9999, 1002, 9998}));
        assertEquals(false, PortRule.preserves(local, new int[] {9999, 1001, 1002}));
        assertEquals(false, PortRule.preserves(local, new int[0]));
    }
}
