package natt.tests.lab;

import natt.tests.Measured;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.TunLab;
import natt.tests.TunLab.End;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Duration;

/// `natt tun` where the way is hard to find, or there is none but the relay.
@Requires({Need.TUN, Need.NATLAB, Need.IMAGE})
@Timeout(60)
class TunNatLabTests {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({
        "symmetric, addr-restricted, direct",
        "symmetric, port-restricted, any way",
        "symmetric, symmetric, by relay",
    })
    void oneOrTwoSymmetricSidesAreConnected(String a, String b, String how) throws Exception {
        try (TunLab lab = TunLab.between(processes, directory, a, b)) {
            lab.prepare(End.A).start();
            lab.prepare(End.B).start();
            Measured.say("tunnel of " + a + " and " + b, lab.awaitConnected(End.A));
            if (how.equals("direct")) {
                lab.awaitDirect();
            } else if (how.equals("by relay")) {
                lab.awaitWhyRelayed(End.A);
            }
            Duration took = lab.transfer(End.A, End.A.four(), 5_000_000).await(LIMIT);
            Measured.say("5 MB then", took);
            lab.awaitConnected(End.B);
        }
    }
}
