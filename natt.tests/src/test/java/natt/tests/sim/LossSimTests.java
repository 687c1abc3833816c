package natt.tests.sim;

import static natt.tests.sim.LossScenarios.MEGA;
import static natt.tests.sim.LossScenarios.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.LossScenarios.Damage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;

/// Sessions on links that lose, mix up and damage datagrams, with round trips of 50 ms.
class LossSimTests {
    @ParameterizedTest
    @CsvSource({"0.01, 5", "0.10, 10", "0.20, 20", "0.40, 60"})
    void tenMegabytesArriveByteExactInTime(double loss, double limit) {
        double seconds = LossScenarios.transferSeconds(line().withLoss(loss), 10 * MEGA);
        assertTrue(seconds <= limit, seconds + " s");
    }

    @Test
    void ninetyNineOfAHundredEchoesTakeFourRoundTripsAtMostAtTwentyPercentLoss() {
        double roundTrips = LossScenarios.echoRoundTrips(0.20, 2000);
        assertTrue(roundTrips <= 4, roundTrips + " round trips");
    }

    @Test
    void theSessionIsUpInFiveSecondsAtTwentyPercentLoss() {
        double part = LossScenarios.upInTime(0.20, Duration.ofSeconds(5), 2000);
        assertTrue(part >= 0.999, "part " + part);
    }

    @Test
    void theSessionIsUpInTenSecondsAtFortyPercentLoss() {
        double part = LossScenarios.upInTime(0.40, Duration.ofSeconds(10), 500);
        assertTrue(part >= 0.99, "part " + part);
    }

    @Test
    void disorderAndDuplicatesChangeNoByteAndCostLessThanThirtyPercentOfTheRate() {
        double clean = LossScenarios.transferSeconds(line(), 20 * MEGA);
        var disorder = line().withReorder(0.25, Duration.ofMillis(10)).withDuplicate(0.10);
        double mixed = LossScenarios.transferSeconds(disorder, 20 * MEGA);
        assertTrue(clean / mixed >= 0.7, clean + " s clean, " + mixed + " s mixed up");
    }

    @Test
    void noFlippedBitReachesAReaderAndEachIsCounted() {
        Damage damage = LossScenarios.damage(20 * MEGA);
        assertTrue(damage.flipped() > 100, damage.toString());
        assertEquals(damage.flipped(), damage.counted());
    }
}
