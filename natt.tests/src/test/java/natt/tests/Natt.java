package natt.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;

/// The programs of the linked image, and what they write to their logs.
public final class Natt {
    public static final Path IMAGE = Repository.root().resolve("jlink/target/natt");

    /// The name that the tests publish.
    public static final String NAME = "home.lab.test";

    private static final Duration START = Duration.ofSeconds(30);

    private Natt() {}

    /// The path of `natts`, `nattc` or `natt`.
    public static String program(String name) {
        return IMAGE.resolve("bin").resolve(name).toString();
    }

    /// A natts on the loopback with the original's wire that publishes into a file.
    public record LocalServer(RunningProcess process, String udpAddress, Path zone) {}

    public static LocalServer startLocalServer(Processes processes, Path directory, int targetPort)
            throws IOException, InterruptedException {
        Path zone = directory.resolve("zone");
        RunningProcess natts =
                processes
                        .prepare("natts", program("natts"))
                        .with("--compat", "kcp-go")
                        .with("--listen", "127.0.0.1:0", "--stun", "none", "--publish-private")
                        .with("--dns", "file", "--dns-option", "path=" + zone)
                        .with("--target-fqdn", NAME, "--ssh-target", "127.0.0.1:" + targetPort)
                        .start();
        Matcher listening = natts.awaitLine("listening on UDP (127\\.0\\.0\\.1:[0-9]+)", START);
        natts.awaitLine("published " + NAME, START);
        return new LocalServer(natts, listening.group(1), zone);
    }

    /// Writes what a natts at the address would have published.
    public static Path writeZone(Path directory, String address, int port) throws IOException {
        Path zone = directory.resolve("zone");
        Files.writeString(
                zone,
                "%1$s. 60 IN A %2$s%n%1$s. 60 IN TXT \"kcp-port=%3$d\"%n"
                        .formatted(NAME, address, port));
        return zone;
    }

    /// Starts nattc with the original's wire as a server on a loopback port and returns that port.
    public static int startLocalClient(Processes processes, Path zone)
            throws IOException, InterruptedException {
        RunningProcess nattc =
                processes
                        .prepare("nattc", program("nattc"))
                        .with("--compat", "kcp-go", "--listen", "127.0.0.1:0", "--target", NAME)
                        .with("--dns-file", zone.toString())
                        .start();
        Matcher accepting = nattc.awaitLine("accepting on TCP 127\\.0\\.0\\.1:([0-9]+)", START);
        return Integer.parseInt(accepting.group(1));
    }
}
