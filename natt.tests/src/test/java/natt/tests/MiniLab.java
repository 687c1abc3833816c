package natt.tests;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// The repository's own small laboratory, from iproute2 and nftables only.
///
/// `natA` is the kernel's masquerading (endpoint-independent mapping while ports suffice,
/// address-and-port-dependent filtering). `natB` maps UDP port 30000 of `hostB` to one external
/// port and back for everybody (both behaviors endpoint-independent), without keeping state, so
/// that a rebinding takes effect at once; the rest is masqueraded.
public final class MiniLab implements Network {
    /// The port of `hostB` that `natB` maps.
    public static final int INSIDE_PORT = 30_000;

    private static final String PREFIX = "ntm";
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final List<String> HOSTS =
            List.of("inet", "pub", "natA", "hostA", "natB", "hostB");

    static {
        endThoseOfDeadProcesses();
    }

    private final String prefix =
            PREFIX + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    private final Thread hook = new Thread(() -> delete(prefix));
    private String address = "203.0.113.12";
    private int outsidePort = 41_000;

    private MiniLab() {}

    public static MiniLab up() {
        var lab = new MiniLab();
        Runtime.getRuntime().addShutdownHook(lab.hook);
        try {
            lab.build();
        } catch (AssertionError e) {
            lab.close();
            throw e;
        }
        return lab;
    }

    private void build() {
        for (String host : HOSTS) {
            Programs.mustRun("ip", "netns", "add", namespace(host));
            ip(host, "link set lo up");
        }
        ip("inet", "link add br0 type bridge");
        ip("inet", "link set br0 up");
        ip("inet", "addr add 198.51.100.1/24 dev br0");
        ip("inet", "addr add 203.0.113.1/24 dev br0");
        forward("inet");
        for (String host : List.of("pub", "natA", "natB")) {
            link(host, "wan", "inet", host);
            ip("inet", "link set " + host + " master br0");
        }
        ip("pub", "addr add " + PUB + "/24 dev wan");
        ip("pub", "route add default via 198.51.100.1");
        for (String side : List.of("A", "B")) {
            String nat = "nat" + side;
            int number = side.equals("A") ? 1 : 2;
            forward(nat);
            ip(nat, "addr add 203.0.113.1" + number + "/24 dev wan");
            ip(nat, "route add default via 203.0.113.1");
            link("host" + side, "eth0", nat, "lan");
            ip(nat, "addr add 192.168." + number + ".1/24 dev lan");
            ip("host" + side, "addr add 192.168." + number + ".2/24 dev eth0");
            ip("host" + side, "route add default via 192.168." + number + ".1");
        }
        rules(
                "natA",
                """
                table ip nat {
                  chain out {
                    type nat hook postrouting priority 100
                    oifname "wan" masquerade
                  }
                }
                """);
        translate();
    }

    private void translate() {
        rules(
                "natB",
                """
                table ip stateless
                delete table ip stateless
                table ip stateless {
                  chain from_outside {
                    udp dport set %4$d ip daddr set %3$s notrack
                  }
                  chain from_inside {
                    udp sport set %2$d ip saddr set %1$s
                  }
                  chain in {
                    type filter hook prerouting priority -400
                    iifname "wan" ip daddr %1$s udp dport %2$d goto from_outside
                    iifname "lan" ip saddr %3$s udp sport %4$d notrack
                  }
                  chain out {
                    type filter hook postrouting priority 300
                    oifname "wan" ip saddr %3$s udp sport %4$d goto from_inside
                  }
                }
                table ip nat
                delete table ip nat
                table ip nat {
                  chain out {
                    type nat hook postrouting priority 100
                    oifname "wan" masquerade
                  }
                }
                """
                        .formatted(address, outsidePort, HOST_B, INSIDE_PORT));
    }

    /// Makes `natB` a router for homes: the kernel's masquerading, and chains for miniupnpd to map
    /// ports in. Its address is none of documentation, for which miniupnpd maps nothing.
    public void mapsPorts() {
        ip("inet", "addr add 11.0.0.1/24 dev br0");
        ip("natB", "addr del " + address + "/24 dev wan");
        address = "11.0.0.12";
        ip("natB", "addr add " + address + "/24 dev wan");
        ip("natB", "route replace default via 11.0.0.1");
        rules(
                "natB",
                """
                delete table ip stateless
                delete table ip nat
                table inet filter {
                  chain forward {
                    type filter hook forward priority 0
                    jump mapped_forward
                  }
                  chain in {
                    type nat hook prerouting priority -100
                    jump mapped_in
                  }
                  chain out {
                    type nat hook postrouting priority 100
                    jump mapped_out
                    oifname "wan" masquerade
                  }
                  chain mapped_forward { }
                  chain mapped_in { }
                  chain mapped_out { }
                }
                """);
    }

    @Override
    public void rebind() {
        outsidePort++;
        translate();
    }

    @Override
    public void renumber(String renumbered) {
        ip("natB", "addr del " + address + "/24 dev wan");
        ip("natB", "addr add " + renumbered + "/24 dev wan");
        ip("natB", "route replace default via 203.0.113.1");
        address = renumbered;
        translate();
    }

    public String address() {
        return address;
    }

    public int outsidePort() {
        return outsidePort;
    }

    @Override
    public String namespace(String host) {
        return prefix + "-" + host;
    }

    @Override
    public void close() {
        delete(prefix);
        Runtime.getRuntime().removeShutdownHook(hook);
    }

    private void ip(String host, String arguments) {
        List<String> line = new ArrayList<>(List.of("ip", "-n", namespace(host)));
        line.addAll(List.of(arguments.split(" ")));
        Programs.mustRun(line.toArray(String[]::new));
    }

    private void forward(String host) {
        Programs.mustRun(on(host, "sysctl", "-qw", "net.ipv4.ip_forward=1"));
    }

    private void rules(String host, String rules) {
        Programs.mustRun(List.of(on(host, "nft", "-f", "-")), Map.of(), rules);
    }

    private void link(String host, String device, String otherHost, String otherDevice) {
        Programs.mustRun(
                ("ip link add %s netns %s type veth peer name %s netns %s"
                                .formatted(
                                        device, namespace(host), otherDevice, namespace(otherHost)))
                        .split(" "));
        ip(host, "link set " + device + " up");
        ip(otherHost, "link set " + otherDevice + " up");
    }

    /// Kills what still runs inside, then removes the namespaces.
    private static void delete(String prefix) {
        for (String host : HOSTS) {
            String name = prefix + "-" + host;
            Programs.run("ip", "netns", "pids", name)
                    .output()
                    .lines()
                    .filter(line -> line.matches("[0-9]+"))
                    .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream())
                    .forEach(ProcessHandle::destroyForcibly);
            Programs.run("ip", "netns", "del", name);
        }
    }

    /// A killed JVM leaves its laboratory behind.
    private static void endThoseOfDeadProcesses() {
        Programs.run("ip", "netns", "list")
                .output()
                .lines()
                .map(line -> line.split(" ", 2)[0])
                .filter(name -> name.matches(PREFIX + "[0-9]+-[0-9]+-inet"))
                .map(name -> name.substring(0, name.length() - "-inet".length()))
                .filter(
                        name ->
                                ProcessHandle.of(
                                                Long.parseLong(
                                                        name.substring(
                                                                PREFIX.length(),
                                                                name.indexOf('-'))))
                                        .isEmpty())
                .toList()
                .forEach(MiniLab::delete);
    }
}
