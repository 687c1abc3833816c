package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.Text;
import natt.tun.NatpunchPorts;
import natt.wireguard.NatpunchGoServer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// What a broker serves beside nodes: clients of other programs, on ports of their own.
final class BrokerExtras implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final InetAddress ANY = InetAddress.ofLiteral("0.0.0.0");

    private @Nullable NatpunchGoServer natpunchGo;
    private @Nullable NatpunchPorts natpunch;

    private BrokerExtras() {}

    /// Starts what the options name.
    ///
    /// @throws IOException if an address cannot be bound; then nothing is left
    static BrokerExtras start(BrokerOptions options, Identity identity) throws IOException {
        var extras = new BrokerExtras();
        InetAddress host = host(options);
        try {
            if (options.natpunchGo != null) {
                extras.startNatpunchGo(natpunchGo(options.natpunchGo, host), identity);
            }
            if (options.natpunch != null) {
                extras.startNatpunch(natpunch(options.natpunch), host);
            }
        } catch (IOException | RuntimeException failed) {
            extras.close();
            throw failed;
        }
        return extras;
    }

    /// The first IPv4 address that the broker is told to listen on: a host with several might
    /// answer from another one than was asked.
    private static InetAddress host(BrokerOptions options) {
        return options.listen.stream()
                .map(HostAndPort::parse)
                .flatMap(each -> each.literal().stream())
                .map(InetSocketAddress::getAddress)
                .filter(each -> each instanceof Inet4Address)
                .findFirst()
                .orElse(ANY);
    }

    private void startNatpunchGo(InetSocketAddress bind, Identity identity) throws IOException {
        natpunchGo = NatpunchGoServer.start(identity, bind);
        LOG.log(
                Level.WARNING,
                "natpunch-go on UDP {0}: anybody may register a key there and ask where any other"
                        + " is",
                HostAndPort.format(natpunchGo.local()));
        boolean anywhere = natpunchGo.local().getAddress().isAnyLocalAddress();
        LOG.log(
                Level.INFO,
                "natpunch-go's clients use it with: natpunch IFACE {0} {1}",
                anywhere
                        ? "HOST:" + natpunchGo.local().getPort()
                        : HostAndPort.format(natpunchGo.local()),
                natpunchGo.key());
    }

    private void startNatpunch(int[] ports, InetAddress host) throws IOException {
        natpunch =
                NatpunchPorts.start(
                        new InetSocketAddress(host, ports[0]),
                        new InetSocketAddress(host, ports[1]));
        LOG.log(
                Level.WARNING,
                "NATpunch on UDP ports {0} and {1}, which is insecure: anybody may take the place"
                        + " of a peer there, and its tunnels are not encrypted",
                Integer.toString(natpunch.local().get(0).getPort()),
                Integer.toString(natpunch.local().get(1).getPort()));
    }

    /// Refuses what cannot be meant, before anything is started.
    static void check(BrokerOptions options) {
        if (options.natpunchGo != null) {
            natpunchGo(options.natpunchGo, ANY);
        }
        if (options.natpunch != null) {
            natpunch(options.natpunch);
        }
    }

    private static InetSocketAddress natpunchGo(String text, InetAddress host) {
        HostAndPort given = HostAndPort.parse(text.indexOf(':') < 0 ? ":" + text : text);
        InetSocketAddress bind =
                given.host().isEmpty()
                        ? new InetSocketAddress(host, given.port())
                        : given.literal().orElse(null);
        if (bind == null || !(bind.getAddress() instanceof Inet4Address)) {
            throw new UsageException(
                    "--natpunch-go is PORT or IPV4:PORT, not '%s'".formatted(Text.escape(text)));
        }
        return bind;
    }

    private static int[] natpunch(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new UsageException(
                    "--natpunch is PORT1:PORT2, not '%s'".formatted(Text.escape(text)));
        }
        int first = HostAndPort.parse(":" + text.substring(0, colon)).port();
        int second = HostAndPort.parse(text.substring(colon)).port();
        if (first == second && first != 0) {
            throw new UsageException("the two peers of --natpunch need two ports");
        }
        return new int[] {first, second};
    }

    @Override
    public void close() {
        if (natpunchGo != null) {
            natpunchGo.close();
        }
        if (natpunch != null) {
            natpunch.close();
        }
    }
}
