package natt.tun;

import natt.core.io.Driver;
import natt.core.keys.AddressPrefix;
import natt.core.node.PacketNode;
import natt.core.node.PacketPeer;
import natt.core.status.Report;
import natt.tun.device.TunAddress;
import natt.tun.device.TunConfig;
import natt.tun.device.TunDevice;
import natt.tun.packet.FarEnd;
import natt.tun.packet.LocalAddress;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/// A device at a server, which leads to those of its clients that its list gives inner addresses.
/// Packets do not go from one client to another but by the machine's own leave.
public final class TunnelServer implements PacketNode.TrafficFactory, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final TunDevice device;
    private final List<LocalAddress> locals;
    private final List<AddressPrefix> reached;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private @Nullable Driver driver;
    private @Nullable Tunnel tunnel;

    private TunnelServer(TunDevice device, List<LocalAddress> locals, List<AddressPrefix> reached) {
        this.device = device;
        this.locals = List.copyOf(locals);
        this.reached = List.copyOf(reached);
    }

    /// The device for it: it leads to the networks of its addresses, and to the clients' prefixes
    /// beside these but for everything (`0.0.0.0/0`).
    ///
    /// @param prefixes of the clients
    /// @throws IllegalArgumentException with one line for the user
    public static TunConfig device(
            String name, List<LocalAddress> locals, List<AddressPrefix> prefixes) {
        List<TunAddress> addresses =
                locals.stream()
                        .map(each -> TunAddress.inPrefix(each.address(), each.length()))
                        .toList();
        List<AddressPrefix> routes =
                prefixes.stream()
                        .distinct()
                        .filter(each -> each.length() > 0)
                        .filter(
                                each ->
                                        locals.stream()
                                                .noneMatch(local -> covers(local.network(), each)))
                        .toList();
        return new TunConfig(name, addresses, TunnelConfig.USUAL_MTU, routes);
    }

    private static boolean covers(AddressPrefix wide, AddressPrefix narrow) {
        return wide.length() <= narrow.length() && wide.contains(narrow.network());
    }

    /// Makes the device, or joins it.
    ///
    /// @throws IOException with one line for the user
    public static TunnelServer open(TunConfig config, List<LocalAddress> locals)
            throws IOException {
        List<AddressPrefix> reached =
                Stream.concat(locals.stream().map(LocalAddress::network), config.routes().stream())
                        .toList();
        return new TunnelServer(TunDevice.open(config), locals, reached);
    }

    public TunDevice device() {
        return device;
    }

    @Override
    public PacketNode.Traffic open(Driver on, InetSocketAddress local) throws IOException {
        Tunnel opened = Tunnel.open(device, locals, false, local.getPort(), on);
        opened.failure().thenAccept(failure::complete);
        driver = on;
        tunnel = opened;
        return new Traffic(opened);
    }

    private final class Traffic implements PacketNode.Traffic {
        private final Tunnel to;
        private final Map<PacketPeer, FarEnd> ends = new IdentityHashMap<>();

        Traffic(Tunnel to) {
            this.to = to;
        }

        @Override
        public void joined(PacketPeer peer) {
            var end = new PeerEnd(peer);
            ends.put(peer, end);
            to.allow(peer.name(), end, peer.prefixes());
            for (AddressPrefix each : peer.prefixes()) {
                if (reached.stream().noneMatch(wide -> covers(wide, each))) {
                    LOG.log(
                            Level.WARNING,
                            "the device {0} has no route to {1} of {2}",
                            device.name(),
                            each,
                            peer);
                }
            }
        }

        @Override
        public void left(PacketPeer peer) {
            FarEnd end = ends.remove(peer);
            if (end != null) {
                to.forget(end);
            }
        }

        @Override
        public void received(PacketPeer from, ByteBuffer packet, long nowNanos) {
            FarEnd end = ends.get(from);
            if (end != null) {
                to.received(end, packet, nowNanos);
            }
        }
    }

    /// Completes with one line for the user if the device has gone.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// The server's report, with the device as the section `tunnel`.
    public CompletableFuture<Report> report(CompletableFuture<Report> ofServer) {
        Driver on = driver;
        Tunnel of = tunnel;
        if (on == null || of == null) {
            return ofServer;
        }
        var own = new CompletableFuture<Report>();
        on.execute(() -> own.complete(of.report()));
        return ofServer.thenCombine(own, TunnelNode::joined);
    }

    /// Removes the device, or leaves one that was there before as it was.
    @Override
    public void close() {
        device.close();
    }
}
