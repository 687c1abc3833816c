package natt.launcher;

import natt.core.keys.AddressPrefix;
import natt.core.keys.AuthorizedClientsFile;
import natt.core.node.ServerConfig;
import natt.core.unix.Privileges;
import natt.core.unix.Privileges.Capability;
import natt.tun.TunnelServer;
import natt.tun.device.TunConfig;
import natt.tun.packet.LocalAddress;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The device of `natts --tun`. Made on the main thread, which then gives up its rights, before
/// there is another.
final class ServerTunnel {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int FIRST_FREE_PORT = 1024;

    private ServerTunnel() {}

    /// @param config of the server, without the device
    /// @return empty if none is wanted
    /// @throws IOException with one line for the user
    static Optional<TunnelServer> open(NattsOptions options, ServerConfig config)
            throws IOException {
        List<LocalAddress> locals = locals(options);
        if (options.tun == null) {
            return Optional.empty();
        }
        ServerConfig.Sessions sessions =
                config.sessions()
                        .orElseThrow(
                                () ->
                                        new UsageException(
                                                "--compat kcp-go alone has no use for --tun"));
        Optional<Path> clients = sessions.authorizedClients();
        if (clients.isEmpty()) {
            throw new UsageException(
                    "--tun is for listed clients only: give --authorized-clients with"
                            + " tun=\"PREFIX\" before keys");
        }
        List<AddressPrefix> prefixes =
                new AuthorizedClientsFile(clients.get())
                        .load().clients().stream().flatMap(each -> each.tun().stream()).toList();
        TunConfig wanted = TunnelServer.device(options.tun, locals, prefixes);
        TunnelServer opened = TunnelServer.open(wanted, locals);
        try {
            Privileges.drop(kept(opened.device().needsPrivilegeToClose(), bound(config)));
        } catch (IOException failed) {
            opened.close();
            throw failed;
        }
        LOG.log(
                Level.INFO,
                "{0} the device {1}: {2}, MTU {3}",
                opened.device().isMade() ? "made" : "joined",
                opened.device().name(),
                String.join(", ", locals.stream().map(LocalAddress::toString).toList()),
                Integer.toString(opened.device().mtu()));
        opened.device().warning().ifPresent(line -> LOG.log(Level.WARNING, "{0}", line));
        return Optional.of(opened);
    }

    /// @throws UsageException if a device is wanted without an address, or the other way round
    static List<LocalAddress> locals(NattsOptions options) {
        List<LocalAddress> locals = options.tunLocal.stream().map(LocalAddress::parse).toList();
        if (options.tun == null && !locals.isEmpty()) {
            throw new UsageException("--tun-local needs --tun");
        }
        if (options.tun != null && locals.isEmpty()) {
            throw new UsageException("--tun needs --tun-local, the address of the device");
        }
        return locals;
    }

    /// What the server binds once the rights are gone.
    private static List<InetSocketAddress> bound(ServerConfig config) {
        return Stream.concat(
                        config.sessions().map(ServerConfig.Sessions::listen).stream(),
                        config.plain().map(ServerConfig.Plain::listen).stream())
                .toList();
    }

    /// The rights that are still needed.
    ///
    /// @param toClose whether the device needs one to be left as it was
    static Set<Capability> kept(boolean toClose, List<InetSocketAddress> bound) {
        Set<Capability> kept = EnumSet.noneOf(Capability.class);
        if (toClose) {
            kept.add(Capability.NET_ADMIN);
        }
        if (bound.stream()
                .anyMatch(each -> each.getPort() > 0 && each.getPort() < FIRST_FREE_PORT)) {
            kept.add(Capability.NET_BIND_SERVICE);
        }
        return kept;
    }
}
