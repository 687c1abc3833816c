package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Home;
import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Node;
import natt.tests.Processes;
import natt.tests.RealBroker;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;

/// natts and nattc that find each other by a broker only, on the loopback.
@Requires({Need.SSHD, Need.IMAGE})
@Timeout(120)
class BrokerTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String WITHOUT_DNS = "cannot read";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    private static int freeUdp() throws IOException {
        try (var free = new DatagramSocket(0, LOOPBACK)) {
            return free.getLocalPort();
        }
    }

    private static int freeTcp() throws IOException {
        try (var free = new ServerSocket(0, 1, LOOPBACK)) {
            return free.getLocalPort();
        }
    }

    private RealBroker broker(String... options) throws Exception {
        String[] natt = {Natt.program("natt")};
        return RealBroker.start(processes, natt, directory, "127.0.0.1:" + freeUdp(), options);
    }

    /// A natts that publishes nothing; its ticket is the last word.
    private RunningProcess natts(Home home, String... options) throws Exception {
        return processes
                .prepare("natts", Natt.program("natts"))
                .with("--target-fqdn", Natt.NAME, "--ssh-target", "127.0.0.1:" + home.sshd().port())
                .with("--listen", "127.0.0.1:0", "--stun", "none", "--dns", "none")
                .with(options)
                .env(home.host().environment())
                .start();
    }

    private static String ticket(RunningProcess natts) throws Exception {
        return natts.awaitLine("nattc --target (natt://\\S+)", Home.SOON).group(1);
    }

    /// What nattc says to whom it cannot reach.
    private Run nattc(Node as, String... options) throws Exception {
        return Run.of(
                processes
                        .prepare("nattc", Natt.program("nattc"))
                        .with("--proxy", "--quiet", "--dns-file", "" + directory.resolve("none"))
                        .with(options)
                        .env(as.environment()));
    }

    @Test
    void aNodeWithoutDnsIsReachedByItsTicket() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            RealBroker broker = broker();
            RunningProcess natts = natts(home, "--broker", broker.address());
            String ticket = ticket(natts);
            assertTrue(ticket.endsWith("?b=" + broker.address()), ticket);
            RunningProcess ssh = home.sshAs(home.client(), ticket, "echo here").start();
            ssh.awaitLine("^here$", Home.SOON);
            assertEquals(0, ssh.awaitExit(Home.SOON));
            natts.awaitLine("session with .* by the relay of 127.0.0.1", Home.SOON);
        }
    }

    @Test
    void aBrokerGivenByItsPlaceIsPinnedOnFirstUse() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            RealBroker broker = broker();
            String place = broker.address().substring(broker.address().indexOf('@') + 1);
            RunningProcess natts = natts(home, "--broker", place);
            natts.awaitLine("the key of the broker " + place + " is ", Home.SOON);
            assertTrue(ticket(natts).endsWith("?b=" + broker.address()));
            natts.terminate();
            assertEquals(0, natts.awaitExit(Home.SOON));
            RunningProcess again = natts(home, "--broker", place, "--strict");
            again.awaitLine("registered at the broker", Home.SOON);
            assertEquals(0, again.count("the key of the broker"));
        }
    }

    @Test
    void whereUdpDoesNotGetThroughTlsDoes() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            int tls = freeTcp();
            RealBroker broker = broker("--tls-listen", "127.0.0.1:" + tls);
            String key = broker.address().substring(0, broker.address().indexOf('@'));
            String elsewhere = key + "@127.0.0.1:" + freeUdp();
            RunningProcess natts = natts(home, "--broker", elsewhere, "--broker-tls", "" + tls);
            natts.awaitLine("is reached over TLS, not over UDP", Home.SOON);
            String ticket = ticket(natts).replaceAll("\\?.*", "?b=" + broker.address());
            RunningProcess ssh = home.sshAs(home.client(), ticket, "echo here").start();
            ssh.awaitLine("^here$", Home.SOON);
            assertEquals(0, ssh.awaitExit(Home.SOON));
        }
    }

    @Test
    void aNodeIsRegisteredAgainFiveSecondsAfterTheBrokersRestart() throws Exception {
        try (Home home = Home.here(processes, directory)) {
            RealBroker broker = broker();
            RunningProcess natts = natts(home, "--broker", broker.address());
            natts.awaitLine("registered at the broker", Home.SOON);
            broker.awaitKept();
            int before = natts.mark();
            broker.kill9();
            broker.start();
            natts.awaitLine("registered at the broker", before, Duration.ofSeconds(5));
        }
    }

    @Test
    void whoIsNotRegisteredIsSaidAtOnce() throws Exception {
        RealBroker broker = broker();
        Node other = new Node(directory.resolve("other"));
        Node me = new Node(directory.resolve("me"));
        long start = System.nanoTime();
        Run run =
                nattc(
                        me,
                        "--target",
                        "natt://%s@%s?b=%s".formatted(other.key(), Natt.NAME, broker.address()));
        assertEquals(1, run.status());
        String said = run.lastLine();
        assertTrue(said.contains(WITHOUT_DNS), said);
        assertTrue(said.contains("it is not registered at the broker 127.0.0.1"), said);
        assertTrue(System.nanoTime() - start < 10_000_000_000L, said);
    }

    @Test
    void aBrokerThatIsNotThereIsSaid() throws Exception {
        Node other = new Node(directory.resolve("other"));
        Node me = new Node(directory.resolve("me"));
        String ticket = "natt://%s@%s".formatted(other.key(), Natt.NAME);
        Run run =
                nattc(
                        me,
                        "--target",
                        ticket,
                        "--broker",
                        "127.0.0.1:" + freeUdp(),
                        "--broker-tls",
                        "off");
        assertEquals(1, run.status());
        assertTrue(run.lastLine().contains("it does not answer over UDP"), run.lastLine());
        Run without = nattc(me, "--target", ticket + "?b=127.0.0.1:1", "--no-broker");
        assertTrue(!without.onlyLine().contains("broker"), without.onlyLine());
    }
}
