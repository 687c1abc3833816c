package natt.core.keys;

import natt.core.PreSharedKey;
import natt.core.keys.KeyFiles.Guard;
import natt.tests.Repository;
import natt.tests.fuzz.Input;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Any file holds a key, or is refused in a line that shows nothing of what it holds. The input:
/// whether a secret is wanted, then the file.
public final class KeyFilesFuzzer {
    private static final Path FILE =
            Repository.target("fuzz").resolve("key-%d".formatted(ProcessHandle.current().pid()));

    /// As much of the file as would be told by chance.
    private static final int SHOWN = 6;

    private KeyFilesFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        boolean secret = input.flag();
        byte[] file = input.rest();
        try {
            Files.write(FILE, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            if (secret) {
                PreSharedKey key = KeyFiles.readPreSharedKey(FILE, Guard.SERVICE_MANAGER);
                if (key.equals(PreSharedKey.NONE) || !key.toString().equals("***")) {
                    throw new AssertionError("no secret");
                }
            } else {
                KeyFiles.readIdentity(FILE, Guard.SERVICE_MANAGER);
            }
        } catch (IOException refused) {
            requireNothingOf(file, String.valueOf(refused.getMessage()));
        }
    }

    private static void requireNothingOf(byte[] file, String shown) {
        String reason = shown.replace(FILE.toString(), "");
        if (reason.lines().count() != 1) {
            throw new AssertionError("not one line: " + shown);
        }
        String text = new String(file, StandardCharsets.ISO_8859_1);
        for (int i = 0; i + SHOWN <= text.length(); i++) {
            String part = text.substring(i, i + SHOWN);
            boolean random = part.chars().anyMatch(c -> c >= '0' && c <= '9');
            if (random && reason.contains(part)) {
                throw new AssertionError("shows what is in the file");
            }
        }
    }
}
