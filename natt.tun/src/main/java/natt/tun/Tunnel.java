package natt.tun;

import natt.core.Text;
import natt.core.io.Driver;
import natt.core.keys.AddressPrefix;
import natt.core.session.Session;
import natt.core.status.Report;
import natt.core.unix.PacketFile;
import natt.tun.device.TunDevice;
import natt.tun.device.TunFile;
import natt.tun.packet.FarEnd;
import natt.tun.packet.LocalAddress;
import natt.tun.packet.PacketRouter;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Joins a device to the far ends of its packets, whatever carries them there. All but [#open],
/// [#failure] and [#close] is for the driver's thread, on which packets pass from one side to the
/// other without being kept.
public final class Tunnel implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final TunDevice device;
    private final List<LocalAddress> locals;
    private final PacketRouter router;
    private final Owners owners;
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private @Nullable TunFile file;

    private Tunnel(TunDevice device, List<LocalAddress> locals, boolean forward, int ownPort) {
        this.device = device;
        this.locals = List.copyOf(locals);
        owners = new Owners(locals);
        router =
                new PacketRouter(
                        new PacketRouter.Config(
                                locals, device.mtu(), Session.MOST_PACKET, forward, ownPort),
                        owners.allowed(),
                        this::write);
    }

    /// Takes the device's packets from now on. Nobody owns an address yet.
    ///
    /// @param device closed with the tunnel, and if this fails
    /// @param forward whether packets may go from one far end to another
    /// @param ownPort the UDP port from which the packets are carried
    /// @throws IOException with one line for the user
    public static Tunnel open(
            TunDevice device,
            List<LocalAddress> locals,
            boolean forward,
            int ownPort,
            Driver driver)
            throws IOException {
        try {
            var tunnel = new Tunnel(device, locals, forward, ownPort);
            tunnel.file = device.start(driver, tunnel.new Reader());
            return tunnel;
        } catch (IOException failed) {
            device.close();
            throw failed;
        }
    }

    private final class Reader implements PacketFile.Receiver {
        @Override
        public void packet(ByteBuffer packet, long nowNanos) {
            router.fromDevice(packet, nowNanos);
        }

        @Override
        public void failed(IOException why) {
            failure.complete(
                    "the device %s is gone: %s"
                            .formatted(
                                    device.name(), Text.escape(String.valueOf(why.getMessage()))));
        }
    }

    private boolean write(ByteBuffer packet) {
        TunFile open = file;
        return open != null && open.write(packet);
    }

    /// Takes another UDP port from which the packets are carried.
    public void carriedFrom(int port) {
        router.carriedFrom(port);
    }

    /// Gives prefixes to a far end. What another has, or the device itself, it does not get, which
    /// is logged.
    ///
    /// @param name of the far end
    public void allow(String name, FarEnd end, List<AddressPrefix> prefixes) {
        for (String refused : owners.add(name, end, prefixes)) {
            LOG.log(Level.WARNING, "{0}", refused);
        }
        router.allow(owners.allowed());
    }

    /// Takes all prefixes from a far end.
    public void forget(FarEnd end) {
        owners.remove(end);
        router.allow(owners.allowed());
    }

    /// Takes a packet that a far end has sent.
    ///
    /// @param packet between position and limit; only lent, and perhaps changed
    public void received(FarEnd from, ByteBuffer packet, long nowNanos) {
        router.fromPeer(from, packet, nowNanos);
    }

    /// Completes with one line for the user if the device has gone.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// The device, who owns what, and what has passed or was dropped.
    public Report report() {
        var report =
                Report.builder()
                        .text("device", device.name())
                        .flag("made", device.isMade())
                        .count("mtu", device.mtu())
                        .texts("local", locals.stream().map(LocalAddress::toString).toList())
                        .reports("allowed", owners.reports())
                        .counts("packets", router.passed())
                        .counts("dropped", router.dropped());
        TunFile open = file;
        if (open != null) {
            PacketFile.Counters counters = open.counters();
            report.count("readErrors", counters.readErrors()).count("tooLong", counters.tooLong());
            report.count("joined", open.joined());
        }
        return report.build();
    }

    /// Removes the device, or leaves one that was there before as it was; from any thread.
    @Override
    public void close() {
        device.close();
    }
}
