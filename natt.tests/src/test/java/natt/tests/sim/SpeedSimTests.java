package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.SpeedScenarios.Change;
import natt.tests.sim.SpeedScenarios.Transfer;
import natt.tests.sim.SpeedWorld.Path;

import org.junit.jupiter.api.Test;

import java.util.List;

/// How fast one session is on 100 Mbit/s with a queue of 50 ms, and what it leaves to others.
class SpeedSimTests {
    @Test
    void aLongPathIsFilled() {
        Transfer got = SpeedScenarios.transfer(1, Path.of(100, 100, 0.01), 10, 5, 10);
        assertTrue(got.firstMegabyte() <= 0.55, got.toString());
        assertTrue(got.early().megabits() >= 83 && got.early().wire() <= 1.15, got.toString());
        assertTrue(got.steady().megabits() >= 88 && got.steady().wire() <= 1.12, got.toString());
    }

    @Test
    void aLongPathThatLosesIsFilled() {
        Transfer got = SpeedScenarios.transfer(1, Path.of(100, 200, 0.05), 10, 8, 11);
        assertTrue(got.firstMegabyte() <= 1.2, got.toString());
        assertTrue(got.early().megabits() >= 70 && got.early().wire() <= 1.28, got.toString());
        assertTrue(got.steady().megabits() >= 85 && got.steady().wire() <= 1.16, got.toString());
    }

    @Test
    void aShortPathIsFilledWithoutAQueue() {
        Transfer got = SpeedScenarios.transfer(1, Path.of(100, 20, 0), 1, 1, 3);
        assertTrue(got.steady().megabits() >= 90 && got.steady().wire() <= 1.09, got.toString());
        assertTrue(got.queueMillis() <= 10 && got.acks() <= 0.012, got.toString());
    }

    @Test
    void aPathThatBecomesSlowAndFastAgainIsFilledWithinThreeSeconds() {
        Change got = SpeedScenarios.change(1, 20);
        assertTrue(got.slow() >= 8.5 && got.queueMillis() <= 50, got.toString());
        assertTrue(got.again() >= 85, got.toString());
    }

    @Test
    void aPathThatMixesUpItsDatagramsIsFilled() {
        Transfer got = SpeedScenarios.transfer(1, SpeedScenarios.mixedUp(40), 2, 2, 6);
        assertTrue(got.steady().megabits() >= 85 && got.steady().wire() <= 1.16, got.toString());
    }

    @Test
    void aPathThatLosesInBurstsIsFilled() {
        Transfer got = SpeedScenarios.transfer(1, SpeedScenarios.bursty(100), 5, 5, 10);
        assertTrue(got.steady().megabits() >= 85 && got.steady().wire() <= 1.16, got.toString());
    }

    /// A third is fair, a third of that the least.
    @Test
    void twoFlowsAndCubicLeaveEachOtherAPart() {
        leaveEachOtherAPart(new TcpFlow.Cubic());
    }

    @Test
    void twoFlowsAndBbrLeaveEachOtherAPart() {
        leaveEachOtherAPart(new TcpFlow.Bbr());
    }

    private static void leaveEachOtherAPart(TcpFlow.Law law) {
        List<Double> shares = SpeedScenarios.shares(Path.of(100, 40, 0), 2, law, false, 40);
        assertTrue(shares.stream().allMatch(each -> each >= 100 / 3.0 / 3), shares.toString());
    }

    @Test
    void processesThatStandNowAndThenKeepFourFifthsOfTheRate() {
        double got = SpeedScenarios.onBusyMachines(1, 100);
        assertTrue(got >= 75, got + " Mbit/s");
    }
}
