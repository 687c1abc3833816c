import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;

/// Takes out of an image's shared libraries what is for debuggers, as `strip` would where it is
/// installed: 5 MB of libjvm. What the dynamic linker needs stays. Of libjvm it also takes the
/// tables by which exceptions of C++ find their way up the stack, 2 MB: it is compiled without such
/// exceptions, and finds its own way by frame pointers. Libraries of other formats than ELF for 64
/// bits, or with another order of their parts, stay as they are.
final class StripLibraries {
    private static final int HEADER = 64;
    private static final int SECTION = 64;
    private static final int SEGMENT = 56;

    // Offsets in the ELF header.
    private static final int PROGRAM_HEADERS = 0x20;
    private static final int SECTION_HEADERS = 0x28;
    private static final int PROGRAM_HEADER_SIZE = 0x36;
    private static final int PROGRAM_HEADER_COUNT = 0x38;
    private static final int SECTION_SIZE = 0x3a;
    private static final int SECTION_COUNT = 0x3c;
    private static final int NAMES = 0x3e;

    // Offsets in a section's header.
    private static final int TYPE = 4;
    private static final int FLAGS = 8;
    private static final int OFFSET = 0x18;
    private static final int SIZE = 0x20;
    private static final int ALLOCATED = 2;
    private static final int NO_BITS = 8;

    // Offsets in a segment's header.
    private static final int SEGMENT_FLAGS = 4;
    private static final int SEGMENT_OFFSET = 8;
    private static final int SEGMENT_SIZE = 0x20;
    private static final int MEMORY_SIZE = 0x28;
    private static final int ALIGNMENT = 0x30;
    private static final int LOAD = 1;
    private static final int READ_ONLY = 4;
    private static final int FRAMES = 0x6474e550;

    private static final Set<String> UNWINDING =
            Set.of(".eh_frame_hdr", ".eh_frame", ".gcc_except_table");

    private final ByteBuffer in;
    private final int sections;
    private final int count;
    private final int segments;

    private StripLibraries(ByteBuffer in) {
        this.in = in;
        sections = Math.toIntExact(in.getLong(SECTION_HEADERS));
        count = in.getShort(SECTION_COUNT);
        segments = Math.toIntExact(in.getLong(PROGRAM_HEADERS));
    }

    public static void main(String[] arguments) throws IOException {
        try (var files = Files.walk(Path.of(arguments[0], "lib"))) {
            for (Path file : files.filter(each -> each.toString().endsWith(".so")).toList()) {
                strip(file);
            }
        }
    }

    private static void strip(Path file) throws IOException {
        ByteBuffer library = wrap(Files.readAllBytes(file));
        // Magic, 64 bits, little-endian.
        boolean known =
                library.capacity() > HEADER
                        && library.getInt(0) == 0x464c457f
                        && library.getShort(4) == 0x0102
                        && library.getShort(SECTION_SIZE) == SECTION
                        && library.getShort(PROGRAM_HEADER_SIZE) == SEGMENT;
        if (!known) {
            return;
        }
        ByteBuffer out = new StripLibraries(library).withoutSymbols();
        if (file.endsWith("libjvm.so")) {
            out = new StripLibraries(out).withoutUnwinding();
        }
        if (out != library) {
            Path next = file.resolveSibling(file.getFileName() + ".stripped");
            Files.write(next, out.array());
            Files.setPosixFilePermissions(next, Files.getPosixFilePermissions(file));
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static ByteBuffer wrap(byte... library) {
        return ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int header(int section) {
        return sections + section * SECTION;
    }

    private long offset(int section) {
        return in.getLong(header(section) + OFFSET);
    }

    private long size(int section) {
        return in.getLong(header(section) + SIZE);
    }

    private boolean isAllocated(int section) {
        return (in.getLong(header(section) + FLAGS) & ALLOCATED) != 0;
    }

    private int segmentCount() {
        return in.getShort(PROGRAM_HEADER_COUNT);
    }

    private int segment(int index) {
        return segments + index * SEGMENT;
    }

    /// The library without what is not loaded, if that is at its end; sections' names stay.
    private ByteBuffer withoutSymbols() {
        int kept = count;
        while (kept > 1 && !isAllocated(kept - 1)) {
            kept--;
        }
        int names = in.getShort(NAMES);
        if (names < kept || kept == 1 || names == kept) {
            return in;
        }
        long end = offset(kept);
        for (int i = 1; i < kept; i++) {
            if (offset(i) > end) {
                return in;
            }
        }
        for (int i = 0; i < segmentCount(); i++) {
            if (in.getLong(segment(i) + SEGMENT_OFFSET) + in.getLong(segment(i) + SEGMENT_SIZE)
                    > end) {
                return in;
            }
        }
        return rewritten((int) end, kept, names);
    }

    private ByteBuffer rewritten(int end, int kept, int names) {
        int nameLength = (int) size(names);
        int table = end + nameLength + 7 & -8;
        var out = wrap(new byte[table + (kept + 1) * SECTION]);
        out.put(in.array(), 0, end).put(in.array(), (int) offset(names), nameLength);
        out.position(table);
        out.put(in.array(), sections, kept * SECTION);
        out.put(in.array(), header(names), SECTION);
        out.putLong(table + kept * SECTION + OFFSET, end);
        out.putLong(SECTION_HEADERS, table);
        out.putShort(SECTION_COUNT, (short) (kept + 1));
        out.putShort(NAMES, (short) kept);
        return out;
    }

    /// The library without its tables for unwinding, if they are all that is at the end of a
    /// segment that is only read. Nothing moves in memory: what follows moves in the file, by whole
    /// pages.
    private ByteBuffer withoutUnwinding() {
        int frames = 0;
        while (frames < segmentCount() && in.getInt(segment(frames)) != FRAMES) {
            frames++;
        }
        if (frames == segmentCount()) {
            return in;
        }
        long start = in.getLong(segment(frames) + SEGMENT_OFFSET);
        int holder = 0;
        while (!holds(holder, start)) {
            holder++;
        }
        // Segments that are loaded stand in the order of their addresses.
        int next = holder + 1;
        boolean usual =
                in.getInt(segment(holder) + SEGMENT_FLAGS) == READ_ONLY
                        && next < segmentCount()
                        && in.getInt(segment(next)) == LOAD
                        && isUnwinding(start, in.getLong(segment(next) + SEGMENT_OFFSET));
        return usual ? cut(start, frames, holder) : in;
    }

    private boolean holds(int segment, long offset) {
        long from = in.getLong(segment(segment) + SEGMENT_OFFSET);
        return in.getInt(segment(segment)) == LOAD
                && from <= offset
                && offset < from + in.getLong(segment(segment) + SEGMENT_SIZE);
    }

    private boolean isUnwinding(long from, long to) {
        for (int i = 1; i < count; i++) {
            boolean inside = offset(i) + size(i) > from && offset(i) < to;
            if (inside && !UNWINDING.contains(name(i))) {
                return false;
            }
        }
        return true;
    }

    private String name(int section) {
        int from = (int) offset(in.getShort(NAMES)) + in.getInt(header(section));
        int to = from;
        while (in.get(to) != 0) {
            to++;
        }
        return new String(in.array(), from, to - from, StandardCharsets.US_ASCII);
    }

    private ByteBuffer cut(long start, int frames, int holder) {
        long following = in.getLong(segment(holder + 1) + SEGMENT_OFFSET);
        long page = in.getLong(segment(holder + 1) + ALIGNMENT);
        long from = start + page - 1 & -page;
        long to = following & -page;
        if (to <= from) {
            return in;
        }
        long kept = start - in.getLong(segment(holder) + SEGMENT_OFFSET);
        in.putLong(segment(holder) + SEGMENT_SIZE, kept);
        in.putLong(segment(holder) + MEMORY_SIZE, kept);
        in.put(segment(frames), new byte[SEGMENT]);
        for (int i = 0; i < segmentCount(); i++) {
            moved(segment(i) + SEGMENT_OFFSET, following, to - from);
        }
        for (int i = 1; i < count; i++) {
            if (offset(i) >= start && offset(i) < following) {
                in.putInt(header(i) + TYPE, NO_BITS);
                in.putLong(header(i) + OFFSET, start);
            }
            moved(header(i) + OFFSET, following, to - from);
        }
        moved(SECTION_HEADERS, following, to - from);
        var out = wrap(new byte[(int) (in.capacity() - (to - from))]);
        out.put(in.array(), 0, (int) from);
        out.put(in.array(), (int) to, (int) (in.capacity() - to));
        return out;
    }

    private void moved(int field, long following, long bytes) {
        if (in.getLong(field) >= following) {
            in.putLong(field, in.getLong(field) - bytes);
        }
    }
}
