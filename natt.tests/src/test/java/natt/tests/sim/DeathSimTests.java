package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.AddressScenarios.Traffic;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;

/// Processes that end without a word, or stand still.
class DeathSimTests {
    private static void assertAtMost(double limit, double seconds) {
        assertTrue(seconds <= limit, seconds + " s");
    }

    @ParameterizedTest
    @CsvSource({"UPLOAD, 5", "DOWNLOAD, 5", "NONE, 20"})
    void theStreamsOfAHostThatWasStartedAgainEndInTime(Traffic traffic, double limit) {
        assertAtMost(limit, DeathScenarios.hostRestarts(traffic));
    }

    /// Counted from what was heard last, which arrives after the death.
    @ParameterizedTest
    @CsvSource({"UPLOAD, 15.1", "NONE, 35.1"})
    void aHostThatStaysDeadIsNoticedInTime(Traffic traffic, double limit) {
        assertAtMost(limit, DeathScenarios.hostStaysDead(traffic));
    }

    /// A minute without a path, which is noticed after 15 s in use and 30 s at rest.
    @ParameterizedTest
    @CsvSource({"DOWNLOAD, 76", "NONE, 91"})
    void aHostKeepsAYoungSessionOfADeadCallerForAMinute(Traffic traffic, double limit) {
        assertAtMost(limit, DeathScenarios.callerDies(Duration.ofSeconds(20), traffic));
    }

    @Test
    void aHostKeepsAnOldSessionOfADeadCallerForTwelveHours() {
        double seconds = DeathScenarios.callerDies(Duration.ofMinutes(4), Traffic.NONE);
        assertTrue(seconds > 12 * 3600, seconds + " s");
        assertAtMost(12 * 3600 + 31, seconds);
    }

    @ParameterizedTest
    @CsvSource({"UPLOAD, 0", "DOWNLOAD, 0", "UPLOAD, 20", "DOWNLOAD, 20"})
    void aTransferGoesOnInThreeSecondsAfterAProcessWasStoppedForEightHours(
            Traffic traffic, int networkLater) {
        var later = Duration.ofSeconds(networkLater);
        assertAtMost(3, DeathScenarios.callerSleeps(traffic, true, later));
    }

    @ParameterizedTest
    @CsvSource({"UPLOAD, 0", "DOWNLOAD, 0", "UPLOAD, 20", "DOWNLOAD, 20"})
    void aTransferGoesOnInThreeSecondsAfterAMachineHasSleptForEightHours(
            Traffic traffic, int networkLater) {
        var later = Duration.ofSeconds(networkLater);
        assertAtMost(3, DeathScenarios.callerSleeps(traffic, false, later));
    }

    @Test
    void jumpsOfTheClockDropNoSessionAndLoseNoByte() {
        double calm = DeathScenarios.clocksJump(0);
        assertAtMost(2 * calm, DeathScenarios.clocksJump(20));
    }
}
