package natt.tun.device;

import natt.core.Text;
import natt.core.io.Driver;
import natt.core.unix.Errors;
import natt.core.unix.Libc;
import natt.core.unix.PacketFile;
import natt.core.unix.UnixException;
import natt.tun.packet.Offload;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A network device of the kernel whose packets this program sends and receives.
///
/// One that this makes lives until it is closed or the program ends, with its addresses and routes.
/// One that an administrator has prepared is joined; what it lacks is added if this user may, and
/// taken away again when the device is closed; its MTU, too, and whether it is up.
public final class TunDevice implements AutoCloseable {
    private static final String CLONE = "/dev/net/tun";

    private static final int TUNSETIFF = 0x4004_54ca;
    private static final int TUNSETOFFLOAD = 0x4004_54d0;
    private static final int TUNGETFEATURES = 0x8004_54cf;
    private static final int TUNSETVNETHDRSZ = 0x4004_54d8;
    private static final int TUNSETVNETLE = 0x4004_54dc;
    private static final int IFF_TUN = 1;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;

    /// Checksums, and packets of TCP over IPv4 and IPv6 that are many in one, also with CWR.
    private static final long OFFLOADS = 0x01 | 0x02 | 0x04 | 0x08;
    private static final int IFF_TUN_EXCL = 0x8000;

    /// The name in 16 bytes, then the flags.
    private static final int STRUCT_IFREQ_BYTES = 40;

    private static final int IFREQ_FLAGS = 16;

    private final Libc libc;
    private final int descriptor;
    private final String name;
    private final boolean made;
    private final boolean offloads;
    private final Arrangement arrangement;
    private @Nullable TunFile file;
    private boolean closed;

    private TunDevice(
            Libc libc,
            int descriptor,
            String name,
            boolean made,
            boolean offloads,
            Arrangement arrangement) {
        this.libc = libc;
        this.descriptor = descriptor;
        this.name = name;
        this.made = made;
        this.offloads = offloads;
        this.arrangement = arrangement;
    }

    /// Makes the device or joins it, and gives it what it lacks. Nothing is read yet.
    ///
    /// @throws IOException with one line for the user
    public static TunDevice open(TunConfig config) throws IOException {
        Libc libc = Libc.load();
        try (var routes = new RouteSocket(libc)) {
            Optional<RouteMessages.Link> before = Arrangement.link(routes, config.name());
            if (before.isPresent()) {
                check(before.get());
            }
            int descriptor = openClone(libc);
            try {
                boolean offloads = config.offloads() && hasOffloads(libc, descriptor);
                attach(libc, descriptor, config, before, offloads);
                var arrangement = new Arrangement(config, routes, before.isEmpty());
                return new TunDevice(
                        libc, descriptor, config.name(), before.isEmpty(), offloads, arrangement);
            } catch (IOException | RuntimeException failed) {
                libc.close(descriptor);
                throw failed;
            }
        }
    }

    private static void check(RouteMessages.Link link) throws IOException {
        if (!link.tun()) {
            throw new IOException("the device " + link.name() + " is not a TUN device");
        }
        if (link.multiQueue()) {
            throw new IOException(
                    "the TUN device %s has several queues; natt uses one: make it without multi_queue"
                            .formatted(link.name()));
        }
    }

    private static void attach(
            Libc libc,
            int descriptor,
            TunConfig config,
            Optional<RouteMessages.Link> before,
            boolean offloads)
            throws IOException {
        try {
            int flags = IFF_TUN | IFF_NO_PI | (before.isEmpty() ? IFF_TUN_EXCL : 0);
            flags |= offloads ? IFF_VNET_HDR : 0;
            byte[] name = config.name().getBytes(StandardCharsets.UTF_8);
            var request =
                    ByteBuffer.allocate(STRUCT_IFREQ_BYTES)
                            .order(ByteOrder.nativeOrder())
                            .put(0, name)
                            .putShort(IFREQ_FLAGS, (short) flags)
                            .array();
            libc.ioctl(descriptor, TUNSETIFF, request);
            // All of this may be as a program before has wanted it.
            if (offloads) {
                libc.ioctl(descriptor, TUNSETVNETHDRSZ, bytes(Offload.LENGTH));
                libc.ioctl(descriptor, TUNSETVNETLE, bytes(1));
            }
            libc.ioctl(descriptor, TUNSETOFFLOAD, offloads ? OFFLOADS : 0L);
        } catch (UnixException failed) {
            throw explained(failed, config, before);
        }
    }

    private static byte[] bytes(int number) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(number)
                .array();
    }

    /// Whether the kernel can say what is left to be done to a packet, which it can since 2.6.27;
    /// what imitates it may not.
    private static boolean hasOffloads(Libc libc, int descriptor) {
        byte[] features = bytes(0);
        try {
            libc.ioctl(descriptor, TUNGETFEATURES, features);
        } catch (UnixException unknown) {
            return false;
        }
        int known = ByteBuffer.wrap(features).order(ByteOrder.nativeOrder()).getInt();
        return (known & IFF_VNET_HDR) != 0;
    }

    private static int openClone(Libc libc) throws IOException {
        try {
            return libc.open(CLONE, Libc.O_RDWR | Libc.O_NONBLOCK);
        } catch (UnixException failed) {
            throw new IOException(
                    switch (failed.errno()) {
                        case Errors.ENOENT, Errors.ENODEV, Errors.ENXIO ->
                                "there are no TUN devices here: no "
                                        + CLONE
                                        + " (an administrator may try: modprobe tun)";
                        case Errors.EPERM, Errors.EACCES ->
                                "no permission to open " + CLONE + ", which TUN devices need";
                        default -> failed.getMessage();
                    },
                    failed);
        }
    }

    private static IOException explained(
            UnixException failed, TunConfig config, Optional<RouteMessages.Link> before) {
        String name = config.name();
        String line =
                switch (failed.errno()) {
                    case Errors.EPERM ->
                            before.map(link -> notMine(link))
                                    .orElseGet(
                                            () ->
                                                    "no permission to make the device %s: run this as root, or let an administrator run: %s"
                                                            .formatted(
                                                                    name, config.commands(user())));
                    case Errors.EBUSY -> "the device " + name + " is in use by another program";
                    case Errors.EINVAL ->
                            "the device " + name + " is not a TUN device with one queue";
                    default -> "the device " + name + " cannot be opened: " + failed.getMessage();
                };
        return new IOException(line, failed);
    }

    private static String notMine(RouteMessages.Link link) {
        String whose =
                link.owner() == -1
                        ? "members of a group"
                        : "the user with the number " + Integer.toUnsignedString(link.owner());
        return "the device %s is for %s, not for %s".formatted(link.name(), whose, user());
    }

    /// The name of the user whose rights this program has.
    private static String user() {
        try {
            return Text.escape(Files.getOwner(Path.of("/proc/self")).getName());
        } catch (IOException unknown) {
            return "USER";
        }
    }

    public String name() {
        return name;
    }

    /// The kernel's number of the device.
    public int index() {
        return arrangement.link().index();
    }

    /// The longest packet, in bytes, as the kernel has it.
    public int mtu() {
        return arrangement.link().mtu();
    }

    /// Whether it was made by this, not by an administrator.
    public boolean isMade() {
        return made;
    }

    /// One line for the user, if the device is not as it was wanted.
    public Optional<String> warning() {
        return arrangement.warning();
    }

    /// Whether closing it needs the right to change devices, since natt has changed one that stays.
    public boolean needsPrivilegeToClose() {
        return arrangement.hasChanged();
    }

    /// Begins to read packets, once.
    public synchronized TunFile start(Driver driver, PacketFile.Receiver receiver)
            throws IOException {
        if (file != null || closed) {
            throw new IllegalStateException("a device is started once");
        }
        // From here on the descriptor is the file's, also if it cannot be read.
        closed = true;
        TunFile started = new TunFile(name, descriptor, mtu(), offloads, driver, receiver);
        file = started;
        return started;
    }

    /// Removes the device, or makes one that stays what it was before.
    @Override
    public synchronized void close() {
        if (arrangement.hasChanged()) {
            try (var routes = new RouteSocket(libc)) {
                arrangement.undo(routes);
            } catch (UnixException impossible) {
                // Without a socket nothing can be removed, nor said to anybody who could.
            }
        }
        if (file != null) {
            if (!made) {
                // Whoever has it next may not know what to do with many packets in one.
                file.control(TUNSETOFFLOAD, 0);
            }
            file.close();
        } else if (!closed) {
            libc.close(descriptor);
        }
        closed = true;
    }
}
