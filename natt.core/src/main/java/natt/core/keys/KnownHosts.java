package natt.core.keys;

import natt.core.Addresses;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.rendezvous.NodeName;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// The keys of the nodes that this user has connected to: lines `NAME KEY [ADDRESS...]`, the last
/// good address first. A name is a DNS name; a broker's is `@HOST:PORT`, and one that a broker has
/// given is `NAME@HOST:PORT`, which no DNS name can be. Everything else in the file stays as it is.
/// The file is read anew for each question, since other processes write it too.
public final class KnownHosts {
    /// The most addresses that are kept for one name.
    public static final int MOST_ADDRESSES = 4;

    private static final int LIMIT = 4 << 20;
    private static final long LOCK_WAIT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LOCK_PAUSE_MILLIS = 5;

    /// @param addresses the last good one first, at most [#MOST_ADDRESSES]
    /// @param line the number of its line, from 1
    public record Entry(String name, NodeKey key, List<InetSocketAddress> addresses, int line) {}

    /// What became of an entry.
    public sealed interface Outcome {
        /// The file says it.
        record Kept() implements Outcome {}

        /// The file has another key for the name, and still has.
        record OtherKey(Entry entry) implements Outcome {}

        /// The file could not be written.
        ///
        /// @param why one line for the user
        record NotKept(String why) implements Outcome {}
    }

    private final Path path;
    private final long lockWaitNanos;

    public KnownHosts(Path path) {
        this(path, LOCK_WAIT_NANOS);
    }

    KnownHosts(Path path, long lockWaitNanos) {
        this.path = path;
        this.lockWaitNanos = lockWaitNanos;
    }

    /// The name of a broker of which nothing but its place is given.
    public static String broker(HostAndPort place) {
        return "@" + place;
    }

    /// The name of a node that a broker knows by a name.
    public static String atBroker(String name, HostAndPort broker) {
        return name + "@" + broker;
    }

    private static String parse(String name) {
        int at = name.indexOf('@');
        if (at < 0) {
            return DnsName.parse(name);
        }
        HostAndPort place = HostAndPort.parse(name.substring(at + 1));
        String known = at == 0 ? "" : NodeName.parse(name.substring(0, at));
        return known + "@" + place.toString().toLowerCase(Locale.ROOT);
    }

    public Path path() {
        return path;
    }

    /// The first entry of a name.
    ///
    /// @throws IOException with one line for the user, if the file cannot be read, or has a line
    ///     for the name that holds no key: passing over it would trust whatever key comes
    public Optional<Entry> find(String name) throws IOException {
        return find(lines(read()), name);
    }

    /// Makes the file say that a name has this key and that these addresses were good, the last
    /// one first. An entry with another key is not changed.
    public Outcome remember(String name, NodeKey key, List<InetSocketAddress> addresses) {
        try {
            var wanted = new Entry(parse(name), key, usable(addresses), 0);
            List<String> lines = lines(read());
            var before = List.copyOf(lines);
            Outcome outcome = apply(wanted, lines);
            if (lines.equals(before)) {
                return outcome;
            }
            Directories.createParent(path);
            return write(wanted);
        } catch (IOException failed) {
            return notKept(TextFile.reason(failed));
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return notKept("interrupted");
        }
    }

    private static List<InetSocketAddress> usable(List<InetSocketAddress> addresses) {
        return addresses.stream()
                .filter(each -> Line.address(HostAndPort.format(each)).isPresent())
                .toList();
    }

    private Outcome write(Entry wanted) throws IOException, InterruptedException {
        Path lock = path.resolveSibling(path.getFileName() + ".lock");
        try (var file =
                        FileChannel.open(
                                lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                @Nullable FileLock held = lock(file)) {
            if (held == null) {
                return notKept("another process writes it");
            }
            String before = read();
            List<String> lines = lines(before);
            Outcome outcome = apply(wanted, lines);
            String after = String.join("\n", lines);
            if (!after.equals(before)) {
                TextFile.replace(path, after);
            }
            return outcome;
        }
    }

    /// Makes the lines say what is wanted, unless they have another key.
    private Outcome apply(Entry wanted, List<String> lines) throws IOException {
        Optional<Entry> found = find(lines, wanted.name());
        if (found.isEmpty()) {
            var line = new Line(wanted.name(), Optional.of(wanted.key()), first(wanted), "");
            boolean ended = lines.getLast().isEmpty();
            lines.add(ended ? lines.size() - 1 : lines.size(), line.toString());
            if (!ended) {
                lines.add("");
            }
            return new Outcome.Kept();
        }
        Entry entry = found.get();
        if (!entry.key().equals(wanted.key())) {
            return new Outcome.OtherKey(entry);
        }
        var all = new LinkedHashSet<>(wanted.addresses());
        all.addAll(entry.addresses());
        var merged = first(new Entry(entry.name(), entry.key(), List.copyOf(all), entry.line()));
        if (!merged.equals(entry.addresses())) {
            Line line = Line.parse(lines.get(entry.line() - 1)).orElseThrow();
            lines.set(
                    entry.line() - 1,
                    new Line(line.name(), line.key(), merged, line.rest()).toString());
        }
        return new Outcome.Kept();
    }

    private static List<InetSocketAddress> first(Entry entry) {
        return entry.addresses().stream().distinct().limit(MOST_ADDRESSES).toList();
    }

    private @Nullable FileLock lock(FileChannel file) throws IOException, InterruptedException {
        long start = System.nanoTime();
        do {
            try {
                FileLock lock = file.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException anotherThread) {
                // Waits as for another process.
            }
            Thread.sleep(LOCK_PAUSE_MILLIS);
        } while (System.nanoTime() - start < lockWaitNanos);
        return null;
    }

    private Outcome notKept(String why) {
        return new Outcome.NotKept("cannot write %s: %s".formatted(TextFile.shown(path), why));
    }

    private String read() throws IOException {
        try {
            return TextFile.read(path, LIMIT);
        } catch (NoSuchFileException none) {
            return "";
        }
    }

    /// Joined by line feeds they are the file again; so the last one is what follows the last
    /// line feed.
    private static List<String> lines(String text) {
        return new ArrayList<>(List.of(text.split("\n", -1)));
    }

    private Optional<Entry> find(List<String> lines, String name) throws IOException {
        String wanted = parse(name);
        for (int i = 0; i < lines.size(); i++) {
            Optional<Line> line = Line.parse(lines.get(i));
            if (line.isPresent() && line.get().isFor(wanted)) {
                int number = i + 1;
                Line found = line.get();
                NodeKey key =
                        found.key()
                                .orElseThrow(
                                        () ->
                                                TextFile.failure(
                                                        path,
                                                        "line %d has no key for %s: mend or remove"
                                                                        .formatted(number, wanted)
                                                                + " it"));
                return Optional.of(new Entry(wanted, key, found.addresses(), number));
            }
        }
        return Optional.empty();
    }

    /// One line, in pieces that make it up again.
    ///
    /// @param rest what follows the addresses, with the space before it
    private record Line(
            String name, Optional<NodeKey> key, List<InetSocketAddress> addresses, String rest) {

        static Optional<Line> parse(String line) {
            int[] at = {0};
            String name = next(line, at);
            if (name.isEmpty() || name.startsWith("#")) {
                return Optional.empty();
            }
            Optional<NodeKey> key = Optional.empty();
            try {
                key = Optional.of(NodeKey.parse(next(line, at)));
            } catch (IllegalArgumentException notAKey) {
                return Optional.of(new Line(name, key, List.of(), ""));
            }
            var addresses = new ArrayList<InetSocketAddress>();
            while (true) {
                int start = at[0];
                Optional<InetSocketAddress> address = address(next(line, at));
                if (address.isEmpty()) {
                    List<InetSocketAddress> last =
                            addresses.stream().limit(MOST_ADDRESSES).toList();
                    return Optional.of(new Line(name, key, last, line.substring(start)));
                }
                addresses.add(address.get());
            }
        }

        boolean isFor(String wanted) {
            String plain = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
            return plain.equalsIgnoreCase(wanted);
        }

        /// The next field, empty at the end; moves behind it.
        private static String next(String line, int[] at) {
            int from = at[0];
            while (from < line.length() && isBlank(line.charAt(from))) {
                from++;
            }
            int to = from;
            while (to < line.length() && !isBlank(line.charAt(to))) {
                to++;
            }
            at[0] = to;
            return line.substring(from, to);
        }

        private static boolean isBlank(char c) {
            return c == ' ' || c == '\t' || c == '\r';
        }

        private static Optional<InetSocketAddress> address(String field) {
            try {
                HostAndPort parsed = HostAndPort.parse(field);
                return Addresses.parse(parsed.host())
                        .filter(_ -> parsed.port() != 0)
                        .map(ip -> new InetSocketAddress(ip, parsed.port()));
            } catch (IllegalArgumentException another) {
                return Optional.empty();
            }
        }

        @Override
        public String toString() {
            var out = new StringBuilder(name).append(' ').append(key.orElseThrow());
            addresses.forEach(each -> out.append(' ').append(HostAndPort.format(each)));
            return out.append(rest).toString();
        }
    }
}
