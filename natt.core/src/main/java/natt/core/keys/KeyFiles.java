package natt.core.keys;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/// Files that hold a private key or a shared secret: one line of 43 characters of base64url, and
/// lines that begin with `#`. Exceptions are one line, which shows nothing that such a file holds.
public final class KeyFiles {
    private static final int LIMIT = 4_096;
    private static final int TEXT_LENGTH = 43;
    private static final String MADE_BY =
            "# natt %s: whoever reads this can pretend to be %s\n%s\n";

    /// Who keeps others from a file.
    public enum Guard {
        /// Its mode, which is checked: group and others can do nothing, and the owner is us or
        /// root.
        FILE_MODE,
        /// The service manager: the file is in `$CREDENTIALS_DIRECTORY`.
        SERVICE_MANAGER;

        /// Who keeps others from this file.
        public static Guard of(Path path, Map<String, String> environment) {
            String credentials = environment.getOrDefault("CREDENTIALS_DIRECTORY", "");
            boolean managed =
                    !credentials.isEmpty()
                            && path.toAbsolutePath().normalize().startsWith(Path.of(credentials));
            return managed ? SERVICE_MANAGER : FILE_MODE;
        }
    }

    private KeyFiles() {}

    /// @throws NoSuchFileException if there is no such file
    /// @throws IOException if it cannot be read, others can read it, or it holds no key
    public static Identity readIdentity(Path path, Guard guard) throws IOException {
        byte[] scalar = read(path, guard, "private key");
        try {
            return Identity.of(scalar);
        } finally {
            Arrays.fill(scalar, (byte) 0);
        }
    }

    /// Makes a new identity.
    ///
    /// @throws FileAlreadyExistsException if the file exists
    public static Identity createIdentity(Path path) throws IOException {
        Identity identity = Identity.generate(new SecureRandom());
        String key = Base64.getUrlEncoder().withoutPadding().encodeToString(identity.reveal());
        TextFile.create(path, MADE_BY.formatted("identity", "node " + identity.publicKey(), key));
        return identity;
    }

    /// Reads the identity of this node, and makes it the first time. Of several processes that do
    /// so at once, one makes it.
    public static Identity loadOrCreate(Path path) throws IOException {
        try {
            return readIdentity(path, Guard.FILE_MODE);
        } catch (NoSuchFileException first) {
            try {
                Directories.createParent(path);
                return createIdentity(path);
            } catch (FileAlreadyExistsException another) {
                return readIdentity(path, Guard.FILE_MODE);
            }
        }
    }

    /// @throws NoSuchFileException if there is no such file
    /// @throws IOException if it cannot be read, others can read it, or it holds no secret
    public static PreSharedKey readPreSharedKey(Path path, Guard guard) throws IOException {
        PreSharedKey secret = PreSharedKey.of(read(path, guard, "shared secret"));
        if (secret.equals(PreSharedKey.NONE)) {
            throw TextFile.failure(path, "holds zeros, no shared secret");
        }
        return secret;
    }

    /// Makes a new shared secret.
    ///
    /// @throws FileAlreadyExistsException if the file exists
    public static PreSharedKey createPreSharedKey(Path path) throws IOException {
        RandomGenerator random = new SecureRandom();
        var bytes = new byte[PreSharedKey.LENGTH];
        random.nextBytes(bytes);
        PreSharedKey secret = PreSharedKey.of(bytes);
        TextFile.create(
                path,
                "# natt shared secret: hand it to clients only\n" + secret.revealText() + "\n");
        return secret;
    }

    private static byte[] read(Path path, Guard guard, String what) throws IOException {
        String text = TextFile.read(path, LIMIT);
        if (guard == Guard.FILE_MODE) {
            Ownership.require(path, Ownership.us(), Ownership.ANY_ACCESS, "use this " + what);
        }
        List<String> lines =
                text.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                        .toList();
        if (lines.size() != 1 || lines.getFirst().length() != TEXT_LENGTH) {
            throw notA(path, what);
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(lines.getFirst());
            if (bytes.length == NodeKey.LENGTH) {
                return bytes;
            }
        } catch (IllegalArgumentException notBase64) {
            // Said below, without the text.
        }
        throw notA(path, what);
    }

    private static IOException notA(Path path, String what) {
        return TextFile.failure(
                path,
                "holds no %s, which is one line of %d characters that 'natt keygen' made"
                        .formatted(what, TEXT_LENGTH));
    }
}
