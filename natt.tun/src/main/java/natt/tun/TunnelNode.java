package natt.tun;

import natt.core.HostAndPort;
import natt.core.node.ClientConfig;
import natt.core.node.PacketNode;
import natt.core.node.PacketNodeConfig;
import natt.core.node.PacketPeer;
import natt.core.node.Peer;
import natt.core.status.Report;
import natt.core.status.Report.Field;
import natt.core.status.Report.Nested;
import natt.tun.device.TunDevice;
import natt.tun.packet.FarEnd;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// A device whose packets go to peers in natt's sessions.
public final class TunnelNode implements PacketCarrier {
    /// Before the tunnel is open there is no peer, and so no packet.
    private static final class Traffic implements PacketNode.Traffic {
        private final Map<PacketPeer, FarEnd> ends = new IdentityHashMap<>();
        private @Nullable Tunnel tunnel;

        @Override
        public void received(PacketPeer from, ByteBuffer packet, long nowNanos) {
            FarEnd end = ends.get(from);
            if (tunnel != null && end != null) {
                tunnel.received(end, packet, nowNanos);
            }
        }
    }

    private final TunnelConfig config;
    private final PacketNode node;
    private final Tunnel tunnel;
    private final CompletableFuture<String> failure = new CompletableFuture<>();

    private TunnelNode(TunnelConfig config, PacketNode node, Tunnel tunnel) {
        this.config = config;
        this.node = node;
        this.tunnel = tunnel;
        node.failure().thenAccept(failure::complete);
        tunnel.failure().thenAccept(failure::complete);
    }

    /// Starts the node and calls its peers.
    ///
    /// @param device closed with this, and if this fails
    /// @param host how the only peer is found, if it is not by a broker
    /// @throws IOException with one line for the user
    public static TunnelNode start(
            TunnelConfig config,
            TunDevice device,
            PacketNodeConfig nodeConfig,
            Optional<ClientConfig.Sessions> host)
            throws IOException {
        var traffic = new Traffic();
        PacketNode node;
        try {
            node = PacketNode.start(nodeConfig, traffic);
        } catch (IOException | RuntimeException failed) {
            device.close();
            throw failed;
        }
        var opened = new CompletableFuture<Tunnel>();
        node.driver()
                .failure()
                .thenAccept(why -> opened.completeExceptionally(new IOException(why)));
        node.driver()
                .execute(
                        () -> {
                            try {
                                opened.complete(join(config, device, node, host, traffic));
                            } catch (IOException | RuntimeException failed) {
                                opened.completeExceptionally(failed);
                            }
                        });
        try {
            return new TunnelNode(config, node, opened.join());
        } catch (CompletionException failed) {
            device.close();
            node.close();
            switch (failed.getCause()) {
                case IOException why -> throw why;
                case RuntimeException why -> throw why;
                case null, default -> throw failed;
            }
        }
    }

    private static Tunnel join(
            TunnelConfig config,
            TunDevice device,
            PacketNode node,
            Optional<ClientConfig.Sessions> host,
            Traffic traffic)
            throws IOException {
        Tunnel tunnel =
                Tunnel.open(
                        device,
                        config.locals(),
                        config.forward(),
                        node.local().getPort(),
                        node.driver());
        traffic.tunnel = tunnel;
        for (TunnelPeer each : config.peers()) {
            PacketPeer peer =
                    host.isPresent() ? node.host(host.get()) : node.peer(Peer.parse(each.name()));
            var end = new PeerEnd(peer);
            traffic.ends.put(peer, end);
            tunnel.allow(each.name(), end, each.allowedIps());
        }
        return tunnel;
    }

    @Override
    public CompletableFuture<String> failure() {
        return failure;
    }

    @Override
    public String description() {
        return "this node's key is %s, UDP %s"
                .formatted(node.key(), HostAndPort.format(node.local()));
    }

    /// That of the node, with the device as the section `tunnel`.
    @Override
    public CompletableFuture<Report> report() {
        var own = new CompletableFuture<Report>();
        node.driver().execute(() -> own.complete(tunnel.report()));
        return node.report().thenCombine(own, TunnelNode::joined);
    }

    static Report joined(Report node, Report tunnel) {
        List<Field> fields = new ArrayList<>(node.fields());
        fields.add(new Field("tunnel", new Nested(tunnel)));
        return new Report(fields);
    }

    /// The peers hear of the end before the device goes, which may take a tenth of a second.
    @Override
    public void close() {
        node.close();
        tunnel.close();
    }

    @Override
    public String toString() {
        return config.device();
    }
}
