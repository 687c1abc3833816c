package natt.core.unix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/// The functions of the C library as method handles, constants through which the compiler sees.
/// Whoever touches this class first has seen to it that the system is Linux.
final class Calls {
    /// What a call leaves beside its result.
    static final StructLayout STATE = Linker.Option.captureStateLayout();

    private static final long ERRNO = STATE.byteOffset(PathElement.groupElement("errno"));

    static final MethodHandle OPEN = Registers.variadic("open", 2);
    static final MethodHandle FCNTL = Registers.variadic("fcntl", 2);
    static final MethodHandle IOCTL = Registers.variadic("ioctl", 2);
    static final MethodHandle PRCTL = Registers.variadic("prctl", 1);
    static final MethodHandle CLOSE = Registers.plain("close");
    static final MethodHandle EVENTFD = Registers.plain("eventfd");
    static final MethodHandle POLL = Registers.plain("poll");
    static final MethodHandle READ = Registers.plain("read");
    static final MethodHandle WRITE = Registers.plain("write");
    static final MethodHandle SOCKET = Registers.plain("socket");
    static final MethodHandle BIND = Registers.plain("bind");
    static final MethodHandle CONNECT = Registers.plain("connect");
    static final MethodHandle GETSOCKNAME = Registers.plain("getsockname");
    static final MethodHandle SETSOCKOPT = Registers.plain("setsockopt");
    static final MethodHandle GETSOCKOPT = Registers.plain("getsockopt");
    static final MethodHandle SENDMSG = Registers.plain("sendmsg");
    static final MethodHandle RECVMSG = Registers.plain("recvmsg");
    static final MethodHandle SENDTO = Registers.plain("sendto");
    static final MethodHandle RECVFROM = Registers.plain("recvfrom");
    static final MethodHandle CAPSET = Registers.plain("capset");
    static final MethodHandle STRERROR = Registers.plain("strerror");

    /// For descriptors that never block: the thread does not tell the collector that it is away,
    /// and in return may lend the call an array of the heap. Of the type that `read` has in C.
    static final MethodHandle READ_NOW =
            Registers.require(
                    "read",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG),
                    Registers.CAPTURE,
                    Linker.Option.critical(true));

    private Calls() {}

    /// The number of the error that a call has left.
    static int errno(MemorySegment state) {
        return state.get(JAVA_INT, ERRNO);
    }
}
