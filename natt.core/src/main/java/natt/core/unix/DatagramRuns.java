package natt.core.unix;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// A UDP socket of this process through which datagrams go and come in runs: those of one length
/// (the last may be shorter), from or to one address, one behind the other, with one system call
/// (UDP_SEGMENT and UDP_GRO of `udp(7)`).
///
/// The socket is one that Java has opened; this is a descriptor of its own for it. On the driver's
/// thread, but for [#find].
public final class DatagramRuns implements AutoCloseable {
    /// How many datagrams the kernel takes at once.
    public static final int MOST_DATAGRAMS = 64;

    /// How many bytes of datagrams go at once: less than the kernel takes by any header of IP.
    public static final int MOST_BYTES = 65_000;

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /// What is asked for where the limit for users does not hold, in bytes.
    private static final int FORCED_BUFFERS = 4 << 20;

    private static final int UDP_SEGMENT = 103;
    private static final int UDP_GRO = 104;

    // struct msghdr of 64-bit Linux.
    private static final int NAME_LENGTH = 8;
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int HEADER_BYTES = 56;

    // struct cmsghdr.
    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    /// Control data of a header and at most eight bytes.
    private static final int CONTROL_BYTES = 24;

    // Places in the memory for arguments.
    private static final int OUT_NAME = 0;
    private static final int OUT_IOV = 32;
    private static final int OUT_CONTROL = 48;
    private static final int OUT_HEADER = 72;
    private static final int IN_NAME = 128;
    private static final int IN_IOV = 160;
    private static final int IN_CONTROL = 176;
    private static final int IN_CONTROL_BYTES = 64;
    private static final int IN_HEADER = 240;
    private static final int LAST_NAME = 296;
    private static final int MEMORY_BYTES = 328;

    private static final int IPV4_NAME = 16;

    private static volatile boolean forbidden;

    private final Libc libc;
    private final int descriptor;
    private final boolean ipv6;
    private final MemorySegment state;
    private final ByteBuffer memory =
            ByteBuffer.allocateDirect(MEMORY_BYTES).order(ByteOrder.nativeOrder());
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(MOST_BYTES);
    private final ByteBuffer incoming;
    private final long outHeader;
    private final long inHeader;
    private @Nullable InetSocketAddress encoded;
    private @Nullable InetSocketAddress source;
    private int segment;
    private boolean open = true;

    private DatagramRuns(Libc libc, int descriptor, ByteBuffer incoming) throws UnixException {
        this.libc = libc;
        this.descriptor = descriptor;
        this.incoming = incoming;
        ipv6 = libc.option(descriptor, Libc.SOL_SOCKET, Libc.SO_DOMAIN) == Libc.AF_INET6;
        state = Arena.ofAuto().allocate(Calls.STATE);
        long at = MemorySegment.ofBuffer(memory).address();
        outHeader = at + OUT_HEADER;
        inHeader = at + IN_HEADER;
        memory.putLong(OUT_IOV, MemorySegment.ofBuffer(outgoing).address());
        memory.putLong(OUT_HEADER, at + OUT_NAME);
        memory.putLong(OUT_HEADER + IOV, at + OUT_IOV);
        memory.putLong(OUT_HEADER + IOV_COUNT, 1);
        memory.putLong(OUT_HEADER + CONTROL, at + OUT_CONTROL);
        memory.putLong(OUT_CONTROL, CMSG_DATA + Short.BYTES);
        memory.putInt(OUT_CONTROL + CMSG_LEVEL, Libc.IPPROTO_UDP);
        memory.putInt(OUT_CONTROL + CMSG_TYPE, UDP_SEGMENT);
        memory.putLong(IN_IOV, MemorySegment.ofBuffer(incoming.clear()).address());
        memory.putLong(IN_IOV + Long.BYTES, incoming.capacity());
        memory.putLong(IN_HEADER, at + IN_NAME);
        memory.putLong(IN_HEADER + IOV, at + IN_IOV);
        memory.putLong(IN_HEADER + IOV_COUNT, 1);
        memory.putLong(IN_HEADER + CONTROL, at + IN_CONTROL);
    }

    /// Lets every socket of this process that has not begun yet do without.
    public static void forbid() {
        forbidden = true;
    }

    /// Whether it is worth trying [#find]; costs nothing.
    public static boolean arePossible() {
        return !forbidden
                && DatagramRuns.class.getModule().isNativeAccessEnabled()
                && Files.isDirectory(DESCRIPTORS);
    }

    /// Finds the socket that is bound to an address. Takes tens of milliseconds the first time, so
    /// this is for another thread than the driver's.
    ///
    /// @param incoming where to receive, direct, for the longest run; nobody else's object, whoever
    ///     else uses the memory
    /// @throws IOException with a line for the log, if this system cannot
    public static DatagramRuns find(InetSocketAddress local, ByteBuffer incoming)
            throws IOException {
        Libc libc = Libc.load();
        int own = duplicateOf(libc, local);
        try {
            // Fails where the kernel knows no such option.
            libc.option(own, Libc.IPPROTO_UDP, UDP_SEGMENT);
            libc.option(own, Libc.IPPROTO_UDP, UDP_GRO);
            return new DatagramRuns(libc, own, incoming);
        } catch (UnixException | RuntimeException | Error failed) {
            // Else the address stayed bound.
            libc.close(own);
            throw failed;
        }
    }

    private static int duplicateOf(Libc libc, InetSocketAddress local) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path each : all) {
                int number = Integer.parseInt(each.getFileName().toString());
                if (isBoundTo(libc, number, local)) {
                    int own = libc.duplicate(number);
                    // The number may have become another file's in between.
                    if (isBoundTo(libc, own, local)) {
                        return own;
                    }
                    libc.close(own);
                }
            }
        }
        throw new IOException("no descriptor of the socket was found");
    }

    /// An address is bound once, so the socket is the one that is meant.
    private static boolean isBoundTo(Libc libc, int descriptor, InetSocketAddress local) {
        try {
            return libc.option(descriptor, Libc.SOL_SOCKET, Libc.SO_TYPE) == Libc.SOCK_DGRAM
                    && libc.localAddress(descriptor).equals(local);
        } catch (UnixException _) {
            return false;
        }
    }

    /// Makes the kernel join datagrams that arrive: from now on nobody may receive otherwise.
    public void begin() throws UnixException {
        try {
            libc.setOption(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, FORCED_BUFFERS);
            libc.setOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, FORCED_BUFFERS);
        } catch (UnixException _) {
            // What every user may have is what there is.
        }
        libc.setOption(descriptor, Libc.IPPROTO_UDP, UDP_GRO, 1);
    }

    /// Sends a run, all or nothing of it; the buffer is not advanced.
    ///
    /// @param length of each datagram, but for the last, which may be shorter
    /// @param to an address with its scope, if it needs one
    /// @return 0, or the number of the error as in [Errors]
    public int send(ByteBuffer run, int length, InetSocketAddress to) {
        int bytes = run.remaining();
        if (to != encoded) {
            encode(to);
        }
        outgoing.put(0, run, run.position(), bytes);
        memory.putLong(OUT_IOV + Long.BYTES, bytes);
        if (bytes > length) {
            memory.putShort(OUT_CONTROL + CMSG_DATA, (short) length);
            memory.putLong(OUT_HEADER + CONTROL_LENGTH, CONTROL_BYTES);
        } else {
            memory.putLong(OUT_HEADER + CONTROL_LENGTH, 0);
        }
        try {
            while (true) {
                long sent =
                        (long)
                                Calls.SENDMSG.invokeExact(
                                        state,
                                        (long) descriptor,
                                        outHeader,
                                        (long) Libc.MSG_DONTWAIT,
                                        0L,
                                        0L,
                                        0L);
                int errno = sent >= 0 ? 0 : Calls.errno(state);
                if (errno != Errors.EINTR) {
                    return errno;
                }
            }
        } catch (Throwable impossible) {
            throw new AssertionError("sendmsg throws nothing", impossible);
        }
    }

    private void encode(InetSocketAddress to) {
        byte[] name = SocketAddress.encode(to, ipv6);
        memory.put(OUT_NAME, name);
        memory.putInt(OUT_HEADER + NAME_LENGTH, name.length);
        encoded = to;
    }

    /// Whether the kernel needs to be told which link an address is of, and the address does not
    /// say.
    public static boolean lacksScope(InetSocketAddress to) {
        InetAddress ip = to.getAddress();
        return ip instanceof Inet6Address six && six.getScopeId() == 0 && six.isLinkLocalAddress();
    }

    /// Receives a run, from the beginning of the buffer on.
    ///
    /// @return its bytes, or the negative of the number of an error as in [Errors]
    public int receive() {
        memory.putInt(IN_HEADER + NAME_LENGTH, SocketAddress.MOST_BYTES);
        memory.putLong(IN_HEADER + CONTROL_LENGTH, IN_CONTROL_BYTES);
        try {
            while (true) {
                long received =
                        (long)
                                Calls.RECVMSG.invokeExact(
                                        state,
                                        (long) descriptor,
                                        inHeader,
                                        (long) Libc.MSG_DONTWAIT,
                                        0L,
                                        0L,
                                        0L);
                if (received >= 0) {
                    segment = segment((int) received);
                    return (int) received;
                }
                int errno = Calls.errno(state);
                if (errno != Errors.EINTR) {
                    return -errno;
                }
            }
        } catch (Throwable impossible) {
            throw new AssertionError("recvmsg throws nothing", impossible);
        }
    }

    /// The length of the datagrams that have come, of which there is one if nothing is said.
    private int segment(int received) {
        int end = IN_CONTROL + (int) memory.getLong(IN_HEADER + CONTROL_LENGTH);
        for (int at = IN_CONTROL; at + CMSG_DATA + Integer.BYTES <= end; ) {
            int length = (int) memory.getLong(at);
            if (memory.getInt(at + CMSG_LEVEL) == Libc.IPPROTO_UDP
                    && memory.getInt(at + CMSG_TYPE) == UDP_GRO) {
                int each = memory.getInt(at + CMSG_DATA);
                return each > 0 ? each : received;
            }
            at += Math.max(CMSG_DATA, length + Long.BYTES - 1 & -Long.BYTES);
        }
        return received;
    }

    /// The length of each datagram of the latest run, but for the last, which may be shorter.
    public int segment() {
        return segment;
    }

    /// Who has sent the latest run: the same object as long as it is the same address.
    public InetSocketAddress source() throws UnixException {
        InetSocketAddress last = source;
        if (last == null || !isLastName()) {
            var name = new byte[SocketAddress.MOST_BYTES];
            memory.get(IN_NAME, name);
            memory.put(LAST_NAME, name);
            last =
                    SocketAddress.decode(name)
                            .orElseThrow(() -> libc.failed("recvmsg", Errors.EAFNOSUPPORT));
            source = last;
        }
        return last;
    }

    private boolean isLastName() {
        return memory.getLong(IN_NAME) == memory.getLong(LAST_NAME)
                && memory.getLong(IN_NAME + 8) == memory.getLong(LAST_NAME + 8)
                && (memory.getInt(IN_HEADER + NAME_LENGTH) == IPV4_NAME
                        || memory.getLong(IN_NAME + 16) == memory.getLong(LAST_NAME + 16)
                                && memory.getInt(IN_NAME + 24) == memory.getInt(LAST_NAME + 24));
    }

    /// What the system calls an error.
    public String text(int errno) {
        return libc.text(errno);
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            libc.close(descriptor);
        }
    }
}
