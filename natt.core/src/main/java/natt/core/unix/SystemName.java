package natt.core.unix;

import java.lang.foreign.Arena;
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
    static Optional<SystemName> read() {
        Optional<MethodHandle> uname = Registers.find("uname");
        if (uname.isEmpty()) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(MOST_BYTES);
            int result =
                    (int)
                            (long)
                                    uname.get()
                                            .invokeExact(
                                                    arena.allocate(
                                                            Linker.Option.captureStateLayout()),
                                                    name.address(),
                                                    0L,
                                                    0L,
                                                    0L,
                                                    0L,
                                                    0L);
            return result < 0
                    ? Optional.empty()
                    : Optional.of(new SystemName(name.getString(0), name.getString(MACHINE)));
        } catch (Throwable impossible) {
            throw new AssertionError("uname throws nothing", impossible);
        }
    }
}
