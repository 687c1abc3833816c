package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.TunLab;
import natt.tests.TunLab.End;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// `natt tun` as an ordinary user, with a device that an administrator has made and without one.
@Requires({Need.TUN, Need.IMAGE})
@Timeout(60)
class TunUserLabTests {
    private static final String NOBODY = "65534";
    private static final String PREPARED = "given0";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;
    @TempDir Path usersOwn;

    private TunLab lab;
    private Path image;

    @BeforeEach
    void start() throws Exception {
        lab = TunLab.up(processes, directory);
        image = readableImage();
    }

    @AfterEach
    void end() {
        lab.close();
    }

    /// The image, or a copy where others may not look into its directory.
    private Path readableImage() {
        var asUser =
                new String[] {"setpriv", "--reuid", NOBODY, "--clear-groups", "--regid", NOBODY};
        String natt = Natt.program("natt");
        var line = new ArrayList<>(List.of(asUser));
        line.addAll(List.of("test", "-x", natt));
        if (Programs.run(line.toArray(String[]::new)).status() == 0) {
            return Natt.IMAGE;
        }
        Path copy = usersOwn.resolve("image");
        Programs.mustRun("cp", "-a", Natt.IMAGE.toString(), copy.toString());
        return copy;
    }

    /// Prepares an end on `hostA` of a user without rights.
    private Processes.Start asUser(String... options) {
        Path home = usersOwn.resolve("home");
        var node = new Node(home);
        Programs.mustRun("chown", "-R", NOBODY + ":" + NOBODY, usersOwn.toString());
        String natt = image.resolve("bin/natt").toString();
        return processes
                .prepare(
                        "natt tun of a user",
                        lab.network().on(End.A.host, "setpriv", "--reuid", NOBODY))
                .with("--regid", NOBODY, "--clear-groups", natt, "tun")
                .with("--broker", lab.broker().address(), "--name", "a", "--peer", "b")
                .with("--local", End.A.four(), "--remote", End.B.four())
                .with(options)
                .env(node.environment())
                .env("HOME", home.toString());
    }

    private void prepareDevice() {
        lab.ip(End.A.host, "tuntap add dev " + PREPARED + " mode tun user " + NOBODY);
        lab.ip(
                End.A.host,
                "addr add %s peer %s dev %s".formatted(End.A.four(), End.B.four(), PREPARED));
        lab.ip(End.A.host, "link set " + PREPARED + " mtu 1420 up");
    }

    @Test
    void aPreparedDeviceNeedsNoRightsAndStays() throws Exception {
        prepareDevice();
        lab.prepareWith(End.B, End.B.four()).start();
        List<String> before = lab.everything(End.A.host);
        RunningProcess a = asUser("--dev", PREPARED).start();
        lab.awaitConnected(End.A);
        lab.transfer(End.A, End.A.four(), 5_000_000).await(LIMIT);
        a.terminate();
        a.awaitExit(Duration.ofSeconds(3));
        assertEquals(addresses(before), addresses(lab.everything(End.A.host)));
        assertTrue(lab.has(End.A.host, PREPARED));
    }

    /// Without devices, of which one more without a reader has no carrier.
    private static List<String> addresses(List<String> everything) {
        return everything.stream().filter(line -> line.contains("inet ")).toList();
    }

    @Test
    void withoutADeviceOneLineSaysWhatIsMissing() throws Exception {
        assertEquals(1, refused(asUser()));
        assertFalse(lab.has(End.A.host, TunLab.DEVICE));
    }

    @Test
    void aDeviceOfSomebodyElseIsRefusedInOneLine() throws Exception {
        lab.ip(End.A.host, "tuntap add dev other0 mode tun user 1");
        assertEquals(1, refused(asUser("--dev", "other0")));
    }

    @Test
    void aDeviceThatIsInUseIsRefusedInOneLine() throws Exception {
        lab.prepare(End.B).start();
        RunningProcess a = lab.prepare(End.A).start();
        lab.awaitConnected(End.A);
        assertEquals(
                1,
                refused(
                        lab.prepare("hostA", "c")
                                .with("--peer", "b")
                                .with("--local", "10.30.0.1", "--remote", "10.30.0.2")));
        assertTrue(a.isAlive());
        lab.awaitConnected(End.A);
    }

    private static int refused(Processes.Start start) throws Exception {
        RunningProcess process = start.start();
        int status = process.awaitExit(LIMIT);
        assertEquals(1, process.count(""), process::text);
        return status;
    }
}
