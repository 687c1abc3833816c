package natt.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;

@Timeout(120)
class HarnessTests {
    private static final Duration SOON = Duration.ofSeconds(20);

    @RegisterExtension final Processes processes = Processes.ofEachTest();

    @Test
    void linesAndStatusOfAProcessAreSeen() throws Exception {
        var process =
                processes.prepare("sh", "sh", "-c", "echo port 7; echo bad >&2; exit 3").start();
        assertEquals("7", process.awaitLine("port ([0-9]+)", SOON).group(1));
        process.awaitLine("bad", SOON);
        assertEquals(3, process.awaitExit(SOON));
    }

    @Test
    void missingLineIsAFailureThatShowsWhatWasSaid() throws Exception {
        var process = processes.prepare("sh", "sh", "-c", "echo something else").start();
        var failure = assertThrows(AssertionError.class, () -> process.awaitLine("port", SOON));
        assertTrue(failure.getMessage().contains("something else"), failure::getMessage);
    }

    @Test
    void killedProcessIsGone() throws Exception {
        var process = processes.prepare("cat", "cat").start();
        assertTrue(process.isAlive());
        process.kill9();
        assertEquals(128 + 9, process.awaitExit(SOON));
    }

    @Test
    @Requires(Need.SSHD)
    void realSshdRunsACommand() throws Exception {
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        try (var sshd = RealSshd.start(processes, "127.0.0.1", port)) {
            List<String> ssh = sshd.ssh("HostName=127.0.0.1", "Port=" + sshd.port());
            var client = processes.prepare("ssh", ssh.toArray(String[]::new));
            var process = client.with("echo", "it is $((6 * 7))").start();
            process.awaitLine("it is 42", SOON);
            assertEquals(0, process.awaitExit(SOON));
        }
    }

    @Test
    @Requires({Need.ROOT_NETNS, Need.GO_KCP})
    void miniLabMapsBothWaysAndRebinds() throws Exception {
        try (var lab = MiniLab.up()) {
            var echo = peer(lab, "hostB", "echo", "-listen", ":" + MiniLab.INSIDE_PORT).start();
            echo.awaitLine("ready", SOON);
            send(lab, lab.address() + ":" + lab.outsidePort());
            lab.rebind();
            send(lab, lab.address() + ":" + lab.outsidePort());
            lab.renumber("203.0.113.77");
            send(lab, "203.0.113.77:" + lab.outsidePort());
        }
    }

    @Test
    @Requires({Need.NATLAB, Need.GO_KCP})
    void labMapsForWhoHasSentFirstOnly() throws Exception {
        try (var lab = Lab.up("--a", "port-restricted", "--b", "port-restricted", "--no-stun")) {
            var echo = peer(lab, "hostB", "echo", "-listen", ":30000").start();
            echo.awaitLine("ready", SOON);
            var send = peer(lab, "hostA", "send", "-peer", "203.0.113.12:30000", "-timeout", "1s");
            assertEquals(1, send.start().awaitExit(SOON));
            var pub = peer(lab, "pub", "echo", "-listen", ":30000").start();
            pub.awaitLine("ready", SOON);
            send(lab, Network.PUB + ":30000");
        }
    }

    @Test
    void testWithoutWhatItNeedsIsSkippedUnlessAllIsRequired() {
        Map<Need, String> missing = Map.of(Need.SSHD, "no sshd");
        var skipped = RequiresCondition.decide(missing, "");
        assertTrue(skipped.isDisabled());
        assertEquals("no sshd", skipped.getReason().orElseThrow());
        assertThrows(AssertionError.class, () -> RequiresCondition.decide(missing, "all"));
        assertThrows(AssertionError.class, () -> RequiresCondition.decide(missing, "image,sshd"));
        assertFalse(RequiresCondition.decide(Map.of(), "all").isDisabled());
    }

    @Test
    void laboratoryBesideTheRepositoryIsRequiredByNameOnly() {
        Map<Need, String> missing = Map.of(Need.NATLAB, "no laboratory");
        assertTrue(RequiresCondition.decide(missing, "all").isDisabled());
        assertThrows(AssertionError.class, () -> RequiresCondition.decide(missing, "all,natlab"));
    }

    private Processes.Start peer(Network lab, String host, String... arguments) {
        return processes
                .prepare("kcppeer " + host, lab.on(host, GoPeer.binary().toString()))
                .with(arguments);
    }

    private void send(Network lab, String address) throws Exception {
        var send = peer(lab, "hostA", "send", "-peer", address, "-bytes", "20000").start();
        send.awaitLine("\"bytes\":20000", SOON);
        assertEquals(0, send.awaitExit(SOON));
    }
}
