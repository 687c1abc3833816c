package natt.core.io;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Assembles a program of the classic BPF (`networking/filter` in the documentation of Linux): it
/// has an accumulator and an index register, reads a packet in network byte order, only jumps
/// forward, and ends with how many bytes of the packet are let through. A read beyond the packet
/// ends it with none.
final class FilterProgram {
    // The operations, of a class, a size or a condition, and a mode or a source.
    static final int LOAD_WORD = 0x20;
    static final int LOAD_HALF = 0x28;
    static final int LOAD_WORD_AT_INDEX = 0x40;
    static final int LOAD_HALF_AT_INDEX = 0x48;
    static final int LOAD_BYTE_AT_INDEX = 0x50;
    static final int AND = 0x54;
    static final int SET_INDEX = 0x01;

    /// Sets the index register to four times the lower half of a byte.
    static final int SET_INDEX_TO_LENGTH_OF_IPV4_HEADER = 0xb1;

    static final int IF_EQUAL = 0x15;
    static final int IF_ANY_BIT = 0x45;
    static final int RETURN = 0x06;

    /// Offsets from here on are from the start of the IP header, where that is not the packet's.
    static final int FROM_IP_HEADER = -0x10_0000;

    private static final int EVERYTHING = 0x4_0000;
    private static final int MOST_JUMP = 255;

    /// A place in the program to jump to.
    static final class Label {}

    private record Jump(int from, Label ifTrue, Label ifFalse) {}

    private final List<Long> instructions = new ArrayList<>();
    private final List<Jump> jumps = new ArrayList<>();
    private final Map<Label, Integer> places = new HashMap<>();

    /// Where the program goes on without a jump.
    final Label next = new Label();

    final Label accept = new Label();
    final Label drop = new Label();

    FilterProgram add(int operation, int operand) {
        instructions.add((long) operation << 48 | Integer.toUnsignedLong(operand));
        return this;
    }

    /// Compares the accumulator with the operand.
    FilterProgram jump(int condition, int operand, Label ifTrue, Label ifFalse) {
        jumps.add(new Jump(instructions.size(), ifTrue, ifFalse));
        return add(condition, operand);
    }

    FilterProgram place(Label label) {
        places.put(label, instructions.size());
        return this;
    }

    /// The instructions as [natt.core.unix.Libc#attachFilter] takes them.
    long[] assemble() {
        place(accept).add(RETURN, EVERYTHING);
        place(drop).add(RETURN, 0);
        long[] out = instructions.stream().mapToLong(Long::longValue).toArray();
        for (Jump each : jumps) {
            out[each.from] |= distance(each.from, each.ifTrue) << 40;
            out[each.from] |= distance(each.from, each.ifFalse) << 32;
        }
        return out;
    }

    private long distance(int from, Label to) {
        if (to == next) {
            return 0;
        }
        Integer place = places.get(to);
        long distance = place == null ? -1 : place - from - 1;
        if (distance < 0 || distance > MOST_JUMP) {
            throw new IllegalArgumentException("a jump over " + distance + " instructions");
        }
        return distance;
    }
}
