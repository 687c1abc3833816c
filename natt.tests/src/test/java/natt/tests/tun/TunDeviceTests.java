package natt.tests.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Need;
import natt.tests.Programs;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// TUN devices of the kernel, each test in a network namespace that ends with it.
///
/// A program that has dropped its privileges stands for one of an ordinary user: devices are then
/// prepared for root.
@Requires(Need.TUN)
@Timeout(120)
class TunDeviceTests {
    private static final String PREPARED = "sh:ip tuntap add dev natt0 mode tun user root";
    private static final String ADDRESSES = "sh:ip -o addr show dev natt0 | sed 's/ *\\\\.*//'";
    private static final String ROUTES = "sh:ip route; ip -6 route | sed 's/ pref.*//'";

    private static String run(String... steps) {
        return runAnd("true", steps);
    }

    /// @param after a command for the shell, once the program has ended
    private static String runAnd(String after, String... steps) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> line = new ArrayList<>(List.of("unshare", "--net", "sh", "-c"));
        line.add("\"$@\" || echo status $?; " + after);
        line.addAll(List.of("sh", java, "--enable-native-access=ALL-UNNAMED", "-Xshare:auto"));
        line.addAll(List.of("-cp", System.getProperty("java.class.path")));
        line.add(TunProbe.class.getName());
        line.addAll(List.of(steps));
        return Programs.mustRun(line, Map.of(), "")
                .lines()
                .map(String::strip)
                .collect(Collectors.joining("\n"));
    }

    private static String lines(String... lines) {
        return String.join("\n", lines);
    }

    @Test
    void aDeviceThatIsMadeHasWhatIsWantedAndGoesWithEverything() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "2: natt0    inet 10.10.0.1 peer 10.10.0.2/32 scope global natt0",
                        "2: natt0    inet6 fd00:3::1 peer fd00:3::2/128 scope global nodad",
                        "2: natt0    inet6 fd00:1::1/64 scope global nodad",
                        "10.10.0.2 dev natt0 proto kernel scope link src 10.10.0.1",
                        "10.99.0.0/16 dev natt0 proto static scope link",
                        "fd00:1::/64 dev natt0 proto kernel metric 256",
                        "fd00:2::/48 dev natt0 proto static metric 1024",
                        "fd00:3::1 dev natt0 proto kernel metric 256",
                        "fd00:3::2 dev natt0 proto kernel metric 256",
                        "Device \"natt0\" does not exist.",
                        "left: 0 threads, 0 descriptors"),
                run("open:natt0", ADDRESSES, ROUTES, "close", ADDRESSES, ROUTES, "left"));
    }

    @Test
    void aDeviceThatIsMadeGoesWithAProgramThatIsKilled() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "status 7",
                        "lo               DOWN           00:00:00:00:00:00 <LOOPBACK>"),
                runAnd("ip -brief link; ip route", "open:natt0", "echo", "die"));
    }

    @Test
    void packetsGoBothWaysAlsoAfterTheDeviceWasDown() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "3 packets transmitted, 3 received, 0% packet loss",
                        "2 packets transmitted, 2 received, 0% packet loss",
                        "2 packets transmitted, 2 received, 0% packet loss",
                        "10.10.0.2 answers 1000 bytes",
                        "Counters[read=8, tooLong=0, readErrors=0, written=8, dropped=0]",
                        "left: 0 threads, 0 descriptors"),
                run(
                        "open:natt0",
                        "echo",
                        "sh:ping -q -c 3 -i 0.1 10.10.0.2 | grep -o '.* loss'",
                        // The longest that go whole.
                        "sh:ping -q -c 2 -i 0.1 -M do -s 1392 10.99.1.2 | grep -o '.* loss'",
                        "sh:ping -q -c 2 -i 0.1 -M do -s 1372 fd00:1::2 | grep -o '.* loss'",
                        "sh:ip link set natt0 down; ip link set natt0 up",
                        "ask:10.10.0.2",
                        "counters",
                        "close",
                        "left"));
    }

    @Test
    void muchThatTcpSendsIsReadAndWrittenAsFewPackets() {
        assertEquals(
                lines("made natt0, MTU 1420, has nothing added", "as it was, few reads"),
                run("open:natt0", "echo", "transfer:10.10.0.1 10.10.0.2", "close"));
    }

    @Test
    void withoutOffloadsEachPacketIsReadAndWrittenAlone() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "10.10.0.2 answers 1000 bytes",
                        "as it was, many reads"),
                run(
                        "plain:natt0",
                        "echo",
                        "ask:10.10.0.2",
                        "transfer:10.10.0.1 10.10.0.2",
                        "close"));
    }

    @Test
    void whoHasADeviceNextGetsNoPacketsThatAreManyInOne() {
        assertEquals(
                lines(
                        "joined natt0, MTU 1420, has added",
                        "as it was, few reads",
                        "joined natt0, MTU 1420, has added",
                        "as it was, many reads"),
                run(
                        PREPARED,
                        "open:natt0",
                        "echo",
                        "transfer:10.10.0.1 10.10.0.2",
                        "close",
                        "plain:natt0",
                        "echo",
                        "transfer:10.10.0.1 10.10.0.2",
                        "close"));
    }

    @Test
    void aDeviceThatSomebodyDeletesIsReportedInOneLine() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "failure: read: File descriptor in bad state",
                        "left: 0 threads, 0 descriptors"),
                run("open:natt0", "echo", "sh:ip link del natt0", "failure", "left"));
    }

    @Test
    void aPreparedDeviceNeedsNoPrivilegesAndStays() {
        assertEquals(
                lines(
                        "joined natt0, MTU 1420, has nothing added",
                        "10.10.0.2 answers 1000 bytes",
                        "2: natt0    inet 10.10.0.1/24 scope global natt0",
                        "2: natt0    inet6 fd00:3::1/64 scope global nodad",
                        "2: natt0    inet6 fd00:1::1/48 scope global nodad"),
                run(
                        PREPARED,
                        "sh:ip link set natt0 mtu 1420 addrgenmode none",
                        "sh:ip addr add 10.10.0.1/24 dev natt0",
                        "sh:ip addr add fd00:1::1/48 dev natt0 nodad; ip link set natt0 up",
                        "sh:ip addr add fd00:3::1/64 dev natt0 nodad",
                        "sh:ip route add 10.99.0.0/16 dev natt0",
                        "sh:ip route add fd00:2::/48 dev natt0",
                        "drop",
                        "open:natt0",
                        "echo",
                        "ask:10.10.0.2",
                        "close",
                        ADDRESSES));
    }

    @Test
    void whereAPreparedDeviceDiffersIsSaidInOneLine() {
        assertEquals(
                lines(
                        "joined natt0, MTU 1500, has nothing added",
                        "the device natt0 is not as wanted: its MTU is 1500, not 1420, it is down,"
                            + " it has no address fd00:1::1/64, it has no address fd00:3::1 peer"
                            + " fd00:3::2/128, it also has the address 10.11.0.1/24, there is no"
                            + " route to 10.99.0.0/16 by it, there is no route to fd00:2::/48 by"
                            + " it; an administrator can run: ip link set dev natt0 mtu 1420; ip"
                            + " link set dev natt0 up; ip addr add fd00:1::1/64 dev natt0; ip addr"
                            + " add fd00:3::1 peer fd00:3::2/128 dev natt0; ip addr del"
                            + " 10.11.0.1/24 dev natt0; ip route add 10.99.0.0/16 dev natt0; ip"
                            + " route add fd00:2::/48 dev natt0"),
                run(
                        PREPARED,
                        "sh:ip addr add 10.10.0.1 peer 10.10.0.2 dev natt0",
                        "sh:ip addr add 10.11.0.1/24 dev natt0",
                        "drop",
                        "open:natt0"));
    }

    @Test
    void aPreparedDeviceIsLeftAsItWasWithTheRightToChangeIt() {
        assertEquals(
                lines(
                        "joined natt0, MTU 1420, has added",
                        "the device natt0 is not as wanted: it also has the address 10.11.0.1/24,"
                            + " it also has the address fd00:4::1/64; an administrator can run: ip"
                            + " addr del 10.11.0.1/24 dev natt0; ip addr del fd00:4::1/64 dev"
                            + " natt0",
                        "2: natt0    inet 10.11.0.1/24 scope global natt0",
                        "2: natt0    inet 10.10.0.1 peer 10.10.0.2/32 scope global natt0",
                        "2: natt0    inet6 fd00:3::1 peer fd00:3::2/128 scope global nodad",
                        "2: natt0    inet6 fd00:1::1/64 scope global nodad",
                        "2: natt0    inet6 fd00:4::1/64 scope global nodad",
                        "10.10.0.2 dev natt0 proto kernel scope link src 10.10.0.1",
                        "10.11.0.0/24 dev natt0 proto kernel scope link src 10.11.0.1",
                        "10.99.0.0/16 dev natt0 proto static scope link",
                        "fd00:1::/64 dev natt0 proto kernel metric 256",
                        "fd00:2::/48 dev natt0 proto static metric 1024",
                        "fd00:3::1 dev natt0 proto kernel metric 256",
                        "fd00:3::2 dev natt0 proto kernel metric 256",
                        "fd00:4::/64 dev natt0 proto kernel metric 256",
                        "2: natt0    inet 10.11.0.1/24 scope global natt0",
                        "2: natt0    inet6 fd00:4::1/64 scope global nodad",
                        "natt0: <POINTOPOINT,MULTICAST,NOARP> mtu 1300",
                        "left: 0 threads, 0 descriptors"),
                run(
                        PREPARED,
                        "sh:ip link set natt0 mtu 1300 addrgenmode none",
                        "sh:ip addr add 10.11.0.1/24 dev natt0",
                        "sh:ip addr add fd00:4::1/64 dev natt0 nodad",
                        "open:natt0",
                        "keep",
                        ADDRESSES,
                        ROUTES,
                        "close",
                        ADDRESSES,
                        ROUTES,
                        "sh:ip -o link show dev natt0 | grep -o 'natt0.*mtu [0-9]*'",
                        "left"));
    }

    @Test
    void whatCannotBeOpenedIsSaidInOneLine() {
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "failed: the device natt0 is in use by another program",
                        "failed: the device lo is not a TUN device",
                        "failed: the device tap0 is not a TUN device",
                        "failed: the TUN device many0 has several queues; natt uses one: make it"
                                + " without multi_queue",
                        "failed: there is a route to 10.99.0.0/16 by another device",
                        "failed: the device other0 is for the user with the number 12345, not for"
                                + " root",
                        "failed: the device grouped0 is for members of a group, not for root",
                        "failed: no permission to make the device natt1: run this as root, or let"
                            + " an administrator run: ip tuntap add dev natt1 mode tun user root;"
                            + " ip link set dev natt1 mtu 1420 up; ip addr add 10.10.0.1 peer"
                            + " 10.10.0.2/32 dev natt1; ip addr add fd00:1::1/64 dev natt1; ip addr"
                            + " add fd00:3::1 peer fd00:3::2/128 dev natt1; ip route add"
                            + " 10.99.0.0/16 dev natt1; ip route add fd00:2::/48 dev natt1",
                        "left: 0 threads, 1 descriptors"),
                run(
                        "sh:ip tuntap add dev tap0 mode tap",
                        "sh:ip tuntap add dev many0 mode tun multi_queue",
                        "sh:ip tuntap add dev other0 mode tun user 12345",
                        "sh:ip tuntap add dev grouped0 mode tun group 12345",
                        "open:natt0",
                        "open:natt0",
                        "open:lo",
                        "open:tap0",
                        "open:many0",
                        "open:natt1",
                        "drop",
                        "open:other0",
                        "open:grouped0",
                        "open:natt1",
                        "left"));
    }

    @Test
    void afterPrivilegesAreDroppedNoLaterThreadMakesADevice() {
        String without = "CapEff: 0000000000000000, no permission to make the device natt9";
        assertEquals(
                lines(
                        "made natt0, MTU 1420, has nothing added",
                        "driver " + without,
                        "platform " + without,
                        "virtual " + without,
                        "CapEff:\t0000000000000000",
                        "10.10.0.2 answers 1000 bytes",
                        "left: 0 threads, 0 descriptors",
                        "Device \"natt0\" does not exist."),
                run(
                        "open:natt0",
                        "drop",
                        "rights",
                        "sh:grep CapEff /proc/self/status",
                        "echo",
                        "ask:10.10.0.2",
                        "close",
                        "left",
                        ADDRESSES));
    }
}
