package natt.core.unix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/// The system calls of Linux that Java has no method for.
///
/// Descriptors are opened with close-on-exec. Nothing here is meant for every packet: that is
/// [PacketFile].
public final class Libc {
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x8_0000;

    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int AF_NETLINK = 16;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_NONBLOCK = O_NONBLOCK;
    private static final int SOCK_CLOEXEC = O_CLOEXEC;
    public static final int IPPROTO_UDP = 17;
    public static final int SOL_SOCKET = 1;
    public static final int SO_RCVBUF = 8;
    public static final int SO_RCVTIMEO = 20;
    private static final int SO_ATTACH_FILTER = 26;
    public static final int MSG_DONTWAIT = 0x40;

    static final int POLLIN = 1;
    static final int POLLERR = 8;
    static final int POLLHUP = 16;
    static final int POLLNVAL = 32;
    private static final int POLLFD_BYTES = 8;

    static final int SO_TYPE = 3;
    static final int SO_DOMAIN = 39;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;

    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int EFD_CLOEXEC = O_CLOEXEC;
    private static final int EFD_NONBLOCK = O_NONBLOCK;
    private static final int STRUCT_TIMEVAL_BYTES = 16;
    private static final int STRUCT_SOCK_FPROG_BYTES = 16;
    private static final int MOST_FILTER = 4_096;
    private static final int MOST_TEXT = 256;

    /// Those whose numbers of flags and requests are the generic ones of the kernel.
    private static final Set<String> MACHINES =
            Set.of("x86_64", "aarch64", "riscv64", "loongarch64");

    private static @Nullable Libc loaded;

    private Libc() {}

    /// The C library.
    ///
    /// @throws IOException with one line for the user, if the system is not Linux or this module
    ///     may not use it
    public static synchronized Libc load() throws IOException {
        Libc known = loaded;
        if (known == null) {
            known = link();
            loaded = known;
        }
        return known;
    }

    private static Libc link() throws IOException {
        try {
            Optional<SystemName> name = SystemName.read();
            if (name.isEmpty() || !name.get().system().equals("Linux")) {
                throw new IOException("this needs Linux");
            }
            if (!MACHINES.contains(name.get().machine())) {
                throw new IOException(
                        "this does not run on "
                                + Text.escape(name.get().machine())
                                + " processors of Linux");
            }
            var libc = new Libc();
            // All functions are found now or none is used.
            libc.text(0);
            return libc;
        } catch (IllegalCallerException denied) {
            throw new IOException(
                    "this needs the option --enable-native-access=natt.core of Java", denied);
        } catch (UnsupportedOperationException | LinkageError unusable) {
            throw new IOException("this Java cannot call the C library of this system", unusable);
        }
    }

    /// The arguments of a call, which may lie in the arena.
    private interface Arguments {
        long[] in(Arena arena);
    }

    /// Calls again after a signal.
    private int call(String name, MethodHandle function, long... arguments) throws UnixException {
        return call(name, function, _ -> arguments);
    }

    private int call(String name, MethodHandle function, Arguments arguments) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            return call(name, function, arena, arguments.in(arena));
        }
    }

    private int call(String name, MethodHandle function, Arena arena, long... arguments)
            throws UnixException {
        MemorySegment state = arena.allocate(Calls.STATE);
        long[] all = Arrays.copyOf(arguments, Registers.COUNT);
        for (; ; ) {
            int result = invoke(function, state, all);
            if (result >= 0) {
                return result;
            }
            int errno = Calls.errno(state);
            if (errno != Errors.EINTR) {
                throw failed(name, errno);
            }
        }
    }

    private static int invoke(MethodHandle function, MemorySegment state, long[] all) {
        try {
            return (int)
                    (long)
                            function.invokeExact(
                                    state, all[0], all[1], all[2], all[3], all[4], all[5]);
        } catch (Throwable impossible) {
            throw new AssertionError("a system call throws nothing", impossible);
        }
    }

    UnixException failed(String call, int errno) {
        return new UnixException(call, errno, text(errno));
    }

    /// What the system calls an error.
    @SuppressWarnings("restricted")
    public String text(int errno) {
        try (Arena arena = Arena.ofConfined()) {
            long text =
                    (long)
                            Calls.STRERROR.invokeExact(
                                    arena.allocate(Calls.STATE), (long) errno, 0L, 0L, 0L, 0L, 0L);
            return MemorySegment.ofAddress(text).reinterpret(MOST_TEXT).getString(0);
        } catch (Throwable unreadable) {
            return "error " + errno;
        }
    }

    /// Opens a file.
    ///
    /// @param flags of `open(2)`
    public int open(String path, int flags) throws UnixException {
        return call(
                "open " + path,
                Calls.OPEN,
                arena -> new long[] {arena.allocateFrom(path).address(), flags | O_CLOEXEC});
    }

    /// Closes a descriptor, of which nothing more is wanted.
    public void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            // After an error it is closed as well.
            invoke(
                    Calls.CLOSE,
                    arena.allocate(Calls.STATE),
                    Arrays.copyOf(new long[] {descriptor}, Registers.COUNT));
        }
    }

    /// Makes reading and writing fail with EAGAIN where they would wait.
    public void setNonblocking(int descriptor) throws UnixException {
        int flags = call("fcntl", Calls.FCNTL, descriptor, F_GETFL);
        call("fcntl", Calls.FCNTL, descriptor, F_SETFL, flags | O_NONBLOCK);
    }

    /// Another descriptor of the same file.
    int duplicate(int descriptor) throws UnixException {
        return call("fcntl", Calls.FCNTL, descriptor, F_DUPFD_CLOEXEC, 0);
    }

    /// A device's own request.
    ///
    /// @param data what the kernel reads and writes
    public int ioctl(int descriptor, int request, byte[] data) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(JAVA_BYTE, data);
            int result =
                    call(
                            "ioctl",
                            Calls.IOCTL,
                            arena,
                            descriptor,
                            Integer.toUnsignedLong(request),
                            copy.address());
            MemorySegment.copy(copy, JAVA_BYTE, 0, data, 0, data.length);
            return result;
        }
    }

    /// A device's own request with a number.
    public int ioctl(int descriptor, int request, long number) throws UnixException {
        return call("ioctl", Calls.IOCTL, descriptor, Integer.toUnsignedLong(request), number);
    }

    /// A counter to wake a thread that polls.
    int eventfd() throws UnixException {
        return call("eventfd", Calls.EVENTFD, 0, EFD_CLOEXEC | EFD_NONBLOCK);
    }

    /// Wakes whoever polls a counter.
    void wake(int eventfd) throws UnixException {
        call(
                "write",
                Calls.WRITE,
                arena ->
                        new long[] {
                            eventfd, arena.allocateFrom(JAVA_LONG, 1).address(), Long.BYTES
                        });
    }

    /// @param type may have [#SOCK_NONBLOCK] added
    public int socket(int family, int type, int protocol) throws UnixException {
        return call("socket", Calls.SOCKET, family, type | SOCK_CLOEXEC, protocol);
    }

    public void bind(int socket, InetSocketAddress address) throws UnixException {
        call("bind", Calls.BIND, arena -> withAddress(arena, socket, address));
    }

    public void connect(int socket, InetSocketAddress address) throws UnixException {
        call("connect", Calls.CONNECT, arena -> withAddress(arena, socket, address));
    }

    private static long[] withAddress(Arena arena, int socket, InetSocketAddress address) {
        byte[] encoded = SocketAddress.encode(address);
        return new long[] {
            socket, arena.allocateFrom(JAVA_BYTE, encoded).address(), encoded.length
        };
    }

    /// Lets a socket of UDP forget whom it was connected to, and from which address.
    public void disconnect(int socket) throws UnixException {
        // The family AF_UNSPEC is zero.
        int length = Long.BYTES + Long.BYTES;
        call(
                "connect",
                Calls.CONNECT,
                arena -> new long[] {socket, arena.allocate(length).address(), length});
    }

    /// The address to which an IPv4 or IPv6 socket is bound.
    public InetSocketAddress localAddress(int socket) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(SocketAddress.MOST_BYTES, 8);
            MemorySegment length = arena.allocateFrom(JAVA_INT, SocketAddress.MOST_BYTES);
            call(
                    "getsockname",
                    Calls.GETSOCKNAME,
                    arena,
                    socket,
                    address.address(),
                    length.address());
            return SocketAddress.decode(address.toArray(JAVA_BYTE))
                    .orElseThrow(() -> failed("getsockname", Errors.EAFNOSUPPORT));
        }
    }

    /// The value of an option that is a number.
    int option(int socket, int level, int option) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocateFrom(JAVA_INT, Integer.BYTES);
            call(
                    "getsockopt",
                    Calls.GETSOCKOPT,
                    arena,
                    socket,
                    level,
                    option,
                    value.address(),
                    length.address());
            return value.get(JAVA_INT, 0);
        }
    }

    public void setOption(int socket, int level, int option, int value) throws UnixException {
        var bytes = new byte[Integer.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(value);
        setOption(socket, level, option, bytes);
    }

    public void setOption(int socket, int level, int option, byte[] value) throws UnixException {
        call(
                "setsockopt",
                Calls.SETSOCKOPT,
                arena ->
                        new long[] {
                            socket,
                            level,
                            option,
                            arena.allocateFrom(JAVA_BYTE, value).address(),
                            value.length
                        });
    }

    /// How long receiving waits before it fails with EAGAIN.
    public void setReceiveTimeout(int socket, long millis) throws UnixException {
        var timeval = ByteBuffer.allocate(STRUCT_TIMEVAL_BYTES);
        timeval.order(ByteOrder.nativeOrder());
        timeval.putLong(millis / 1_000).putLong(millis % 1_000 * 1_000);
        setOption(socket, SOL_SOCKET, SO_RCVTIMEO, timeval.array());
    }

    /// Puts a classic BPF program before a socket, which then receives what it accepts.
    ///
    /// @param instructions as in `struct sock_filter`, from its most significant bits: the
    ///     operation (16), the jumps if true and if false (8 each) and the operand (32)
    public void attachFilter(int socket, long... instructions) throws UnixException {
        if (instructions.length == 0 || instructions.length > MOST_FILTER) {
            throw new IllegalArgumentException("a filter has 1 to 4096 instructions");
        }
        call(
                "setsockopt SO_ATTACH_FILTER",
                Calls.SETSOCKOPT,
                arena ->
                        new long[] {
                            socket,
                            SOL_SOCKET,
                            SO_ATTACH_FILTER,
                            program(arena, instructions).address(),
                            STRUCT_SOCK_FPROG_BYTES
                        });
    }

    private static MemorySegment program(Arena arena, long[] instructions) {
        MemorySegment program = arena.allocate(8L * instructions.length, 8);
        for (int i = 0; i < instructions.length; i++) {
            long each = instructions[i];
            program.set(JAVA_SHORT, 8L * i, (short) (each >>> 48));
            program.set(JAVA_BYTE, 8L * i + 2, (byte) (each >>> 40));
            program.set(JAVA_BYTE, 8L * i + 3, (byte) (each >>> 32));
            program.set(JAVA_INT, 8L * i + 4, (int) each);
        }
        MemorySegment header = arena.allocate(STRUCT_SOCK_FPROG_BYTES, 8);
        header.set(JAVA_SHORT, 0, (short) instructions.length);
        header.set(ADDRESS, 8, program);
        return header;
    }

    /// Sends what remains in the buffer, which is not advanced, to where the socket is connected.
    ///
    /// @param flags of `send(2)`
    public int send(int socket, ByteBuffer data, int flags) throws UnixException {
        return send(socket, data, flags, new byte[0]);
    }

    /// Sends what remains in the buffer, which is not advanced.
    ///
    /// @param flags of `sendto(2)`
    public int sendTo(int socket, ByteBuffer data, int flags, InetSocketAddress to)
            throws UnixException {
        return send(socket, data, flags, SocketAddress.encode(to));
    }

    private int send(int socket, ByteBuffer data, int flags, byte[] to) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            int length = data.remaining();
            MemorySegment copy = arena.allocate(Math.max(1, length));
            copy.asByteBuffer().put(data.duplicate());
            long address = to.length == 0 ? 0 : arena.allocateFrom(JAVA_BYTE, to).address();
            return call(
                    "sendto",
                    Calls.SENDTO,
                    arena,
                    socket,
                    copy.address(),
                    length,
                    flags,
                    address,
                    to.length);
        }
    }

    /// Receives into what remains of the buffer, which is advanced.
    ///
    /// @param flags of `recvfrom(2)`
    /// @return who has sent it, if that has an IPv4 or IPv6 address
    public Optional<InetSocketAddress> receive(int socket, ByteBuffer into, int flags)
            throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            int room = into.remaining();
            MemorySegment data = arena.allocate(Math.max(1, room));
            MemorySegment from = arena.allocate(SocketAddress.MOST_BYTES, 8);
            MemorySegment length = arena.allocateFrom(JAVA_INT, SocketAddress.MOST_BYTES);
            int received =
                    call(
                            "recvfrom",
                            Calls.RECVFROM,
                            arena,
                            socket,
                            data.address(),
                            room,
                            flags,
                            from.address(),
                            length.address());
            into.put(data.asSlice(0, Math.min(received, room)).asByteBuffer());
            return SocketAddress.decode(from.toArray(JAVA_BYTE));
        }
    }

    /// Waits until one of the descriptors can be read from or has failed.
    ///
    /// @param millis how long at most; negative for ever
    /// @return which, as bits: 1 for the first, 2 for the second
    public int awaitReadable(int millis, int... descriptors) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment polled = pollArray(arena, descriptors.length);
            for (int i = 0; i < descriptors.length; i++) {
                watch(polled, i, descriptors[i]);
            }
            call("poll", Calls.POLL, arena, polled.address(), descriptors.length, millis);
            int ready = 0;
            for (int i = 0; i < descriptors.length; i++) {
                ready |= events(polled, i) == 0 ? 0 : 1 << i;
            }
            return ready;
        }
    }

    /// Fills an element of an array of `struct pollfd`.
    static void watch(MemorySegment polled, int index, int descriptor) {
        polled.set(JAVA_INT, (long) POLLFD_BYTES * index, descriptor);
        polled.set(JAVA_SHORT, (long) POLLFD_BYTES * index + 4, (short) POLLIN);
        polled.set(JAVA_SHORT, (long) POLLFD_BYTES * index + 6, (short) 0);
    }

    /// What `poll(2)` has said of a descriptor.
    static int events(MemorySegment polled, int index) {
        return polled.get(JAVA_SHORT, (long) POLLFD_BYTES * index + 6);
    }

    static MemorySegment pollArray(Arena arena, int count) {
        return arena.allocate((long) POLLFD_BYTES * count, 4);
    }

    /// Of the calling thread.
    int prctl(int operation, long argument2, long argument3) throws UnixException {
        return call("prctl", Calls.PRCTL, operation, argument2, argument3, 0, 0);
    }

    /// Sets the capabilities of the calling thread.
    void capset(byte[] header, byte[] sets) throws UnixException {
        call(
                "capset",
                Calls.CAPSET,
                arena ->
                        new long[] {
                            arena.allocateFrom(JAVA_BYTE, header).address(),
                            arena.allocateFrom(JAVA_BYTE, sets).address()
                        });
    }
}
