package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.keys.KnownHosts.Entry;
import natt.core.keys.KnownHosts.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class KnownHostsTests {
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final String OTHER = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
    private static final NodeKey NODE = NodeKey.parse(KEY);

    @TempDir Path directory;

    private Path path() {
        return directory.resolve("known_hosts");
    }

    private KnownHosts file(String text) throws IOException {
        Files.write(path(), text.getBytes(StandardCharsets.ISO_8859_1));
        return new KnownHosts(path());
    }

    private String text() throws IOException {
        return new String(Files.readAllBytes(path()), StandardCharsets.ISO_8859_1);
    }

    private static List<InetSocketAddress> addresses(String... literals) {
        var addresses = new ArrayList<InetSocketAddress>();
        for (String each : literals) {
            addresses.add(HostAndPort.parse(each).literal().orElseThrow());
        }
        return addresses;
    }

    private static void keeps(KnownHosts hosts, String name, String... addresses) {
        assertEquals(new Outcome.Kept(), hosts.remember(name, NODE, addresses(addresses)));
    }

    @Test
    void aNameIsRememberedWithItsKeyAndAddresses() throws Exception {
        var hosts = new KnownHosts(directory.resolve("state/known_hosts"));
        assertEquals(Optional.empty(), hosts.find("pc.example.com"));
        keeps(hosts, "PC.example.com.", "203.0.113.7:41233", "[2001:db8::1]:30000");
        assertEquals(
                "pc.example.com " + KEY + " 203.0.113.7:41233 [2001:db8::1]:30000\n",
                Files.readString(hosts.path()));
        assertEquals(
                Optional.of(
                        new Entry(
                                "pc.example.com",
                                NODE,
                                addresses("203.0.113.7:41233", "[2001:db8::1]:30000"),
                                1)),
                hosts.find("pc.EXAMPLE.com"));
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(hosts.path())));
    }

    @Test
    void theLastGoodAddressComesFirstAndFourAreKept() throws Exception {
        var hosts = new KnownHosts(path());
        keeps(hosts, "a.example", "192.0.2.1:1", "192.0.2.2:2");
        keeps(hosts, "a.example", "192.0.2.3:3");
        keeps(hosts, "a.example", "192.0.2.2:2");
        assertEquals("a.example " + KEY + " 192.0.2.2:2 192.0.2.3:3 192.0.2.1:1\n", text());
        keeps(hosts, "a.example", "192.0.2.4:4", "192.0.2.5:5");
        assertEquals(
                "a.example " + KEY + " 192.0.2.4:4 192.0.2.5:5 192.0.2.2:2 192.0.2.3:3\n", text());
    }

    @Test
    void everythingElseStaysByteByByte() throws Exception {
        String before =
                "# mine\r\n\n  \t\nb.example\t"
                        + OTHER
                        + "\t192.0.2.9:9 \u00ff\u0000 \n"
                        + "A.example  "
                        + KEY
                        + "  192.0.2.1:1  # since 192.0.2.8:8  May\r\n"
                        + "nonsense\nc.example "
                        + OTHER;
        var hosts = file(before);
        keeps(hosts, "a.example", "192.0.2.2:2");
        assertEquals(
                before.replace(
                        "A.example  " + KEY + "  192.0.2.1:1",
                        "A.example " + KEY + " 192.0.2.2:2 192.0.2.1:1"),
                text());
        keeps(hosts, "d.example");
        assertTrue(text().endsWith("\nc.example " + OTHER + "\nd.example " + KEY + "\n"), text());
        assertEquals(5, hosts.find("a.example").orElseThrow().line());
        assertEquals(8, hosts.find("d.example").orElseThrow().line());
    }

    @Test
    void nothingIsWrittenWhenNothingDiffers() throws Exception {
        var hosts = file("a.example\t" + KEY + "  192.0.2.1:1 192.0.2.2:2");
        var longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(path(), longAgo);
        keeps(hosts, "a.example", "192.0.2.1:1");
        keeps(hosts, "a.example");
        assertEquals(longAgo, Files.getLastModifiedTime(path()));
    }

    @Test
    void anotherKeyIsNeverReplaced() throws Exception {
        String before = "# x\na.example " + OTHER + " 192.0.2.1:1\n";
        var hosts = file(before);
        var entry = hosts.find("a.example").orElseThrow();
        assertEquals(2, entry.line());
        assertEquals(
                new Outcome.OtherKey(entry),
                hosts.remember("a.example", NODE, addresses("192.0.2.2:2")));
        assertEquals(before, text());
    }

    @Test
    void theFirstLineOfANameCounts() throws Exception {
        var hosts = file("a.example " + KEY + "\na.example " + OTHER + "\n");
        assertEquals(NODE, hosts.find("a.example").orElseThrow().key());
    }

    @Test
    void aLineWithoutAKeyIsNoReasonToTrustWhateverComes() throws Exception {
        for (String line : List.of("a.example", "a.example " + KEY + "x", "A.Example. \u0000")) {
            var hosts = file("\n" + line + "\n");
            var refused = assertThrows(IOException.class, () -> hosts.find("a.example"));
            assertTrue(refused.getMessage().contains("line 2"), refused.getMessage());
            assertInstanceOf(Outcome.NotKept.class, hosts.remember("a.example", NODE, List.of()));
            assertEquals(Optional.empty(), hosts.find("b.example"));
        }
    }

    @Test
    void whatCannotBeWrittenDownIsLeftOut() throws Exception {
        var hosts = new KnownHosts(path());
        byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
        var addresses =
                List.of(
                        new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 1), 7),
                        InetSocketAddress.createUnresolved("b.example", 7),
                        addresses("192.0.2.1:1").getFirst());
        assertEquals(new Outcome.Kept(), hosts.remember("a.example", NODE, addresses));
        assertEquals("a.example " + KEY + " 192.0.2.1:1\n", text());
    }

    @Test
    void hugeAndBinaryFilesAreSurvived() throws Exception {
        var binary = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            binary.append((char) (i * 31 & 0xff));
        }
        var hosts = file(binary + "\n" + "x".repeat(1_000_000) + "\n");
        keeps(hosts, "a.example");
        assertEquals(NODE, hosts.find("a.example").orElseThrow().key());
        var tooLarge = file("x".repeat((4 << 20) + 1));
        assertThrows(IOException.class, () -> tooLarge.find("a.example"));
        assertInstanceOf(Outcome.NotKept.class, tooLarge.remember("a.example", NODE, List.of()));
    }

    @Test
    void aLinkToTheFileStaysOneAndItsModeToo() throws Exception {
        Path real = directory.resolve("real");
        Files.writeString(real, "");
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-r--r--"));
        Files.createSymbolicLink(path(), real);
        keeps(new KnownHosts(path()), "a.example");
        assertTrue(Files.isSymbolicLink(path()));
        assertEquals("a.example " + KEY + "\n", Files.readString(real));
        assertEquals(
                "rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(real)));
    }

    @Test
    void whereNothingCanBeWrittenOneLineSaysSo() throws Exception {
        Files.writeString(directory.resolve("file"), "");
        Path path = directory.resolve("file/known_hosts");
        var outcome = new KnownHosts(path).remember("a.example", NODE, List.of());
        String why = assertInstanceOf(Outcome.NotKept.class, outcome).why();
        assertTrue(why.startsWith("cannot write " + path + ": "), why);
        assertEquals(1, why.lines().count());
    }

    @Test
    @Timeout(30)
    void aLockThatIsNeverGivenUpIsNotWaitedForForever() throws Exception {
        Path lock = directory.resolve("known_hosts.lock");
        try (var file =
                        FileChannel.open(
                                lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = file.lock()) {
            var outcome = new KnownHosts(path(), 1).remember("a.example", NODE, List.of());
            assertEquals(
                    new Outcome.NotKept("cannot write " + path() + ": another process writes it"),
                    outcome);
        }
        keeps(new KnownHosts(path(), 1), "a.example");
    }

    @Test
    @Timeout(120)
    void processesAndThreadsThatWriteAtOnceLoseNoLine() throws Exception {
        int each = 20;
        var others = new ArrayList<Process>();
        for (String name : List.of("p", "q")) {
            others.add(
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "-Xshare:auto",
                                    "-cp",
                                    "target/classes:target/test-classes",
                                    Writer.class.getName(),
                                    path().toString(),
                                    name,
                                    "" + each)
                            .inheritIO()
                            .start());
        }
        var threads = new ArrayList<Thread>();
        for (String name : List.of("s", "t")) {
            threads.add(Thread.ofPlatform().start(() -> Writer.write(path(), name, each)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (Process process : others) {
            assertEquals(0, process.waitFor());
        }
        var hosts = new KnownHosts(path());
        for (String name : List.of("p", "q", "s", "t")) {
            for (int i = 0; i < each; i++) {
                assertTrue(hosts.find(name + i + ".example").isPresent(), name + i);
            }
        }
        assertEquals(4 * each, text().lines().count());
    }

    /// Another nattc, which gets to know many nodes.
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) {
            write(Path.of(args[0]), args[1], Integer.parseInt(args[2]));
        }

        static void write(Path path, String prefix, int count) {
            var hosts = new KnownHosts(path, Long.MAX_VALUE);
            for (int i = 0; i < count; i++) {
                Outcome outcome = hosts.remember(prefix + i + ".example", NODE, List.of());
                if (!(outcome instanceof Outcome.Kept)) {
                    throw new IllegalStateException(outcome.toString());
                }
            }
        }
    }

    @Test
    void brokersAndTheirNamesAreNoDnsNames() throws IOException {
        var hosts = new KnownHosts(path());
        var broker = HostAndPort.parse("broker.example.com:30000");
        hosts.remember("broker.example.com", NodeKey.parse(OTHER), List.of());
        hosts.remember(KnownHosts.broker(broker), NODE, List.of());
        hosts.remember(KnownHosts.atBroker("Bob", broker), NODE, List.of());
        assertEquals(
                "broker.example.com %s\n@broker.example.com:30000 %s\nbob@broker.example.com:30000 %s\n"
                        .formatted(OTHER, KEY, KEY),
                text());
        assertEquals(1, hosts.find("broker.example.com").orElseThrow().line());
        assertEquals(2, hosts.find("@Broker.example.com:30000").orElseThrow().line());
        assertEquals(3, hosts.find("BOB@broker.example.com:30000").orElseThrow().line());
    }
}
