package natt.core.unix;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// Functions of the C library, all with one type, since Java takes 10 ms for each type.
///
/// A 64-bit Linux passes each argument that is a number or an address in a register of its own,
/// an `int` extended by its sign, and a function does not look at registers for which it has no
/// parameter. Of a result that is an `int` only the lower half means anything. So arguments are six
/// longs here, of which addresses are of memory that lives until the call returns, and the result
/// is one; before them comes memory for the number of the last error.
final class Registers {
    /// How many arguments a function has at most.
    static final int COUNT = 6;

    static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

    private static final FunctionDescriptor TYPE =
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    private Registers() {}

    static MethodHandle plain(String name) {
        return require(name, TYPE, CAPTURE);
    }

    /// @param named how many arguments the function declares; the others follow `...`
    static MethodHandle variadic(String name, int named) {
        return require(name, TYPE, CAPTURE, Linker.Option.firstVariadicArg(named));
    }

    /// A function with its own type.
    static MethodHandle require(String name, FunctionDescriptor type, Linker.Option... options) {
        return find(name, type, options)
                .orElseThrow(
                        () -> new UnsupportedOperationException("the C library has no " + name));
    }

    /// A function that not every system has.
    static Optional<MethodHandle> find(String name) {
        return find(name, TYPE, CAPTURE);
    }

    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> find(
            String name, FunctionDescriptor type, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> function = linker.defaultLookup().find(name);
        return function.map(at -> linker.downcallHandle(at, type, options));
    }
}
