package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.Requires;
import natt.tests.RunningProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// natt on the port of another program, on one of two hosts with a cable between them.
@Requires(Need.ROOT_NETNS)
@Timeout(120)
class SharedPortLabTests {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String HERE = "192.0.2.1:51820";
    private static final String HERE_6 = "[2001:db8::1]:51820";
    private static final String PEER = "192.0.2.2:3478";
    private static final String PEER_6 = "[2001:db8::2]:3478";

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    private final String name = "nts" + ProcessHandle.current().pid();
    private RunningProcess here;
    private RunningProcess peer;

    @BeforeEach
    void build() throws Exception {
        remove();
        for (String host : new String[] {"here", "peer"}) {
            Programs.mustRun("ip", "netns", "add", name + host);
            ip(host, "link set lo up");
            // Else nobody may use an address of IPv6 for a second.
            Programs.mustRun(on(host, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"));
        }
        Programs.mustRun(
                "ip link add eth0 netns %shere type veth peer name eth0 netns %speer"
                        .formatted(name, name)
                        .split(" "));
        for (String host : new String[] {"here", "peer"}) {
            int number = host.equals("here") ? 1 : 2;
            ip(host, "addr add 192.0.2." + number + "/24 dev eth0");
            ip(host, "addr add 2001:db8::" + number + "/64 dev eth0 nodad");
            ip(host, "link set eth0 up");
        }
        // A neighbor that is looked for while its link comes up is found a second later.
        Programs.mustRun(on("here", "ping", "-6", "-c", "1", "-w", "5", "2001:db8::2"));
        peer = start("peer", "alone", "3478");
        peer.awaitLine("^ready", SOON);
    }

    @AfterEach
    void remove() {
        for (String host : new String[] {"here", "peer"}) {
            Programs.run("ip", "netns", "pids", name + host)
                    .output()
                    .lines()
                    .filter(line -> line.matches("[0-9]+"))
                    .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream())
                    .forEach(ProcessHandle::destroyForcibly);
            Programs.run("ip", "netns", "del", name + host);
        }
    }

    private void ip(String host, String arguments) {
        Programs.mustRun(("ip -n " + name + host + " " + arguments).split(" "));
    }

    private String[] on(String host, String... command) {
        var line = new String[4 + command.length];
        System.arraycopy(new String[] {"ip", "netns", "exec", name + host}, 0, line, 0, 4);
        System.arraycopy(command, 0, line, 4, command.length);
        return line;
    }

    private RunningProcess start(String host, String... arguments) throws IOException {
        return processes
                .prepare(
                        host,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SharedPortHost.class.getName())
                .with(arguments)
                .under(on(host))
                .start();
    }

    private void share(String... servers) throws Exception {
        share(0, servers);
    }

    private void share(int mark, String... servers) throws Exception {
        var arguments = new String[3 + servers.length];
        arguments[0] = "shared";
        arguments[1] = "51820";
        arguments[2] = "" + mark;
        System.arraycopy(servers, 0, arguments, 3, servers.length);
        here = start("here", arguments);
        here.awaitLine("^ready on \\[::]:51820$", SOON);
    }

    private static void tell(RunningProcess process, String line) throws IOException {
        process.stdin().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.stdin().flush();
    }

    private static void await(RunningProcess process, String who, String data, String from)
            throws Exception {
        process.awaitLine("^\\Q%s <%s> from %s\\E$".formatted(who, data, from), SOON);
    }

    /// What has arrived with a checksum that was wrong, by what the kernel counts.
    private long checksumErrors() {
        String counts = Programs.mustRun(on("peer", "cat", "/proc/net/snmp", "/proc/net/snmp6"));
        int column = -1;
        long sum = 0;
        for (String line : counts.lines().toList()) {
            String[] words = line.trim().split("\\s+");
            if (words[0].equals("Udp:") && column < 0) {
                column = List.of(words).indexOf("InCsumErrors");
            } else if (words[0].equals("Udp:")) {
                sum += Long.parseLong(words[column]);
            } else if (words[0].equals("Udp6InCsumErrors")) {
                sum += Long.parseLong(words[1]);
            }
        }
        return sum;
    }

    @Test
    void aServerTellsTheAddressOfThePortThatAnotherProgramOwns() throws Exception {
        share();
        tell(here, "ask " + PEER);
        here.awaitLine("^mapped \\Q" + HERE + "\\E$", SOON);
        int mark = here.mark();
        tell(here, "ask " + PEER_6);
        here.awaitLine("^mapped \\Q" + HERE_6 + "\\E$", mark, SOON);
    }

    @Test
    void datagramsOfEveryLengthArriveWithTheRightChecksum() throws Exception {
        share();
        for (int length = 1; length <= 33; length++) {
            String data = "93" + "5a".repeat(length - 1);
            tell(here, "send " + PEER + " " + data);
            await(peer, "natt", data, HERE);
            tell(here, "send " + PEER_6 + " " + data);
            await(peer, "natt", data, HERE_6);
        }
        tell(here, "send " + PEER + " x1472");
        await(peer, "natt", "1472 bytes", HERE);
        tell(here, "send " + PEER_6 + " x1452");
        await(peer, "natt", "1452 bytes", HERE_6);
        assertEquals(0, checksumErrors());
    }

    @Test
    void whatIsNotForNattComesToTheOwnerAlone() throws Exception {
        share();
        for (String to : new String[] {HERE, HERE_6}) {
            String from = to.equals(HERE) ? PEER : PEER_6;
            for (int type = 1; type <= 4; type++) {
                // The receiver's index may be STUN's magic cookie.
                String data = "0" + type + "0000002112a442" + "00".repeat(12);
                tell(peer, "send " + to + " " + data);
                await(here, "owner", data, from);
            }
            for (String data : new String[] {"", "00", "8f00", "9800", "ff", "01010000"}) {
                tell(peer, "send " + to + " " + (data.isEmpty() ? "x0" : data));
            }
            for (String data : new String[] {"90", "93aa", "97", "010100002112a442"}) {
                tell(peer, "send " + to + " " + data);
                await(here, "owner", data, from);
                await(here, "natt", data, from);
            }
        }
        assertEquals(8, here.count("^natt"));
        assertEquals(28, here.count("^owner"));
    }

    @Test
    void aServerThatIsKnownMaySayAnything() throws Exception {
        share(PEER, PEER_6);
        for (String to : new String[] {HERE, HERE_6}) {
            tell(peer, "send " + to + " 0200000035");
            await(here, "natt", "0200000035", to.equals(HERE) ? PEER : PEER_6);
        }
    }

    @Test
    void whatNattSendsToItsOwnPortArrivesOnceForEachOfBoth() throws Exception {
        share();
        String[] own = {"127.0.0.1:51820", "[::1]:51820", HERE, HERE_6};
        for (String to : own) {
            tell(here, "send " + to + " 93");
            await(here, "natt", "93", to);
            await(here, "owner", "93", to);
        }
        assertEquals(own.length, here.count("^natt"));
        assertEquals(own.length, here.count("^owner"));
    }

    @Test
    void whatCannotBeSentIsLostAndTheRestGoesOn() throws Exception {
        share();
        tell(here, "whole");
        tell(here, "send " + PEER + " x1473");
        tell(here, "send " + PEER_6 + " x1453");
        tell(here, "send 198.51.100.1:7 93");
        tell(here, "send [2001:db8:1::1]:7 93");
        tell(here, "send " + PEER + " 9301");
        await(peer, "natt", "9301", HERE);
        tell(here, "send " + PEER_6 + " 9302");
        await(peer, "natt", "9302", HERE_6);
        assertEquals(2, peer.count("^natt"));
    }

    @Test
    void anotherAddressOfTheHostIsSentFromAsSoonAsItIsTheRightOne() throws Exception {
        share();
        tell(here, "send " + PEER + " 93");
        await(peer, "natt", "93", HERE);
        ip("here", "addr del 192.0.2.1/24 dev eth0");
        ip("here", "addr add 192.0.2.7/24 dev eth0");
        // The kernel is asked again after a second.
        int sent = 0;
        long end = System.nanoTime() + SOON.toNanos();
        while (peer.count("from 192.0.2.7:51820$") == 0 && System.nanoTime() < end) {
            tell(here, "send " + PEER + " 93%02x".formatted(sent++ & 0xff));
            Thread.sleep(100);
        }
        peer.awaitLine("from 192\\.0\\.2\\.7:51820$", SOON);
        assertEquals(0, checksumErrors());
    }

    @Test
    void theMarkOfTheOwnerDecidesTheRouteAfterPrivilegesAreGone() throws Exception {
        ip("here", "addr add 192.0.2.9/24 dev eth0");
        ip("here", "route add table 77 192.0.2.0/24 dev eth0 src 192.0.2.9");
        ip("here", "rule add fwmark 7 lookup 77");
        share(7);
        tell(here, "send " + PEER + " 93");
        await(peer, "natt", "93", "192.0.2.9:51820");
    }

    @Test
    void withoutTheCapabilityThereIsOneLine() throws Exception {
        here =
                processes
                        .prepare(
                                "here",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                SharedPortHost.class.getName(),
                                "shared",
                                "51820",
                                "0")
                        .under("setpriv", "--bounding-set", "-net_raw")
                        .under(on("here"))
                        .start();
        here.awaitLine("^failed: sharing UDP port 51820 takes the capability CAP_NET_RAW", SOON);
        assertEquals(0, here.awaitExit(SOON));
    }
}
