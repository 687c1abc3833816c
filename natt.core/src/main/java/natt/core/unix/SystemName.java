package natt.core.unix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// What `uname(2)` says, where there is such a function.
///
/// @param system as `Linux`
/// @param machine as `x86_64`; of a system that is not Linux something else
record SystemName(String system, String machine) {
    /// More than any system's `struct utsname`.
    private static final int MOST_BYTES = 4_096;

    /// Linux has six fields of this size, the first and the fifth are told here.
    private static final int FIELD_BYTES = 65;

    private static final int MACHINE = 4 * FIELD_BYTES;

    /// @throws IllegalCallerException if this module may not use foreign functions
    @SuppressWarnings("restricted")
    static Optional<SystemName> read() {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> function = linker.defaultLookup().find("uname");
        if (function.isEmpty()) {
            return Optional.empty();
        }
        MethodHandle uname =
                linker.downcallHandle(function.get(), FunctionDescriptor.of(JAVA_INT, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(MOST_BYTES);
            int result = (int) uname.invokeExact(name);
            return result < 0
                    ? Optional.empty()
                    : Optional.of(new SystemName(name.getString(0), name.getString(MACHINE)));
        } catch (Throwable impossible) {
            throw new AssertionError("uname throws nothing", impossible);
        }
    }
}
