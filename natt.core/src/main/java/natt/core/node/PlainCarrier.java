package natt.core.node;

import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.LocalEnd;
import natt.core.forward.Splice;
import natt.core.forward.StreamPump;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.publish.KcpGoRecords;
import natt.core.publish.KcpGoRecords.Found;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.PlainTransport;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/// Carries connections by the original's wire: each has a port of its own.
final class PlainCarrier implements Carrier {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long an address may stay silent before the zone's own servers are asked for a newer one.
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /// How long a finished conversation still acknowledges what the peer repeats.
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final ClientConfig.Plain config;
    private final Driver driver;
    private final RandomGenerator random;
    private final Set<Connection> connections = new HashSet<>();

    PlainCarrier(ClientConfig.Plain config, Driver driver, RandomGenerator random) {
        this.config = config;
        this.driver = driver;
        this.random = random;
    }

    /// The wire names no services: there is one.
    @Override
    public void carry(LocalCall call, String service, CompletableFuture<String> ended) {
        new Connection(call, ended).start();
    }

    @Override
    public int connections() {
        return connections.size();
    }

    @Override
    public void addTo(Report.Builder report, long nowNanos) {
        var all = new ArrayList<Report>();
        connections.forEach(each -> all.add(each.report(nowNanos)));
        report.reports("connections", all);
    }

    @Override
    public void close() {
        List.copyOf(connections).forEach(Connection::abort);
    }

    /// One local connection and the stream that carries it. Lives on the driver's thread; only
    /// lookups run elsewhere.
    private final class Connection {
        private final LocalCall call;
        private final CompletableFuture<String> ended;
        private final Set<InetSocketAddress> tried = new HashSet<>();
        private @Nullable Open open;

        private record Open(
                Port port,
                PlainTransport.Endpoint endpoint,
                StreamPump<PlainTransport.Stream> pump,
                Splice splice) {}

        Connection(LocalCall call, CompletableFuture<String> ended) {
            this.call = call;
            this.ended = ended;
        }

        Report report(long nowNanos) {
            return open == null
                    ? Report.builder().text("state", "looking the name up").build()
                    : PlainReport.of(open.splice, nowNanos);
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
                        refuse("no UDP port: " + Client.reason(failed));
                    }
                }
            }
        }

        private void refuse(String why) {
            call.refuse();
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
            var context = new PlainTransport.Context(false, PlainWire.DATAGRAM, now, random);
            var endpoint = config.transport().open(context);
            var pump = new StreamPump<>(endpoint, stream -> {});
            port.attach(List.of(endpoint), pump);
            tried.add(peer);
            LOG.log(Level.DEBUG, "connecting to {0}", HostAndPort.format(peer));
            var stream = endpoint.dial(peer, now);
            var holder = new Splice[1];
            LocalEnd local = call.open(driver, () -> pump.wake(holder[0]));
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
                refuse(STOPPED);
            }
        }
    }
}
