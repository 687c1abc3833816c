package natt.core.unix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/// The functions of the C library as method handles, the number of the last error as their first
/// argument's content. They are constants, so that the compiler sees through them; whoever touches
/// this class first has seen to it that the system is Linux.
final class Calls {
    /// What a call leaves beside its result.
    static final StructLayout STATE = Linker.Option.captureStateLayout();

    private static final long ERRNO = STATE.byteOffset(PathElement.groupElement("errno"));

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

    // The types of C that are used here have these sizes on every 64-bit Linux.
    static final MethodHandle OPEN = variadic("open", 2, of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    static final MethodHandle FCNTL =
            variadic("fcntl", 2, of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle IOCTL =
            variadic("ioctl", 2, of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    static final MethodHandle PRCTL =
            variadic(
                    "prctl", 1, of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    static final MethodHandle CLOSE = plain("close", of(JAVA_INT, JAVA_INT));
    static final MethodHandle EVENTFD = plain("eventfd", of(JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle POLL = plain("poll", of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    static final MethodHandle READ = plain("read", of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    static final MethodHandle WRITE = plain("write", of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    static final MethodHandle SOCKET = plain("socket", of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle BIND = plain("bind", of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle CONNECT = plain("connect", of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle GETSOCKNAME =
            plain("getsockname", of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle SETSOCKOPT =
            plain("setsockopt", of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle SENDTO =
            plain(
                    "sendto",
                    of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    static final MethodHandle RECVFROM =
            plain(
                    "recvfrom",
                    of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS));
    static final MethodHandle CAPSET = plain("capset", of(JAVA_INT, ADDRESS, ADDRESS));

    /// For descriptors that never block: the thread does not tell the collector that it is away,
    /// and in return may lend the call an array of the heap.
    static final MethodHandle READ_NOW =
            find(
                    "read",
                    of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG),
                    CAPTURE,
                    Linker.Option.critical(true));

    private Calls() {}

    /// The number of the error that a call has left.
    static int errno(MemorySegment state) {
        return state.get(JAVA_INT, ERRNO);
    }

    @SuppressWarnings("restricted")
    static MethodHandle find(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        MemorySegment function =
                LINKER.defaultLookup()
                        .find(name)
                        .orElseThrow(
                                () ->
                                        new UnsupportedOperationException(
                                                "the C library has no " + name));
        return LINKER.downcallHandle(function, descriptor, options);
    }

    private static MethodHandle plain(String name, FunctionDescriptor descriptor) {
        return find(name, descriptor, CAPTURE);
    }

    /// @param named how many arguments the function declares; the others follow `...`
    private static MethodHandle variadic(String name, int named, FunctionDescriptor descriptor) {
        return find(name, descriptor, CAPTURE, Linker.Option.firstVariadicArg(named));
    }

    private static FunctionDescriptor of(MemoryLayout result, MemoryLayout... arguments) {
        return FunctionDescriptor.of(result, arguments);
    }
}
