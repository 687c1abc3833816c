package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import natt.tests.Home;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.nio.file.Path;
import java.util.List;

/// sshd tells clients apart by the addresses that natts dials it from.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(120)
@Execution(ExecutionMode.CONCURRENT)
class ClientSourceTests {
    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void sshdSeesEachClientAtALoopbackAddressOfItsOwn() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            Node other = home.node("other");
            home.host().admit(home.client().key().toString(), other.key() + " other");
            home.startNatts();
            String first = sourceOf(home, home.client());
            String second = sourceOf(home, other);
            assertNotEquals(first, second);
            assertEquals(first, sourceOf(home, home.client()));
            assertNotEquals("127.0.0.1", first);
            assertNotEquals("127.0.0.1", second);
        }
    }

    private static String sourceOf(Home home, Node client) throws Exception {
        RunningProcess sshd = home.sshd().process();
        int before = sshd.mark();
        RunningProcess ssh = home.sshAs(client, List.of(), "true").start();
        assertEquals(0, ssh.awaitExit(Home.SOON));
        return sshd.awaitLine("Accepted publickey .* from (127[0-9.]+) port", before, Home.SOON)
                .group(1);
    }
}
