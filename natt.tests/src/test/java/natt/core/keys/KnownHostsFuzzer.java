package natt.core.keys;

import natt.core.NodeKey;
import natt.core.TextFuzzer;
import natt.core.keys.KnownHosts.Entry;
import natt.core.keys.KnownHosts.Outcome;
import natt.tests.Repository;
import natt.tests.fuzz.Input;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Any file is read or refused in one line; what is remembered is found again, a pinned key is
/// never replaced, and the lines of others stay as they are. The input: addresses to remember, then
/// the file.
public final class KnownHostsFuzzer {
    private static final String NAME = "a.example";
    private static final NodeKey KEY = NodeKey.of(new byte[NodeKey.LENGTH]);

    /// Where writing to the disk is waited for, few inputs are tried.
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final Path FILE =
            (Files.isDirectory(MEMORY) ? MEMORY : Repository.target("fuzz"))
                    .resolve("natt-known_hosts-%d".formatted(ProcessHandle.current().pid()));

    private KnownHostsFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int i = input.choice(7); i > 0; i--) {
            String ip = i % 3 == 0 ? "2001:db8::" + i : "192.0.2." + i;
            addresses.add(new InetSocketAddress(ip, input.pair()));
        }
        byte[] file = input.rest();
        try {
            Files.write(FILE, file);
            check(file, addresses);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            FILE.toFile().delete();
            FILE.resolveSibling(FILE.getFileName() + ".lock").toFile().delete();
        }
    }

    private static void check(byte[] file, List<InetSocketAddress> addresses) throws IOException {
        var known = new KnownHosts(FILE);
        Optional<Entry> before;
        try {
            before = known.find(NAME);
        } catch (IOException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
            requireNotKept(known.remember(NAME, KEY, addresses), file);
            return;
        }
        Outcome outcome = known.remember(NAME, KEY, addresses);
        Entry after = known.find(NAME).orElseThrow();
        if (before.isPresent() && !before.get().key().equals(KEY)) {
            boolean kept = Arrays.equals(Files.readAllBytes(FILE), file);
            if (!kept || !outcome.equals(new Outcome.OtherKey(before.get()))) {
                throw new AssertionError("another key: " + outcome);
            }
            return;
        }
        if (!(outcome instanceof Outcome.Kept) || !after.key().equals(KEY)) {
            throw new AssertionError("not kept: " + outcome);
        }
        InetSocketAddress best =
                addresses.stream().filter(each -> each.getPort() != 0).findFirst().orElse(null);
        if (best != null && !after.addresses().getFirst().equals(best)
                || after.addresses().size() > KnownHosts.MOST_ADDRESSES) {
            throw new AssertionError("%s, not first %s".formatted(after.addresses(), best));
        }
        requireSameLines(file, Files.readAllBytes(FILE), after.line());
        if (!known.remember(NAME, KEY, addresses).equals(outcome)
                || !known.find(NAME).equals(Optional.of(after))) {
            throw new AssertionError("remembering again changes");
        }
    }

    private static void requireNotKept(Outcome outcome, byte[] file) throws IOException {
        if (!(outcome instanceof Outcome.NotKept(var why))) {
            throw new AssertionError("kept in a file that cannot be read");
        }
        TextFuzzer.requirePrintable(why);
        if (!Arrays.equals(Files.readAllBytes(FILE), file)) {
            throw new AssertionError("changes a file that cannot be read");
        }
    }

    /// All but the one that was written, and a line feed at the end.
    private static void requireSameLines(byte[] before, byte[] after, int line) {
        List<String> were = lines(before);
        List<String> are = lines(after);
        are.remove(line - 1);
        if (were.size() > line - 1 && were.size() != are.size()) {
            were.remove(line - 1);
        }
        were.removeIf(String::isEmpty);
        are.removeIf(String::isEmpty);
        if (!were.equals(are)) {
            throw new AssertionError("%s, not %s".formatted(are, were));
        }
    }

    private static List<String> lines(byte[] file) {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        return new ArrayList<>(List.of(text.split("\n", -1)));
    }
}
