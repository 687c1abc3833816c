package natt.discovery.portmap.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.concurrent.TimeUnit;

class EpochTests {
    /// Of a gateway that said 1000 at first.
    @ParameterizedTest
    @CsvSource({
        // One second of the clock's granularity is forgiven, two are not.
        "0, 999, false",
        "0, 998, true",
        "160, 1160, false",
        // A sixteenth slower, and two seconds.
        "160, 1148, false",
        "160, 1147, true",
        // A sixteenth faster, and two seconds.
        "160, 1172, false",
        "160, 1174, true",
        "3600, 5, true",
    })
    void aPcpGatewayHasRestartedWhenItsClockIsOff(long passed, long epoch, boolean restarted) {
        assertEquals(restarted, restarted(Epoch.ofPcp(), passed, epoch));
    }

    @ParameterizedTest
    @CsvSource({
        "160, 1160, false",
        // An eighth slower, and two seconds.
        "160, 1138, false",
        "160, 1137, true",
        "160, 9999, false",
        "3600, 5, true",
    })
    void aNatPmpGatewayHasRestartedWhenItsClockIsSlow(long passed, long epoch, boolean restarted) {
        assertEquals(restarted, restarted(Epoch.ofNatPmp(), passed, epoch));
    }

    @ParameterizedTest
    @CsvSource({"60, false", "6000, false"})
    void theClockMayWrapMeanwhile(long passed, boolean restarted) {
        Epoch epoch = Epoch.ofPcp();
        long start = Long.MAX_VALUE - 5;
        assertEquals(false, epoch.restarted(1_000, start));
        assertEquals(
                restarted,
                epoch.restarted(1_000 + passed, start + TimeUnit.SECONDS.toNanos(passed)));
    }

    private static boolean restarted(Epoch epoch, long passed, long seconds) {
        assertEquals(false, epoch.restarted(1_000, 0));
        return epoch.restarted(seconds, TimeUnit.SECONDS.toNanos(passed));
    }
}
