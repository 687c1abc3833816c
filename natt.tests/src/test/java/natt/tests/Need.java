package natt.tests;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A part of the machine that some tests need. Probed once per JVM, when first asked for.
public enum Need {
    /// Network namespaces with nftables may be made.
    ROOT_NETNS {
        @Override
        Optional<String> probe() {
            for (String tool : List.of("ip", "nft", "sysctl")) {
                if (Programs.find(tool).isEmpty()) {
                    return Optional.of("no program '" + tool + "' (iproute2, nftables, procps)");
                }
            }
            String name = "natt-probe-" + ProcessHandle.current().pid();
            var made = Programs.run("ip", "netns", "add", name);
            if (made.status() != 0) {
                return Optional.of("no network namespaces: " + made.firstLine());
            }
            var rules = Programs.run("ip", "netns", "exec", name, "nft", "list", "ruleset");
            Programs.run("ip", "netns", "del", name);
            return rules.status() == 0
                    ? Optional.empty()
                    : Optional.of("no nftables in a namespace: " + rules.firstLine());
        }
    },

    /// TUN devices may be made in network namespaces.
    TUN {
        @Override
        Optional<String> probe() {
            if (!Files.exists(Path.of("/dev/net/tun"))) {
                return Optional.of("no /dev/net/tun");
            }
            return programs("util-linux, iputils-ping", "unshare", "setpriv", "ping")
                    .or(ROOT_NETNS::missing);
        }
    },

    /// The NAT laboratory beside the repository, of which it is no part.
    NATLAB {
        @Override
        boolean isInstallable() {
            return false;
        }

        @Override
        Optional<String> probe() {
            if (!Files.isRegularFile(Repository.natlab().resolve("natlab"))) {
                return Optional.of("no laboratory beside the repository (../shared/lab/natlab)");
            }
            if (!Files.exists(Path.of("/dev/net/tun"))) {
                return Optional.of("no /dev/net/tun");
            }
            for (String tool : List.of("python3", "gcc", "ethtool", "ping")) {
                if (Programs.find(tool).isEmpty()) {
                    return Optional.of("no program '" + tool + "', which the laboratory needs");
                }
            }
            return ROOT_NETNS.missing();
        }
    },

    IPERF {
        @Override
        Optional<String> probe() {
            return programs("iperf3", "iperf3");
        }
    },

    PYTHON {
        @Override
        Optional<String> probe() {
            return programs("python3", "python3");
        }
    },

    /// A Go compiler and Debian's kcp-go.
    GO_KCP {
        @Override
        Optional<String> probe() {
            return GoPeer.build();
        }
    },

    /// Python and its cryptography, for peers of the wires of NATpunch and natpunch-go.
    PYTHON_CRYPTO {
        @Override
        Optional<String> probe() {
            if (Programs.find("python3").isEmpty()) {
                return Optional.of("no program 'python3' (python3)");
            }
            return Programs.run("python3", "-c", "import cryptography").status() == 0
                    ? Optional.empty()
                    : Optional.of("no cryptography for Python (python3-cryptography)");
        }
    },

    /// OpenSSH, server and client.
    SSHD {
        @Override
        Optional<String> probe() {
            return programs("openssh-server, openssh-client", "sshd", "ssh", "scp", "ssh-keygen");
        }
    },

    COTURN {
        @Override
        Optional<String> probe() {
            return programs("coturn", "turnserver");
        }
    },

    KNOT {
        @Override
        Optional<String> probe() {
            return programs("knot, knot-dnsutils", "knotd", "knsupdate");
        }
    },

    /// WireGuard in user space.
    WIREGUARD {
        @Override
        Optional<String> probe() {
            if (!Files.exists(Path.of("/dev/net/tun"))) {
                return Optional.of("no /dev/net/tun");
            }
            return programs("wireguard-go, wireguard-tools", "wireguard-go", "wg");
        }
    },

    MINIUPNPD {
        @Override
        Optional<String> probe() {
            return programs("miniupnpd-nftables", "miniupnpd");
        }
    },

    /// A C compiler, for what moves the clocks of programs.
    GCC {
        @Override
        Optional<String> probe() {
            return WallClock.build();
        }
    },

    /// The linked image.
    IMAGE {
        @Override
        Optional<String> probe() {
            return Files.isExecutable(Natt.IMAGE.resolve("bin/natts"))
                    ? Optional.empty()
                    : Optional.of("no image in jlink/target/natt");
        }
    };

    private Optional<String> missing;

    abstract Optional<String> probe();

    /// Whether whoever has the repository can provide it, so that `natt.require=all` may ask
    /// for it.
    boolean isInstallable() {
        return true;
    }

    /// Why this is missing; empty if it is here.
    @SuppressWarnings("OptionalAssignedToNull")
    public synchronized Optional<String> missing() {
        if (missing == null) {
            missing = probe();
        }
        return missing;
    }

    private static Optional<String> programs(String packages, String... names) {
        for (String name : names) {
            if (Programs.find(name).isEmpty()) {
                return Optional.of("no program '" + name + "' (" + packages + ")");
            }
        }
        return Optional.empty();
    }
}
