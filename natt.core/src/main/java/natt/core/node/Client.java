package natt.core.node;

import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.LocalEnd;
import natt.core.forward.Splice;
import natt.core.forward.StdioEnd;
import natt.core.forward.StreamPump;
import natt.core.forward.TcpEnd;
import natt.core.forward.TcpListener;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.publish.KcpGoRecords;
import natt.core.publish.KcpGoRecords.Found;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.PlainTransport;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Connects to the service behind a name: for standard input and output, or for local TCP
/// connections.
public final class Client implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int MOST_CONNECTIONS = 128;
    private static final String LOCAL_BREAK = "the local connection broke off";

    /// How long an address may stay silent before the zone's own servers are asked for a newer one.
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /// How long a finished conversation still acknowledges what the peer repeats.
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final ClientConfig config;
    private final RandomGenerator random = new SecureRandom();
    private final Driver driver;
    private final Set<Connection> connections = new HashSet<>();
    private final List<TcpListener> listeners = new ArrayList<>();

    /// @throws IOException if the system gives no selector
    public Client(ClientConfig config) throws IOException {
        this.config = config;
        driver = new Driver(Ticker.system(), "nattc").start();
    }

    /// Carries one connection between the streams and the service, in the background.
    ///
    /// @return completes when it has ended: with an empty string if both directions ended in
    ///     order, else with one line for the user
    public CompletableFuture<String> proxy(InputStream in, OutputStream out) {
        var ended = new CompletableFuture<String>();
        driver.failure().thenAccept(ended::complete);
        driver.execute(() -> new Connection(new Stdio(in, out), ended).start());
        return ended;
    }

    /// Completes with one line for the user if the client can do its work no longer.
    public CompletableFuture<String> failure() {
        return driver.failure();
    }

    /// Accepts TCP connections and carries each to the service.
    ///
    /// @return the addresses bound
    /// @throws IOException with one line for the user, if one cannot be bound
    public List<InetSocketAddress> listen(List<InetSocketAddress> addresses) throws IOException {
        var bound = new ArrayList<InetSocketAddress>();
        for (InetSocketAddress address : addresses) {
            var result = new CompletableFuture<InetSocketAddress>();
            driver.failure().thenAccept(why -> result.completeExceptionally(new IOException(why)));
            driver.execute(
                    () -> {
                        try {
                            var listener = new TcpListener(driver, address, this::accepted);
                            listeners.add(listener);
                            result.complete(listener.local());
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

    private static String reason(@Nullable Throwable failed) {
        String message = failed == null ? null : failed.getMessage();
        return Text.escape(message == null ? String.valueOf(failed) : message);
    }

    private void accepted(SocketChannel channel) {
        if (connections.size() >= MOST_CONNECTIONS) {
            LOG.log(
                    Level.WARNING,
                    "a connection is refused: there are {0} already",
                    MOST_CONNECTIONS);
            Driver.closeQuietly(channel);
            return;
        }
        var ended = new CompletableFuture<String>();
        ended.thenAccept(
                why -> {
                    if (!why.isEmpty()) {
                        // A local program may leave when it likes.
                        LOG.log(why.equals(LOCAL_BREAK) ? Level.INFO : Level.WARNING, "{0}", why);
                    }
                });
        new Connection(new Tcp(channel), ended).start();
    }

    /// Ends every connection, telling the peers.
    @Override
    public void close() {
        var told = new CompletableFuture<Void>();
        driver.execute(
                () -> {
                    listeners.forEach(TcpListener::close);
                    List.copyOf(connections).forEach(Connection::abort);
                    told.complete(null);
                });
        told.completeOnTimeout(null, 1, TimeUnit.SECONDS).join();
        driver.close();
    }

    /// The local connection while there is no stream for it yet.
    private sealed interface Waiting {
        LocalEnd open(Driver driver, Runnable onReady) throws IOException;

        /// Ends it, since there will be no stream.
        void refuse();
    }

    private record Stdio(InputStream in, OutputStream out) implements Waiting {
        @Override
        public LocalEnd open(Driver driver, Runnable onReady) {
            return new StdioEnd(driver, in, out, onReady).start();
        }

        @Override
        public void refuse() {
            Driver.closeQuietly(out);
        }
    }

    private record Tcp(SocketChannel channel) implements Waiting {
        @Override
        public LocalEnd open(Driver driver, Runnable onReady) throws IOException {
            return new TcpEnd(driver, channel, onReady);
        }

        @Override
        public void refuse() {
            TcpEnd.abort(channel);
        }
    }

    /// One local connection and the stream that carries it. Lives on the driver's thread; only
    /// lookups run elsewhere.
    private final class Connection {
        private final Waiting waiting;
        private final CompletableFuture<String> ended;
        private final Set<InetSocketAddress> tried = new HashSet<>();
        private @Nullable Open open;

        private record Open(
                Port port,
                PlainTransport.Endpoint endpoint,
                StreamPump<PlainTransport.Stream> pump,
                Splice splice) {}

        Connection(Waiting waiting, CompletableFuture<String> ended) {
            this.waiting = waiting;
            this.ended = ended;
        }

        void start() {
            connections.add(this);
            Thread.startVirtualThread(
                    () -> {
                        Found found = lookup(Source.RESOLVER);
                        if (found instanceof Found.Nowhere
                                && lookup(Source.AUTHORITATIVE) instanceof Found.At newer) {
                            found = newer;
                        }
                        Found result = found;
                        driver.execute(() -> opened(result));
                    });
        }

        private Found lookup(Source source) {
            try {
                return KcpGoRecords.find(config.resolver(), config.name(), source);
            } catch (InterruptedException stopping) {
                return new Found.Nowhere("interrupted");
            } catch (RuntimeException | AssertionError fault) {
                return new Found.Nowhere(
                        "looking up %s failed: %s"
                                .formatted(config.name(), Text.escape(fault.toString())));
            }
        }

        private void opened(Found found) {
            if (!connections.contains(this)) {
                return;
            }
            switch (found) {
                case Found.Nowhere(var why) -> refuse(why);
                case Found.At(var addresses) -> {
                    try {
                        dial(addresses);
                    } catch (IOException | RuntimeException failed) {
                        refuse("no UDP port: " + reason(failed));
                    }
                }
            }
        }

        private void refuse(String why) {
            waiting.refuse();
            end(why);
        }

        private void dial(List<InetSocketAddress> addresses) throws IOException {
            long now = driver.nanoTime();
            var any = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
            Port port = driver.openPort(any);
            try {
                open = open(port, addresses.getFirst(), now);
            } catch (IOException | RuntimeException failed) {
                port.close();
                throw failed;
            }
            driver.schedule(PATIENCE, () -> lookElsewhere(addresses));
        }

        private Open open(Port port, InetSocketAddress peer, long now) throws IOException {
            var context = new PlainTransport.Context(false, Server.KCP_GO_DATAGRAM, now, random);
            var endpoint = config.transport().open(context);
            var pump = new StreamPump<>(endpoint, stream -> {});
            port.attach(List.of(endpoint), pump);
            tried.add(peer);
            LOG.log(Level.DEBUG, "connecting to {0}", HostAndPort.format(peer));
            var stream = endpoint.dial(peer, now);
            var holder = new Splice[1];
            LocalEnd local = waiting.open(driver, () -> pump.wake(holder[0]));
            holder[0] = new Splice(driver, stream, local, true, this::closed);
            pump.add(holder[0]);
            return new Open(port, endpoint, pump, holder[0]);
        }

        private void lookElsewhere(List<InetSocketAddress> known) {
            if (open == null || open.splice.ended() || open.splice.stream().answered()) {
                return;
            }
            Thread.startVirtualThread(
                    () -> {
                        var others = new ArrayList<InetSocketAddress>();
                        if (lookup(Source.AUTHORITATIVE) instanceof Found.At(var newer)) {
                            others.addAll(newer);
                        }
                        others.addAll(known);
                        driver.execute(() -> redirect(others));
                    });
        }

        private void redirect(List<InetSocketAddress> candidates) {
            if (open == null || open.splice.ended() || open.splice.stream().answered()) {
                return;
            }
            for (InetSocketAddress candidate : candidates) {
                if (tried.add(candidate)) {
                    LOG.log(
                            Level.INFO,
                            "no answer from {0}, trying {1}",
                            HostAndPort.format(
                                    ((PlainTransport.Stream) open.splice.stream()).peer()),
                            HostAndPort.format(candidate));
                    long now = driver.nanoTime();
                    open.pump.redirect(open.splice, open.endpoint.dial(candidate, now), now);
                    driver.schedule(PATIENCE, () -> lookElsewhere(candidates));
                    return;
                }
            }
        }

        private void closed(CloseReason reason) {
            if (open == null) {
                throw new AssertionError("a splice ends only after it was opened");
            }
            String peer = HostAndPort.format(((PlainTransport.Stream) open.splice.stream()).peer());
            boolean silent = reason instanceof CloseReason.NoAnswer;
            end(
                    switch (reason) {
                        case CloseReason.Finished() -> "";
                        case CloseReason.Local() -> LOCAL_BREAK;
                        default ->
                                "%s (%s): %s%s"
                                        .formatted(
                                                config.name(),
                                                peer,
                                                reason.describe(),
                                                silent
                                                        ? "; is natts running, and does its NAT"
                                                                + " let strangers in?"
                                                        : "");
                    });
        }

        private void end(String why) {
            connections.remove(this);
            if (open != null) {
                driver.schedule(LINGER, open.port::close);
            }
            ended.complete(why);
        }

        void abort() {
            if (open != null) {
                open.splice.abort(ResetCode.SHUTTING_DOWN, driver.nanoTime());
                open.port.close();
            } else {
                refuse("stopped before it was connected");
            }
        }
    }
}
