package natt.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// miniupnpd on `natB` of a small laboratory.
public final class Router {
    /// What it speaks; it can switch PCP and NAT-PMP only together.
    public enum Speaks {
        PCP,
        NAT_PMP,
        UPNP;

        /// As natts names it.
        public String shown() {
            return this == NAT_PMP ? "NAT-PMP" : this == UPNP ? "UPnP" : "PCP";
        }
    }

    private final MiniLab lab;

    private Router(MiniLab lab) {
        this.lab = lab;
    }

    /// Starts it.
    ///
    /// @param settings further lines of its configuration
    public static Router start(
            Processes processes, MiniLab lab, Path directory, Speaks only, String... settings)
            throws IOException, InterruptedException {
        lab.mapsPorts();
        List<String> lines =
                new ArrayList<>(
                        List.of(
                                "ext_ifname=wan",
                                "listening_ip=lan",
                                "ipv6_disable=yes",
                                "secure_mode=yes",
                                "enable_upnp=" + (only == Speaks.UPNP ? "yes" : "no"),
                                "enable_natpmp=" + (only == Speaks.UPNP ? "no" : "yes"),
                                "upnp_forward_chain=mapped_forward",
                                "upnp_nat_chain=mapped_in",
                                "upnp_nat_postrouting_chain=mapped_out",
                                "uuid=3f3c4e5a-0000-4000-8000-000000000001",
                                "allow 1024-65535 192.168.2.0/24 1024-65535",
                                "deny 0-65535 0.0.0.0/0 0-65535"));
        lines.addAll(List.of(settings));
        Path file = Files.write(directory.resolve("miniupnpd.conf"), lines);
        if (only != Speaks.UPNP) {
            silence(lab, only == Speaks.PCP ? 0 : 2);
        }
        processes
                .prepare("miniupnpd", lab.on("natB", "miniupnpd", "-d", "-f", file.toString()))
                .with("-P", directory.resolve("miniupnpd.pid").toString())
                .start()
                .awaitLine(only == Speaks.UPNP ? "HTTP listening" : "Listening for", Home.SOON);
        return new Router(lab);
    }

    /// Drops the requests of a version: 0 is NAT-PMP, 2 is PCP.
    private static void silence(MiniLab lab, int version) {
        String rules =
                """
                table inet silence {
                  chain in {
                    type filter hook input priority 0
                    udp dport 5351 @th,64,8 %d drop
                  }
                }
                """
                        .formatted(version);
        Programs.mustRun(List.of(lab.on("natB", "nft", "-f", "-")), Map.of(), rules);
    }

    /// The rules that lead from outside to `hostB`.
    public List<String> mappings() {
        return Programs.mustRun(
                        lab.on("natB", "nft", "list", "chain", "inet", "filter", "mapped_in"))
                .lines()
                .filter(line -> line.contains("dnat"))
                .toList();
    }
}
