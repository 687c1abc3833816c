package natt.core.keys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/// Whose a file is and who else can use it. File systems without POSIX attributes know neither,
/// and there nothing is refused.
final class Ownership {
    /// What group and others may not have, as mode bits: anything, or writing.
    static final int ANY_ACCESS = 077;

    static final int WRITING = 022;

    private static final OptionalInt US = findUs();

    private Ownership() {}

    /// Our user id; empty where users have none.
    static OptionalInt us() {
        return US;
    }

    private static OptionalInt findUs() {
        try {
            Path self = Path.of("/proc/self");
            if (Files.exists(self)) {
                return OptionalInt.of(number(self, "unix:uid"));
            }
            Path probe = Files.createTempFile("natt", null);
            try {
                return OptionalInt.of(number(probe, "unix:uid"));
            } finally {
                Files.delete(probe);
            }
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException unknown) {
            return OptionalInt.empty();
        }
    }

    /// Refuses a file or directory that somebody else owns or can use.
    ///
    /// @param us our user id
    /// @param forbidden the mode bits that must not be set
    /// @param can what these let others do
    static void require(Path path, OptionalInt us, int forbidden, String can) throws IOException {
        int owner;
        int mode;
        try {
            owner = number(path, "unix:uid");
            mode = number(path, "unix:mode") & 07777;
        } catch (UnsupportedOperationException | IllegalArgumentException notUnix) {
            return;
        }
        if (us.isPresent() && owner != us.getAsInt() && owner != 0) {
            throw TextFile.failure(
                    path, "belongs to user %d, neither to us nor to root".formatted(owner));
        }
        if ((mode & forbidden) != 0) {
            throw TextFile.failure(
                    path,
                    "group or others can %s (mode %04o): chmod go-%s it"
                            .formatted(can, mode, forbidden == ANY_ACCESS ? "rwx" : "w"));
        }
    }

    private static int number(Path path, String attribute) throws IOException {
        return Files.getAttribute(path, attribute) instanceof Integer number ? number : 0;
    }
}
