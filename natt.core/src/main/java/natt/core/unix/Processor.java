package natt.core.unix;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the machine's processor has instructions for.
public final class Processor {
    private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

    /// Where a systemd service with `ProcSubset=pid` still finds it: the numbers of the features
    /// that all processors have, for the loading of drivers.
    private static final Path ALIAS = Path.of("/sys/devices/system/cpu/modalias");

    private Processor() {}

    /// Whether it encrypts with AES and multiplies without carry, as GCM wants; x86-64 and 64-bit
    /// ARM are known. False where the system is not Linux.
    public static boolean hasAes() {
        try (var description = Files.newBufferedReader(DESCRIPTION, StandardCharsets.ISO_8859_1)) {
            return hasAes(description);
        } catch (IOException hidden) {
            return aliasHasAes();
        }
    }

    private static boolean aliasHasAes() {
        try {
            return aliasHasAes(Files.readString(ALIAS, StandardCharsets.ISO_8859_1));
        } catch (IOException unknown) {
            return false;
        }
    }

    /// @param alias `cpu:type:`, the architecture, `:feature:`, and numbers of four hexadecimal
    ///     digits, each between commas
    static boolean aliasHasAes(String alias) {
        if (alias.startsWith("cpu:type:x86")) {
            return alias.contains(",0099,") && alias.contains(",0081,");
        }
        return alias.startsWith("cpu:type:aarch64")
                && alias.contains(",0003,")
                && alias.contains(",0004,");
    }

    /// @param description as the kernel gives it; of several processors the first is read
    static boolean hasAes(BufferedReader description) throws IOException {
        for (String line; (line = description.readLine()) != null; ) {
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon).strip();
            if (name.equals("flags") || name.equals("Features")) {
                String all = line.substring(colon + 1) + " ";
                return all.contains(" aes ")
                        && (all.contains(" pclmulqdq ") || all.contains(" pmull "));
            }
        }
        return false;
    }
}
