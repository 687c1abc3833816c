package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.Text;
import natt.core.keys.KnownHosts;
import natt.core.keys.Ticket;
import natt.core.node.Client;
import natt.core.node.ClientConfig;
import natt.core.node.Installed;
import natt.core.node.Server;
import natt.core.node.ServerConfig;
import natt.core.spi.Settings;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/// `natt demo`: natts and nattc on the loopback, with the records in a file in place of DNS.
final class Demo {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String NAME = "pc.demo.natt";
    private static final int ECHOES = 200;
    private static final int CHUNK = 65_536;
    private static final int BAR = 40;

    private final Installed installed;
    private final Path directory;
    private final Path zone;
    private final long bytes;
    private final Identity host = Identity.generate(new SecureRandom());
    private final Identity caller = Identity.generate(new SecureRandom());

    private Demo(Installed installed, Path directory, long bytes) {
        this.installed = installed;
        this.directory = directory;
        this.zone = directory.resolve("zone");
        this.bytes = bytes;
    }

    static int run(String[] args) throws Exception {
        var options = new DemoOptions();
        if (!CommandLine.parse("natt demo", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        if (options.megabytes < 1 || options.megabytes > 10_000) {
            throw new UsageException("--megabytes is 1 to 10000, not " + options.megabytes);
        }
        CommandLine.configureLog(options, Level.WARNING);
        Path directory = Files.createTempDirectory("natt-demo");
        try {
            new Demo(
                            Installed.load(CommandLine.plugins()),
                            directory,
                            options.megabytes * 1_000_000L)
                    .show();
        } finally {
            try (var files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        }
        return CommandLine.DONE;
    }

    private void show() throws Exception {
        try (var echo = new ServerSocket(0, 16, LOOPBACK)) {
            Thread.ofVirtual().name("echo").start(() -> serveEcho(echo));
            var target = new HostAndPort("127.0.0.1", echo.getLocalPort());
            try (Server server = serve(target);
                    Client client = client()) {
                int port = client.listen("ssh", List.of(any())).getFirst().getPort();
                System.out.println("natts  has the key " + host.publicKey());
                System.out.println("       its ticket is " + ticket());
                System.out.println(
                        "       it listens on UDP " + HostAndPort.format(server.local()));
                System.out.println("       in front of a built-in echo service, and has published");
                try (var lines = Files.lines(zone)) {
                    lines.forEach(line -> System.out.println("         " + line));
                }
                System.out.println("nattc  accepts on TCP 127.0.0.1:" + port);
                System.out.println();
                try (var socket = new Socket(LOOPBACK, port)) {
                    socket.setTcpNoDelay(true);
                    measureEchoes(socket);
                    moveBothWays(socket);
                }
            }
        }
        System.out.println();
        greeting()
                .ifPresentOrElse(
                        line -> System.out.println("sshd on this machine, through natt: " + line),
                        () -> System.out.println("No sshd answers on port 22 of this machine."));
        System.out.println(
                """

                What to try next, with a name in a DNS zone at Cloudflare:
                  at home   CF_API_TOKEN=... natts --target-fqdn pc.example.com
                  away      ssh -o ProxyCommand='nattc --proxy --target %h' pc.example.com\
                """);
    }

    private static InetSocketAddress any() {
        return new InetSocketAddress(LOOPBACK, 0);
    }

    private Ticket ticket() {
        return new Ticket(host.publicKey(), NAME, Optional.empty(), Optional.empty());
    }

    private Server serve(HostAndPort target) throws Exception {
        var settings = new Settings(Map.of("path", zone.toString()), Map.of());
        Path clients = directory.resolve("authorized_clients");
        Files.writeString(clients, caller.publicKey() + " demo\n");
        Server server =
                Server.start(
                        new ServerConfig(
                                NAME,
                                List.of(),
                                true,
                                installed.discovery("stun"),
                                installed.dnsProvider("file").open(settings),
                                Duration.ofSeconds(60),
                                Optional.of(
                                        new ServerConfig.Sessions(
                                                any(),
                                                host,
                                                PreSharedKey.NONE,
                                                Optional.of(clients),
                                                installed.transport("kcp"),
                                                Map.of("ssh", target),
                                                directory,
                                                Optional.empty(),
                                                Optional.empty())),
                                Optional.empty()));
        server.published().get(10, TimeUnit.SECONDS);
        return server;
    }

    private Client client() throws IOException {
        var settings = new Settings(Map.of("path", zone.toString()), Map.of());
        return new Client(
                new ClientConfig.Sessions(
                        NAME,
                        installed.nameLookup("file").open(settings),
                        installed.transport("kcp"),
                        caller,
                        Optional.of(host.publicKey()),
                        Optional.empty(),
                        PreSharedKey.NONE,
                        new KnownHosts(directory.resolve("known_hosts")),
                        true));
    }

    private static void serveEcho(ServerSocket listener) {
        while (!listener.isClosed()) {
            try {
                Socket connection = listener.accept();
                Thread.startVirtualThread(() -> echo(connection));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void echo(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            connection.getInputStream().transferTo(connection.getOutputStream());
        } catch (IOException broken) {
            System.err.println("echo service: " + broken.getMessage());
        }
    }

    private static void measureEchoes(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        var nanos = new long[ECHOES];
        for (int i = 0; i < ECHOES; i++) {
            long start = System.nanoTime();
            out.write(i);
            int echoed = in.read();
            if (echoed != (i & 0xff)) {
                throw new IOException("the echo of a byte came back as " + echoed);
            }
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        System.out.printf(
                "round trip of one byte: median %.2f ms, best %.2f ms%n",
                nanos[ECHOES / 2] / 1e6, nanos[0] / 1e6);
    }

    private void moveBothWays(Socket socket) throws Exception {
        var sender =
                new FutureTask<Void>(
                        () -> {
                            OutputStream out = socket.getOutputStream();
                            var random = new SplittableRandom(1);
                            var chunk = new byte[CHUNK];
                            for (long left = bytes; left > 0; left -= CHUNK) {
                                random.nextBytes(chunk);
                                out.write(chunk, 0, (int) Math.min(left, CHUNK));
                            }
                            socket.shutdownOutput();
                            return null;
                        });
        long start = System.nanoTime();
        Thread.startVirtualThread(sender);
        var random = new SplittableRandom(1);
        var expected = new byte[CHUNK];
        long received = 0;
        int shown = -1;
        InputStream in = socket.getInputStream();
        while (received < bytes) {
            random.nextBytes(expected);
            int length = (int) Math.min(bytes - received, CHUNK);
            byte[] chunk = in.readNBytes(length);
            if (!Arrays.equals(chunk, 0, chunk.length, expected, 0, length)) {
                throw new IOException("byte %d or later came back changed".formatted(received));
            }
            received += length;
            shown = showProgress(received, shown);
        }
        sender.get();
        double seconds = (System.nanoTime() - start) / 1e9;
        if (in.read() >= 0) {
            throw new IOException("more came back than was sent");
        }
        System.out.printf(
                "%n%.0f MB each way, every byte compared, in %.2f s: %.0f MB/s each way"
                        + " (%.0f Mbit/s)%n",
                bytes / 1e6, seconds, bytes / 1e6 / seconds, bytes * 8 / 1e6 / seconds);
    }

    private int showProgress(long received, int shown) {
        int filled = (int) (received * BAR / bytes);
        // Without a terminal, one line at the end is enough.
        if (filled != shown && (System.console() != null || filled == BAR)) {
            String start = System.console() == null ? "" : "\r";
            System.out.printf(
                    "%s[%s%s] %3d %%",
                    start, "#".repeat(filled), ".".repeat(BAR - filled), received * 100 / bytes);
            System.out.flush();
        }
        return filled;
    }

    /// What the sshd of this machine, if there is one, says through natts and nattc.
    private Optional<String> greeting() throws Exception {
        var ssh = new HostAndPort("127.0.0.1", 22);
        try (var probe = new Socket()) {
            probe.connect(new InetSocketAddress(LOOPBACK, 22), 1000);
        } catch (IOException none) {
            return Optional.empty();
        }
        Files.deleteIfExists(zone);
        Files.deleteIfExists(directory.resolve("known_hosts"));
        try (Server _ = serve(ssh);
                Client client = client()) {
            int port = client.listen("ssh", List.of(any())).getFirst().getPort();
            try (var socket = new Socket(LOOPBACK, port)) {
                socket.setSoTimeout(5000);
                var reader =
                        new BufferedReader(
                                new InputStreamReader(
                                        socket.getInputStream(), StandardCharsets.US_ASCII));
                return Optional.ofNullable(reader.readLine()).map(Text::escape);
            } catch (IOException silent) {
                return Optional.empty();
            }
        }
    }
}
