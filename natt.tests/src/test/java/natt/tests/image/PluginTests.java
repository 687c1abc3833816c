package natt.tests.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Natt;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Repository;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.spi.ToolProvider;

/// A DNS provider that a user drops into a directory, as its author would build it.
@Requires(Need.IMAGE)
@Timeout(120)
class PluginTests {
    private static final String DESCRIPTOR =
            """
            module example.dns.notes {
                requires natt.core;
                provides natt.core.spi.DnsProvider with example.dns.notes.Notes;
            }
            """;
    private static final String PROVIDER =
            """
            package example.dns.notes;

            import java.io.IOException;
            import java.nio.file.Files;
            import java.nio.file.Path;
            import java.time.Duration;
            import java.util.EnumSet;
            import java.util.List;
            import java.util.Optional;
            import java.util.Set;
            import natt.core.DnsRecord;
            import natt.core.spi.DnsProvider;
            import natt.core.spi.Settings;

            public final class Notes implements DnsProvider {
                @Override
                public String id() {
                    return "%s";
                }

                @Override
                public Publisher open(Settings settings) {
                    settings.requireKnown("notes", Set.of("to"));
                    Path to = Path.of(settings.value("to").orElseThrow());
                    return new Publisher() {
                        @Override
                        public Capabilities capabilities() {
                            var types = EnumSet.allOf(DnsRecord.Type.class);
                            return new Capabilities(types, Duration.ofSeconds(1), true);
                        }

                        @Override
                        public List<Skipped> publish(List<DnsRecord> records) throws PublishException {
                            try {
                                Files.writeString(to, records.toString());
                                return List.of();
                            } catch (IOException failed) {
                                throw new PublishException(
                                        PublishException.Kind.REFUSED, "no", Optional.empty());
                            }
                        }

                        @Override
                        public void close() {}
                    };
                }
            }
            """;

    @RegisterExtension final Processes processes = Processes.ofEachTest();
    @TempDir Path directory;

    @Test
    void aDroppedInProviderIsListedAndPublishes() throws Exception {
        Path plugins = build("notes");
        var listed =
                Run.of(
                        processes
                                .prepare("natt", Natt.program("natt"), "providers")
                                .env("NATT_PLUGINS", plugins.toString()));
        assertTrue(
                listed.lines().contains("DnsProvider cloudflare file notes"),
                () -> String.join("\n", listed.lines()));

        Path notes = directory.resolve("published");
        var natts =
                processes
                        .prepare("natts", Natt.program("natts"))
                        .env("NATT_PLUGINS", plugins.toString())
                        .with("--compat", "kcp-go")
                        .with("--listen", "127.0.0.1:0", "--stun", "none", "--publish-private")
                        .with("--dns", "notes", "--dns-option", "to=" + notes)
                        .with("--target-fqdn", "pc.example.com")
                        .start();
        natts.awaitLine("published pc.example.com", Duration.ofSeconds(30));
        assertTrue(Files.readString(notes).contains("kcp-port="));
    }

    @Test
    void aSecondProviderOfOneIdIsAnErrorThatNamesBoth() throws Exception {
        Run run =
                Run.of(
                        processes
                                .prepare("natt", Natt.program("natt"), "providers")
                                .env("NATT_PLUGINS", build("cloudflare").toString()));
        assertEquals(1, run.status());
        assertTrue(run.onlyLine().contains("example.dns.notes.Notes"), run.onlyLine());
        assertTrue(run.onlyLine().contains("'cloudflare' is claimed by"), run.onlyLine());
    }

    @Test
    void aBrokenPluginIsOneLine() throws Exception {
        Path plugins = Files.createDirectory(directory.resolve("plugins"));
        Files.writeString(plugins.resolve("broken.jar"), "no jar");
        Run run =
                Run.of(
                        processes
                                .prepare("natt", Natt.program("natt"), "providers")
                                .env("NATT_PLUGINS", plugins.toString()));
        assertEquals(1, run.status());
        assertTrue(run.onlyLine().contains("plug-ins"), run.onlyLine());
    }

    private Path build(String id) throws IOException {
        Path sources = Files.createDirectories(directory.resolve("src/example/dns/notes"));
        Path root = directory.resolve("src");
        Files.writeString(root.resolve("module-info.java"), DESCRIPTOR);
        Files.writeString(sources.resolve("Notes.java"), PROVIDER.formatted(id));
        Path classes = directory.resolve("classes");
        Path plugins = Files.createDirectories(directory.resolve("plugins"));
        Path core = Repository.root().resolve("natt.core/target/classes");
        run(
                "javac",
                List.of(
                        "-d",
                        classes.toString(),
                        "--module-path",
                        core.toString(),
                        root.resolve("module-info.java").toString(),
                        sources.resolve("Notes.java").toString()));
        run(
                "jar",
                List.of(
                        "--create",
                        "--file",
                        plugins.resolve("notes.jar").toString(),
                        "-C",
                        classes.toString(),
                        "."));
        return plugins;
    }

    private static void run(String tool, List<String> arguments) {
        int status =
                ToolProvider.findFirst(tool)
                        .orElseThrow()
                        .run(System.out, System.err, arguments.toArray(String[]::new));
        assertEquals(0, status, tool);
    }
}
