package natt.tun.device;

import natt.core.io.Driver;
import natt.core.unix.PacketFile;
import natt.tun.packet.Joiner;
import natt.tun.packet.Offload;
import natt.tun.packet.Splitter;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The packets of a device, for the driver's thread. Where the kernel can, what passes between it
/// and this program are many packets of TCP in one.
public final class TunFile implements AutoCloseable {
    /// The longest packet of IP.
    private static final int MOST_LENGTH = 65_535;

    private final Driver driver;
    private final PacketFile file;
    private final @Nullable Splitter splitter;
    private final @Nullable Joiner joiner;
    private final Runnable flush = this::flush;
    private boolean flushing;

    /// @param descriptor the file's from now on, also if it fails here
    /// @param offloads whether the device says an [Offload] before each packet
    TunFile(
            String name,
            int descriptor,
            int mtu,
            boolean offloads,
            Driver driver,
            PacketFile.Receiver receiver)
            throws IOException {
        this.driver = driver;
        splitter = offloads ? new Splitter(receiver::packet) : null;
        joiner = offloads ? new Joiner(this::writeTo) : null;
        int most = offloads ? Offload.LENGTH + MOST_LENGTH : mtu;
        PacketFile.Receiver first = splitter == null ? receiver : new Parts(splitter, receiver);
        file = PacketFile.start("natt-" + name, descriptor, most, driver, first);
    }

    private record Parts(Splitter splitter, PacketFile.Receiver receiver)
            implements PacketFile.Receiver {
        @Override
        public void packet(ByteBuffer packet, long nowNanos) {
            splitter.take(packet, nowNanos);
        }

        @Override
        public void batchEnded(long nowNanos) {
            receiver.batchEnded(nowNanos);
        }

        @Override
        public void failed(IOException why) {
            receiver.failed(why);
        }
    }

    private boolean writeTo(ByteBuffer offload, ByteBuffer packet) {
        return file.write(offload, packet);
    }

    /// Writes a packet, or keeps it until what has arrived with it has been looked at.
    ///
    /// @param packet between position and limit, as long as the device takes; only lent
    /// @return false if it is lost
    public boolean write(ByteBuffer packet) {
        if (joiner == null) {
            return file.write(packet);
        }
        boolean taken = joiner.take(packet);
        if (joiner.isWaiting() && !flushing) {
            flushing = true;
            driver.execute(flush);
        }
        return taken;
    }

    private void flush() {
        flushing = false;
        if (joiner != null) {
            joiner.flush();
        }
    }

    /// Whether several packets pass as one.
    public boolean offloads() {
        return joiner != null;
    }

    /// How many packets went to the kernel together with one before.
    public long joined() {
        return joiner == null ? 0 : joiner.joined();
    }

    public PacketFile.Counters counters() {
        return file.counters();
    }

    /// See [PacketFile#control].
    void control(int request, long number) {
        file.control(request, number);
    }

    /// See [PacketFile#close].
    @Override
    public void close() {
        file.close();
    }
}
