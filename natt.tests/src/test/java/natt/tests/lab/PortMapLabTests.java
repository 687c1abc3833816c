package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Home;
import natt.tests.MiniLab;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.Router;
import natt.tests.Router.Speaks;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.time.Duration;

/// natts behind a router that lets in only whom natts has called, but maps ports: miniupnpd.
@Requires({Need.ROOT_NETNS, Need.GO_KCP, Need.SSHD, Need.IMAGE, Need.MINIUPNPD})
@Timeout(120)
class PortMapLabTests {
    private static final Duration STOP = Duration.ofSeconds(3);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void nattsIsReachedThroughTheMappingWhichItTakesBackAtItsEnd(Speaks only) throws Exception {
        MiniLab lab = MiniLab.up();
        try (Home home = Home.inMiniLab(processes, lab, Home.Wire.SESSIONS, directory)) {
            Router router = Router.start(processes, lab, directory, only);
            RunningProcess natts = home.startNatts();
            natts.awaitLine(
                    "the gateway maps 11.0.0.12:30000 to this port \\(%s\\)"
                            .formatted(only.shown()),
                    Home.SOON);
            natts.awaitLine("published .*a=11.0.0.12:30000", Home.SOON);
            assertEquals(1, router.mappings().size());
            assertTrue(router.mappings().getFirst().contains("192.168.2.2:30000"));

            RunningProcess ssh = home.ssh("echo here").start();
            ssh.awaitLine("^here$", Home.SOON);
            assertEquals(0, ssh.awaitExit(Home.SOON));
            status(lab, home).awaitLine("11.0.0.12:30000 by " + only.shown(), Home.SOON);

            natts.terminate();
            assertEquals(0, natts.awaitExit(STOP));
            assertEquals(0, router.mappings().size());
        }
    }

    @Test
    void withoutAMappingTheSameRouterLetsNobodyIn() throws Exception {
        MiniLab lab = MiniLab.up();
        try (Home home = Home.inMiniLab(processes, lab, Home.Wire.SESSIONS, directory)) {
            Router router = Router.start(processes, lab, directory, Speaks.PCP);
            home.startNatts("--port-map", "off").awaitLine("a=11.0.0.12:30000", Home.SOON);
            RunningProcess ssh = home.ssh("echo here").start();
            boolean waits = ssh.survives(Duration.ofSeconds(5));
            assertTrue(waits || ssh.awaitExit(Home.SOON) != 0);
            assertEquals(0, ssh.count("^here$"));
            assertEquals(0, router.mappings().size());
        }
    }

    @Test
    void aMappingThatLeadsToAnotherNatIsSaidAndNotPublished() throws Exception {
        MiniLab lab = MiniLab.up();
        try (Home home = Home.inMiniLab(processes, lab, Home.Wire.SESSIONS, directory)) {
            Router.start(processes, lab, directory, Speaks.PCP, "ext_ip=12.0.0.12");
            RunningProcess natts = home.startNatts();
            natts.awaitLine(
                    "maps 12.0.0.12:30000, and the STUN servers see 11.0.0.12: there is another"
                            + " NAT",
                    Home.SOON);
            status(lab, home).awaitLine("12.0.0.12:30000 by PCP, .* unused", Home.SOON);
            assertEquals(0, natts.count("published .*12.0.0.12:30000.*"));
        }
    }

    private RunningProcess status(MiniLab lab, Home home) throws Exception {
        return processes
                .prepare("status", lab.on("hostB", Natt.program("natt"), "status"))
                .env(home.host().environment())
                .start();
    }
}
