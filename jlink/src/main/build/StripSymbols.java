import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// Takes the symbol tables for debuggers out of an image's shared libraries, as `strip` would where
/// it is installed: 5 MB of libjvm. What the dynamic linker needs stays. Libraries of other formats
/// than ELF for 64 bits, or with another order of their parts, stay as they are.
final class StripSymbols {
    private static final int SYMTAB = 2;
    private static final int HEADER = 64;
    private static final int SECTION = 64;

    // Offsets in the ELF header.
    private static final int PROGRAM_HEADERS = 0x20;
    private static final int SECTION_HEADERS = 0x28;
    private static final int PROGRAM_HEADER_SIZE = 0x36;
    private static final int PROGRAM_HEADER_COUNT = 0x38;
    private static final int SECTION_SIZE = 0x3a;
    private static final int SECTION_COUNT = 0x3c;
    private static final int NAMES = 0x3e;

    // Offsets in a section's header, and in a segment's.
    private static final int TYPE = 4;
    private static final int OFFSET = 0x18;
    private static final int SIZE = 0x20;
    private static final int LINK = 0x28;
    private static final int SEGMENT_OFFSET = 8;
    private static final int SEGMENT_SIZE = 0x20;

    private final ByteBuffer in;
    private final int sections;
    private final int count;

    private StripSymbols(ByteBuffer in) {
        this.in = in;
        sections = Math.toIntExact(in.getLong(SECTION_HEADERS));
        count = in.getShort(SECTION_COUNT);
    }

    public static void main(String[] arguments) throws IOException {
        try (var files = Files.walk(Path.of(arguments[0], "lib"))) {
            for (Path file : files.filter(each -> each.toString().endsWith(".so")).toList()) {
                strip(file);
            }
        }
    }

    private static void strip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        // Magic, 64 bits, little-endian.
        boolean known =
                bytes.length > HEADER
                        && in.getInt(0) == 0x464c457f
                        && in.getShort(4) == 0x0102
                        && in.getShort(SECTION_SIZE) == SECTION;
        if (!known) {
            return;
        }
        ByteBuffer out = new StripSymbols(in).stripped();
        if (out != null) {
            Path next = file.resolveSibling(file.getFileName() + ".stripped");
            Files.write(next, out.array());
            Files.setPosixFilePermissions(next, Files.getPosixFilePermissions(file));
            Files.move(next, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
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

    /// The library without its symbols, if only these and the sections' names are at its end.
    private ByteBuffer stripped() {
        int symbols = 0;
        while (symbols < count && in.getInt(header(symbols) + TYPE) != SYMTAB) {
            symbols++;
        }
        int names = in.getShort(NAMES);
        boolean usual =
                symbols + 3 == count
                        && in.getInt(header(symbols) + LINK) == symbols + 1
                        && names == symbols + 2;
        if (!usual) {
            return null;
        }
        long end = offset(symbols);
        for (int i = 1; i < symbols; i++) {
            if (offset(i) > end) {
                return null;
            }
        }
        int segment = Math.toIntExact(in.getLong(PROGRAM_HEADERS));
        for (int i = 0; i < in.getShort(PROGRAM_HEADER_COUNT); i++) {
            if (in.getLong(segment + SEGMENT_OFFSET) + in.getLong(segment + SEGMENT_SIZE) > end) {
                return null;
            }
            segment += in.getShort(PROGRAM_HEADER_SIZE);
        }
        return rewritten((int) end, symbols, names);
    }

    private ByteBuffer rewritten(int end, int symbols, int names) {
        int nameLength = (int) size(names);
        int table = end + nameLength + 7 & -8;
        var out =
                ByteBuffer.allocate(table + (symbols + 1) * SECTION).order(ByteOrder.LITTLE_ENDIAN);
        out.put(in.array(), 0, end).put(in.array(), (int) offset(names), nameLength);
        out.position(table);
        out.put(in.array(), sections, symbols * SECTION);
        out.put(in.array(), header(names), SECTION);
        out.putLong(table + symbols * SECTION + OFFSET, end);
        out.putLong(SECTION_HEADERS, table);
        out.putShort(SECTION_COUNT, (short) (symbols + 1));
        out.putShort(NAMES, (short) symbols);
        return out;
    }
}
