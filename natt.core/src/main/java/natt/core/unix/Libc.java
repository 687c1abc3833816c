package natt.core.unix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int EFD_CLOEXEC = O_CLOEXEC;
    private static final int EFD_NONBLOCK = O_NONBLOCK;
    private static final int STRUCT_TIMEVAL_BYTES = 16;
    private static final int STRUCT_SOCK_FPROG_BYTES = 16;
    private static final int MOST_FILTER = 4_096;

    /// Those whose numbers of flags and requests are the generic ones of the kernel.
    private static final Set<String> MACHINES =
            Set.of("x86_64", "aarch64", "riscv64", "loongarch64");

    private static @Nullable Libc loaded;

    private final MethodHandle strerror;

    private Libc() {
        strerror = Calls.find("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    }

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
            return new Libc();
        } catch (IllegalCallerException denied) {
            throw new IOException(
                    "this needs the option --enable-native-access=natt.core of Java", denied);
        } catch (UnsupportedOperationException | LinkageError unusable) {
            throw new IOException("this Java cannot call the C library of this system", unusable);
        }
    }

    /// A system call with memory of its own.
    private interface Invocation {
        long run(Arena arena, MemorySegment state) throws Throwable;
    }

    private long call(String name, Invocation invocation) throws UnixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Calls.STATE);
            for (; ; ) {
                long result = invocation.run(arena, state);
                if (result >= 0) {
                    return result;
                }
                int errno = Calls.errno(state);
                if (errno != Errors.EINTR) {
                    throw failed(name, errno);
                }
            }
        } catch (UnixException failed) {
            throw failed;
        } catch (Throwable impossible) {
            throw new AssertionError(name + " throws nothing", impossible);
        }
    }

    UnixException failed(String call, int errno) {
        return new UnixException(call, errno, text(errno));
    }

    /// What the system calls an error.
    @SuppressWarnings("restricted")
    public String text(int errno) {
        try {
            var text = (MemorySegment) strerror.invokeExact(errno);
            return text.reinterpret(Text.LONGEST_ESCAPED).getString(0);
        } catch (Throwable unreadable) {
            return "error " + errno;
        }
    }

    /// Opens a file.
    ///
    /// @param flags of `open(2)`
    public int open(String path, int flags) throws UnixException {
        return (int)
                call(
                        "open " + path,
                        (arena, state) ->
                                (int)
                                        Calls.OPEN.invokeExact(
                                                state,
                                                arena.allocateFrom(path),
                                                flags | O_CLOEXEC,
                                                0));
    }

    /// Closes a descriptor, of which nothing more is wanted.
    public void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            // After EINTR it is closed as well.
            int _ = (int) Calls.CLOSE.invokeExact(arena.allocate(Calls.STATE), descriptor);
        } catch (Throwable impossible) {
            throw new AssertionError("close throws nothing", impossible);
        }
    }

    /// Makes reading and writing fail with EAGAIN where they would wait.
    public void setNonblocking(int descriptor) throws UnixException {
        int flags =
                (int)
                        call(
                                "fcntl",
                                (_, state) ->
                                        (int)
                                                Calls.FCNTL.invokeExact(
                                                        state, descriptor, F_GETFL, 0));
        call(
                "fcntl",
                (_, state) ->
                        (int)
                                Calls.FCNTL.invokeExact(
                                        state, descriptor, F_SETFL, flags | O_NONBLOCK));
    }

    /// A device's own request.
    ///
    /// @param data what the kernel reads and writes
    public int ioctl(int descriptor, int request, byte[] data) throws UnixException {
        return (int)
                call(
                        "ioctl",
                        (arena, state) -> {
                            MemorySegment copy = arena.allocateFrom(JAVA_BYTE, data);
                            int result = ioctl(state, descriptor, request, copy);
                            MemorySegment.copy(copy, JAVA_BYTE, 0, data, 0, data.length);
                            return result;
                        });
    }

    /// A device's own request with a number.
    public int ioctl(int descriptor, int request, long number) throws UnixException {
        return (int)
                call(
                        "ioctl",
                        (_, state) ->
                                ioctl(state, descriptor, request, MemorySegment.ofAddress(number)));
    }

    private static int ioctl(
            MemorySegment state, int descriptor, int request, MemorySegment argument)
            throws Throwable {
        return (int)
                Calls.IOCTL.invokeExact(
                        state, descriptor, Integer.toUnsignedLong(request), argument);
    }

    /// A counter to wake a thread that polls.
    int eventfd() throws UnixException {
        return (int)
                call(
                        "eventfd",
                        (_, state) ->
                                (int)
                                        Calls.EVENTFD.invokeExact(
                                                state, 0, EFD_CLOEXEC | EFD_NONBLOCK));
    }

    /// @param type may have [#SOCK_NONBLOCK] added
    public int socket(int family, int type, int protocol) throws UnixException {
        return (int)
                call(
                        "socket",
                        (_, state) ->
                                (int)
                                        Calls.SOCKET.invokeExact(
                                                state, family, type | SOCK_CLOEXEC, protocol));
    }

    public void bind(int socket, InetSocketAddress address) throws UnixException {
        byte[] encoded = SocketAddress.encode(address);
        call(
                "bind",
                (arena, state) ->
                        (int)
                                Calls.BIND.invokeExact(
                                        state,
                                        socket,
                                        arena.allocateFrom(JAVA_BYTE, encoded),
                                        encoded.length));
    }

    public void connect(int socket, InetSocketAddress address) throws UnixException {
        byte[] encoded = SocketAddress.encode(address);
        call(
                "connect",
                (arena, state) ->
                        (int)
                                Calls.CONNECT.invokeExact(
                                        state,
                                        socket,
                                        arena.allocateFrom(JAVA_BYTE, encoded),
                                        encoded.length));
    }

    /// Lets a socket of UDP forget whom it was connected to, and from which address.
    public void disconnect(int socket) throws UnixException {
        // The family AF_UNSPEC is zero.
        int length = Long.BYTES + Long.BYTES;
        call(
                "connect",
                (arena, state) ->
                        (int)
                                Calls.CONNECT.invokeExact(
                                        state, socket, arena.allocate(length), length));
    }

    /// The address to which an IPv4 or IPv6 socket is bound.
    public InetSocketAddress localAddress(int socket) throws UnixException {
        var encoded = new byte[SocketAddress.MOST_BYTES];
        call(
                "getsockname",
                (arena, state) -> {
                    MemorySegment address = arena.allocate(encoded.length, 8);
                    MemorySegment length = arena.allocateFrom(JAVA_INT, encoded.length);
                    int result =
                            (int) Calls.GETSOCKNAME.invokeExact(state, socket, address, length);
                    MemorySegment.copy(address, JAVA_BYTE, 0, encoded, 0, encoded.length);
                    return result;
                });
        return SocketAddress.decode(encoded)
                .orElseThrow(() -> failed("getsockname", Errors.EAFNOSUPPORT));
    }

    public void setOption(int socket, int level, int option, int value) throws UnixException {
        var bytes = new byte[Integer.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(value);
        setOption(socket, level, option, bytes);
    }

    public void setOption(int socket, int level, int option, byte[] value) throws UnixException {
        call(
                "setsockopt",
                (arena, state) ->
                        (int)
                                Calls.SETSOCKOPT.invokeExact(
                                        state,
                                        socket,
                                        level,
                                        option,
                                        arena.allocateFrom(JAVA_BYTE, value),
                                        value.length));
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
                (arena, state) -> {
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
                    return (int)
                            Calls.SETSOCKOPT.invokeExact(
                                    state,
                                    socket,
                                    SOL_SOCKET,
                                    SO_ATTACH_FILTER,
                                    header,
                                    STRUCT_SOCK_FPROG_BYTES);
                });
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
        return (int)
                call(
                        "sendto",
                        (arena, state) -> {
                            int length = data.remaining();
                            MemorySegment copy = arena.allocate(Math.max(1, length));
                            copy.asByteBuffer().put(data.duplicate());
                            MemorySegment address =
                                    to.length == 0
                                            ? MemorySegment.NULL
                                            : arena.allocateFrom(JAVA_BYTE, to);
                            return (long)
                                    Calls.SENDTO.invokeExact(
                                            state,
                                            socket,
                                            copy,
                                            (long) length,
                                            flags,
                                            address,
                                            to.length);
                        });
    }

    /// Receives into what remains of the buffer, which is advanced.
    ///
    /// @param flags of `recvfrom(2)`
    /// @return who has sent it, if that has an IPv4 or IPv6 address
    public Optional<InetSocketAddress> receive(int socket, ByteBuffer into, int flags)
            throws UnixException {
        var from = new byte[SocketAddress.MOST_BYTES];
        call(
                "recvfrom",
                (arena, state) -> {
                    MemorySegment data = arena.allocate(Math.max(1, into.remaining()));
                    MemorySegment address = arena.allocate(from.length, 8);
                    MemorySegment length = arena.allocateFrom(JAVA_INT, from.length);
                    long received =
                            (long)
                                    Calls.RECVFROM.invokeExact(
                                            state,
                                            socket,
                                            data,
                                            (long) into.remaining(),
                                            flags,
                                            address,
                                            length);
                    if (received >= 0) {
                        long whole = Math.min(received, into.remaining());
                        into.put(data.asSlice(0, whole).asByteBuffer());
                        MemorySegment.copy(address, JAVA_BYTE, 0, from, 0, from.length);
                    }
                    return received;
                });
        return SocketAddress.decode(from);
    }

    /// Waits until one of the descriptors can be read from or has failed.
    ///
    /// @param millis how long at most; negative for ever
    /// @return which, as bits: 1 for the first, 2 for the second
    public int awaitReadable(int millis, int... descriptors) throws UnixException {
        return (int)
                call(
                        "poll",
                        (arena, state) -> {
                            MemorySegment polled =
                                    arena.allocate((long) POLLFD_BYTES * descriptors.length, 4);
                            for (int i = 0; i < descriptors.length; i++) {
                                watch(polled, i, descriptors[i]);
                            }
                            int count =
                                    (int)
                                            Calls.POLL.invokeExact(
                                                    state,
                                                    polled,
                                                    (long) descriptors.length,
                                                    millis);
                            int ready = count < 0 ? count : 0;
                            for (int i = 0; count > 0 && i < descriptors.length; i++) {
                                ready |= events(polled, i) == 0 ? 0 : 1 << i;
                            }
                            return ready;
                        });
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
        return (int)
                call(
                        "prctl",
                        (_, state) ->
                                (int)
                                        Calls.PRCTL.invokeExact(
                                                state, operation, argument2, argument3, 0L, 0L));
    }

    /// Sets the capabilities of the calling thread.
    void capset(byte[] header, byte[] sets) throws UnixException {
        call(
                "capset",
                (arena, state) ->
                        (int)
                                Calls.CAPSET.invokeExact(
                                        state,
                                        arena.allocateFrom(JAVA_BYTE, header),
                                        arena.allocateFrom(JAVA_BYTE, sets)));
    }
}
