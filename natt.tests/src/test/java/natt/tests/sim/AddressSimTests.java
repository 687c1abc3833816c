package natt.tests.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.sim.AddressScenarios.Traffic;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sessions whose addresses change, and whose paths become narrow. Nothing is lost in any of them.
class AddressSimTests {
    private static void assertAtMost(double limit, double seconds) {
        assertTrue(seconds <= limit, seconds + " s");
    }

    @ParameterizedTest
    @ValueSource(ints = {1100, 576})
    void aMegabyteGoesEachWayInFiveSecondsOnAPathThatIsNarrowFromTheStart(int mtu) {
        assertAtMost(5, AddressScenarios.narrowFromTheStart(mtu));
    }

    @ParameterizedTest
    @CsvSource({"1280, UPLOAD", "1100, UPLOAD", "576, UPLOAD", "1100, DOWNLOAD", "576, DOWNLOAD"})
    void aPathThatBecomesNarrowStopsATransferForFiveSecondsAtMost(int mtu, Traffic traffic) {
        assertAtMost(5, AddressScenarios.shrinks(mtu, traffic));
    }

    @Test
    void aCallerInUseIsFollowedBehindAnotherMappingInASecondAndAHalf() {
        assertAtMost(1.5, AddressScenarios.callerRebinds(Traffic.UPLOAD, 20));
    }

    /// The caller's keepalive, every 15 s, shows the host its new mapping; the answer to a
    /// challenge proves it.
    @Test
    void anIdleCallerIsFollowedBehindAnotherMappingWithItsNextKeepalive() {
        assertAtMost(15.1, AddressScenarios.callerRebinds(Traffic.NONE, 20));
    }

    @ParameterizedTest
    @EnumSource(names = {"UPLOAD", "DOWNLOAD"})
    void anotherMappingStopsATransferForASecondAndAHalfAtMost(Traffic traffic) {
        assertAtMost(1.5, AddressScenarios.callerRebindsUnderLoad(traffic));
    }

    @Test
    void aHostThatSendsFromAnotherAddressIsFollowedInThreeSeconds() {
        assertAtMost(3, AddressScenarios.hostMovesWhileItSends());
    }

    @ParameterizedTest
    @EnumSource(names = {"UPLOAD", "DOWNLOAD"})
    void aHostThatHasMovedIsFoundThroughDnsInTwentySeconds(Traffic traffic) {
        assertAtMost(20, AddressScenarios.hostMovesBehindAFilter(traffic));
    }

    @ParameterizedTest
    @EnumSource(names = {"UPLOAD", "DOWNLOAD"})
    void whenBothMoveTheyMeetThroughDnsInTwentySeconds(Traffic traffic) {
        assertAtMost(20, AddressScenarios.bothMove(traffic));
    }

    @Test
    void whenBothMoveAtRestTheyMeetThroughDnsInSeventyFiveSeconds() {
        assertAtMost(75, AddressScenarios.bothMove(Traffic.NONE));
    }
}
