package natt.core.node;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.Text;
import natt.core.forward.LocalEnd;
import natt.core.forward.Splice;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.session.SessionEngine;
import natt.core.spi.Transport.Stream;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/// Carries connections by sessions: one for so many streams as a session may have, begun when it is
/// needed and ended when it has not been for a while. They share a port, which lives as long as
/// there is one.
final class SessionCarrier implements Carrier, SessionClient.Owner {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long a TCP connection waits for a session. Standard input waits as long as the session
    /// itself is tried for.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// How long a session is kept without connections.
    private static final Duration IDLE = Duration.ofSeconds(60);

    private final ClientConfig.Sessions config;
    private final Driver driver;
    private final RandomGenerator random;
    private final Set<Connection> connections = new LinkedHashSet<>();
    private final List<SessionClient> sessions = new ArrayList<>();
    private @Nullable SessionPort port;
    private long uses;

    SessionCarrier(ClientConfig.Sessions config, Driver driver, RandomGenerator random) {
        this.config = config;
        this.driver = driver;
        this.random = random;
        driver.onClockJump(this::clockJumped);
    }

    private void clockJumped() {
        if (port != null) {
            port.clockJumped();
        }
    }

    private SessionPort port() throws IOException {
        if (port == null) {
            Port opened = driver.openPort(new InetSocketAddress(InetAddress.ofLiteral("::"), 0));
            port =
                    new SessionPort(
                            driver,
                            opened,
                            new SessionPort.Config(
                                    config.identity(),
                                    PreSharedKey.NONE,
                                    Optional.of(config.transport()),
                                    Optional.empty(),
                                    Optional.empty(),
                                    List.of(),
                                    Optional.empty(),
                                    new Brokers(config.brokers(), driver, random, Level.INFO),
                                    random));
            port.start();
            config.ticketBroker().ifPresent(port::addBroker);
        }
        return port;
    }

    private void remove(SessionClient client) {
        sessions.remove(client);
        if (sessions.isEmpty() && port != null) {
            port.closeLater();
            port = null;
        }
    }

    @Override
    public int connections() {
        return connections.size();
    }

    @Override
    public void carry(LocalCall call, String service, CompletableFuture<String> ended) {
        uses++;
        var connection = new Connection(call, service, ended);
        connections.add(connection);
        if (config.expires().filter(at -> !Instant.now().isBefore(at)).isPresent()) {
            connection.fail("the ticket for %s has expired".formatted(config.name()));
            return;
        }
        SessionClient host = withRoom();
        if (host == null) {
            try {
                host = new SessionClient(config, driver, port(), this);
            } catch (IOException | RuntimeException failed) {
                connection.fail("no UDP port: " + Client.reason(failed));
                return;
            }
            sessions.add(host);
            connection.host = host;
            host.start();
        }
        connection.host = host;
        if (host.called()) {
            connection.dial(host);
        }
        if (call instanceof LocalCall.Tcp) {
            driver.schedule(PATIENCE, connection::giveUp);
        }
    }

    private @Nullable SessionClient withRoom() {
        for (SessionClient each : sessions) {
            if (connectionsOf(each).size() < SessionEngine.MOST_STREAMS) {
                return each;
            }
        }
        return null;
    }

    private List<Connection> connectionsOf(SessionClient host) {
        return connections.stream().filter(each -> each.host == host).toList();
    }

    @Override
    public void called(SessionClient client) {
        connectionsOf(client).forEach(each -> each.dial(client));
    }

    @Override
    public void failed(SessionClient client, String why) {
        remove(client);
        connectionsOf(client).forEach(each -> each.fail(why));
    }

    /// The streams have ended with the session, and what they brought is being handed over.
    @Override
    public void ended(SessionClient client) {
        remove(client);
    }

    @Override
    public void addTo(Report.Builder report, long nowNanos) {
        if (!sessions.isEmpty()) {
            report.report("host", sessions.getFirst().hostReport());
        }
        if (port != null && !port.brokers().isEmpty()) {
            report.reports("brokers", port.brokers().reports());
        }
        report.reports(
                "sessions",
                sessions.stream()
                        .filter(SessionClient::called)
                        .map(each -> SessionReport.of(each.link(), Optional.empty(), nowNanos))
                        .toList());
        var all = new ArrayList<Report>();
        connections.forEach(each -> all.add(each.report(nowNanos)));
        report.reports("connections", all);
    }

    private void idle() {
        long before = uses;
        driver.schedule(
                IDLE,
                () -> {
                    if (uses == before) {
                        for (SessionClient each : List.copyOf(sessions)) {
                            if (connectionsOf(each).isEmpty()) {
                                each.close(CloseCode.IDLE);
                                remove(each);
                            }
                        }
                    }
                });
    }

    @Override
    public void close() {
        List.copyOf(connections).forEach(Connection::stop);
        sessions.clear();
        if (port != null) {
            port.close();
        }
    }

    /// One local connection and the stream that carries it.
    private final class Connection {
        private final LocalCall call;
        private final String service;
        private final CompletableFuture<String> ended;
        private final long since = driver.nanoTime();
        private @Nullable SessionClient host;
        private @Nullable SessionClient client;
        private @Nullable Splice splice;

        Connection(LocalCall call, String service, CompletableFuture<String> ended) {
            this.call = call;
            this.service = service;
            this.ended = ended;
        }

        Report report(long nowNanos) {
            boolean answered = splice != null && splice.stream().answered();
            return Report.builder()
                    .text("service", service)
                    .text("from", call.origin())
                    .text("state", answered ? "open" : "waiting")
                    .seconds("age", Duration.ofNanos(nowNanos - since))
                    .build();
        }

        void dial(SessionClient by) {
            if (client != null) {
                return;
            }
            client = by;
            SessionPumps.Link link = by.link();
            Stream stream = link.session().streams().dial(service, driver.nanoTime());
            try {
                var holder = new Splice[1];
                LocalEnd local = call.open(driver, () -> link.pump().wake(holder[0]));
                holder[0] = new Splice(driver, stream, local, false, this::closed);
                splice = holder[0];
                link.pump().add(holder[0]);
            } catch (IOException failed) {
                stream.reset(ResetCode.TARGET_RESET, driver.nanoTime());
                call.refuse();
                end("the local connection cannot be used: " + Client.reason(failed));
            }
        }

        /// Gives up unless the host has answered.
        void giveUp() {
            boolean waiting = splice == null || !splice.stream().answered();
            if (connections.contains(this) && waiting) {
                String why = client == null ? "there is no session yet" : client.failure(PATIENCE);
                fail("no connection for %d s: %s".formatted(PATIENCE.toSeconds(), why));
            }
        }

        void fail(String why) {
            end(why);
            if (splice == null) {
                call.refuse();
            } else {
                splice.abort(ResetCode.UNSPECIFIED, driver.nanoTime());
            }
        }

        void stop() {
            if (splice == null) {
                call.refuse();
                end(STOPPED);
            } else {
                splice.abort(ResetCode.SHUTTING_DOWN, driver.nanoTime());
            }
        }

        private void closed(CloseReason reason) {
            if (client != null && splice != null) {
                // It may have ended by its own clock; the pump drops it in its turn.
                client.link().pump().wake(splice);
            }
            end(
                    switch (reason) {
                        case CloseReason.Finished() -> "";
                        case CloseReason.Local() -> LOCAL_BREAK;
                        default -> describe(reason);
                    });
        }

        private String describe(CloseReason reason) {
            String name = config.name();
            return switch (reason) {
                case CloseReason.SessionClosed(var code) when code == CloseCode.UNKNOWN_KEY -> {
                    NodeKey own = config.identity().publicKey();
                    yield "%s does not know this node's key %s: add it to authorized_clients there"
                            .formatted(name, own);
                }
                case CloseReason.Remote(var code) when code == ResetCode.NO_SUCH_SERVICE ->
                        "%s has no service %s".formatted(name, Text.escape(service));
                case CloseReason.Remote(var code) when code == ResetCode.NOT_ALLOWED ->
                        "%s does not allow this node the service %s"
                                .formatted(name, Text.escape(service));
                default -> "%s%s: %s".formatted(name, place(), Text.escape(reason.describe()));
            };
        }

        private String place() {
            return client == null
                    ? ""
                    : client.link()
                            .session()
                            .path()
                            .map(at -> " (" + HostAndPort.format(at) + ")")
                            .orElse("");
        }

        private void end(String why) {
            if (connections.remove(this)) {
                LOG.log(Level.DEBUG, "a connection to {0} ends: {1}", service, why);
                ended.complete(why);
                if (host == null || connectionsOf(host).isEmpty()) {
                    idle();
                }
            }
        }
    }
}
