package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.forward.TcpListener;
import natt.core.io.Driver;
import natt.core.status.Report;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Connects to the services behind a name: for standard input and output, or for local TCP
/// connections.
public final class Client implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int COMPLAINTS_A_MINUTE = 20;
    private static final int MOST_CONNECTIONS = 128;

    /// Where connections to a service are accepted.
    private record Forward(String service, InetSocketAddress local, TcpListener listener) {}

    private final ClientConfig config;
    private final long startedAt;
    private final Seldom complaints = new Seldom(COMPLAINTS_A_MINUTE);
    private final Driver driver;
    private final Carrier carrier;
    private final List<Forward> forwards = new ArrayList<>();

    /// @throws IOException if the system gives no selector
    public Client(ClientConfig config) throws IOException {
        this.config = config;
        RandomGenerator random = new SecureRandom();
        startedAt = Ticker.system().nanoTime();
        driver = new Driver(Ticker.system(), "nattc");
        carrier =
                // A switch over types costs some milliseconds the first time.
                config instanceof ClientConfig.Sessions sessions
                        ? new SessionCarrier(sessions, driver, random)
                        : new PlainCarrier((ClientConfig.Plain) config, driver, random);
        driver.start();
    }

    /// Carries one connection between the streams and a service, in the background.
    ///
    /// @return completes when it has ended: with an empty string if both directions ended in
    ///     order, else with one line for the user
    public CompletableFuture<String> proxy(String service, InputStream in, OutputStream out) {
        var ended = new CompletableFuture<String>();
        driver.failure().thenAccept(ended::complete);
        driver.execute(
                () ->
                        carrier.carry(
                                new LocalCall.Stdio(in, out, OutputStream.nullOutputStream()),
                                service,
                                ended));
        return ended;
    }

    /// Whether what [#proxy] completed with says that this side ended the connection.
    public static boolean endedHere(String why) {
        return why.equals(Carrier.LOCAL_BREAK) || why.equals(Carrier.STOPPED);
    }

    /// Completes with one line for the user if the client can do its work no longer.
    public CompletableFuture<String> failure() {
        return driver.failure();
    }

    /// Accepts TCP connections and carries each to a service.
    ///
    /// @return the addresses bound
    /// @throws IOException with one line for the user, if one cannot be bound
    public List<InetSocketAddress> listen(String service, List<InetSocketAddress> addresses)
            throws IOException {
        var bound = new ArrayList<InetSocketAddress>();
        for (InetSocketAddress address : addresses) {
            var result = new CompletableFuture<InetSocketAddress>();
            driver.failure().thenAccept(why -> result.completeExceptionally(new IOException(why)));
            driver.execute(
                    () -> {
                        try {
                            var listener =
                                    new TcpListener(
                                            driver, address, channel -> accepted(service, channel));
                            InetSocketAddress local = listener.local();
                            forwards.add(new Forward(service, local, listener));
                            result.complete(local);
                        } catch (IOException | RuntimeException failed) {
                            result.completeExceptionally(failed);
                        }
                    });
            try {
                bound.add(result.join());
            } catch (CompletionException failed) {
                throw new IOException(
                        "cannot listen on TCP %s: %s"
                                .formatted(HostAndPort.format(address), reason(failed.getCause())),
                        failed);
            }
        }
        return bound;
    }

    static String reason(@Nullable Throwable failed) {
        String message = failed == null ? null : failed.getMessage();
        return Text.escape(message == null ? String.valueOf(failed) : message);
    }

    private void accepted(String service, SocketChannel channel) {
        if (carrier.connections() >= MOST_CONNECTIONS) {
            complain("a connection is refused: there are %d".formatted(MOST_CONNECTIONS));
            Driver.closeQuietly(channel);
            return;
        }
        var ended = new CompletableFuture<String>();
        ended.thenAccept(
                why -> {
                    if (!why.isEmpty()) {
                        // A local program may leave when it likes.
                        if (why.equals(Carrier.LOCAL_BREAK)) {
                            LOG.log(Level.INFO, "{0}", why);
                        } else {
                            complain(why);
                        }
                    }
                });
        carrier.carry(new LocalCall.Tcp(channel), service, ended);
    }

    private void complain(String why) {
        String line = complaints.say(why, driver.nanoTime());
        if (!line.isEmpty()) {
            LOG.log(Level.WARNING, "{0}", line);
        }
    }

    /// How this node is, now.
    public CompletableFuture<Report> report() {
        return NodeReport.collect(driver, this::build);
    }

    private Report build() {
        Duration age = Duration.ofNanos(driver.nanoTime() - startedAt);
        var report = NodeReport.begin("nattc", config.name(), age);
        if (config instanceof ClientConfig.Sessions sessions) {
            report.key("key", sessions.identity().publicKey());
        }
        var listening = new ArrayList<Report>();
        for (Forward each : forwards) {
            listening.add(
                    Report.builder()
                            .text("service", each.service())
                            .address("local", each.local())
                            .build());
        }
        report.reports("forwards", listening);
        carrier.addTo(report, driver.nanoTime());
        return report.report(
                        "limits",
                        Report.builder()
                                .share("connections", carrier.connections(), MOST_CONNECTIONS)
                                .build())
                .build();
    }

    /// Ends every connection, telling the peers.
    @Override
    public void close() {
        var told = new CompletableFuture<Void>();
        driver.execute(
                () -> {
                    forwards.forEach(each -> each.listener().close());
                    carrier.close();
                    told.complete(null);
                });
        told.completeOnTimeout(null, 1, TimeUnit.SECONDS).join();
        driver.close();
    }
}
