package natt.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.BehaviorContext;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.core.spi.Engine;
import natt.discovery.stun.StunDiscovery;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Programs;
import natt.tests.Requires;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The responder asked by coturn's client, coturn asked by the behavior discovery, both on the
/// loopback.
@Requires(Need.COTURN)
@Timeout(60)
class StunInteropTests {
    private static final String ONE = "127.0.0.1";
    private static final String OTHER = "127.0.0.2";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir Path directory;

    @RegisterExtension final Processes processes = Processes.ofEachTest();

    /// Real sockets with one engine, which run as long as a condition holds.
    private static final class Sockets implements AutoCloseable {
        private final List<DatagramChannel> channels = new ArrayList<>();
        private final Selector selector = Selector.open();
        private final ByteBuffer buffer = ByteBuffer.allocate(2048);

        Sockets() throws IOException {}

        /// Sockets on both addresses with the same two ports, which the system chooses.
        static Sockets ofAServer() throws IOException {
            for (int attempt = 0; ; attempt++) {
                var sockets = new Sockets();
                try {
                    int first = sockets.bind(ONE, 0);
                    int second = sockets.bind(ONE, 0);
                    sockets.bind(OTHER, first);
                    sockets.bind(OTHER, second);
                    return sockets;
                } catch (BindException e) {
                    sockets.close();
                    if (attempt == 20) {
                        throw e;
                    }
                }
            }
        }

        int bind(String address, int port) throws IOException {
            var channel = DatagramChannel.open(StandardProtocolFamily.INET);
            channels.add(channel);
            channel.bind(new InetSocketAddress(address, port)).configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, channels.size() - 1);
            return ((InetSocketAddress) channel.getLocalAddress()).getPort();
        }

        List<LocalSocket> locals() throws IOException {
            var locals = new ArrayList<LocalSocket>();
            for (DatagramChannel channel : channels) {
                var address = (InetSocketAddress) channel.getLocalAddress();
                locals.add(new LocalSocket(locals.size(), address));
            }
            return locals;
        }

        void run(Engine engine, BooleanSupplier goesOn) throws IOException {
            while (goesOn.getAsBoolean()) {
                send(engine);
                long wait = engine.nanosUntilTimeout(System.nanoTime()) / 1_000_000;
                selector.select(Math.clamp(wait, 1, 50));
                selector.selectedKeys().clear();
                for (int i = 0; i < channels.size(); i++) {
                    receive(engine, i);
                }
                engine.handleTimeout(System.nanoTime());
            }
        }

        private void receive(Engine engine, int number) throws IOException {
            InetSocketAddress from;
            while ((from = (InetSocketAddress) channels.get(number).receive(buffer.clear()))
                    != null) {
                var source = number == 0 ? from : Route.through(number, from);
                engine.handleDatagram(source, buffer.flip(), System.nanoTime());
            }
        }

        private void send(Engine engine) throws IOException {
            InetSocketAddress to;
            while ((to = engine.pollTransmit(buffer.clear(), System.nanoTime())) != null) {
                channels.get(Route.socket(to)).send(buffer.flip(), Route.remote(to));
            }
        }

        @Override
        public void close() throws IOException {
            for (DatagramChannel channel : channels) {
                channel.close();
            }
            selector.close();
        }
    }

    /// What coturn's client says about our responder.
    private static String askedByCoturn(String... options) throws Exception {
        try (var sockets = Sockets.ofAServer()) {
            var context = new ResponderContext(sockets.locals(), new SecureRandom());
            var responder = new StunDiscovery().openResponder(context).orElseThrow();
            int port = sockets.locals().getFirst().address().getPort();
            var command = new ArrayList<>(List.of("turnutils_natdiscovery"));
            command.addAll(List.of(options));
            command.addAll(List.of("-p", "" + port, ONE));
            var output = new String[1];
            Thread client =
                    Thread.ofPlatform()
                            .start(
                                    () ->
                                            output[0] =
                                                    Programs.run(command.toArray(String[]::new))
                                                            .output());
            sockets.run(responder, client::isAlive);
            client.join();
            return output[0];
        }
    }

    @Test
    void coturnsClientFindsBothBehaviorsWhenItPadsItsRequests() throws Exception {
        String said = askedByCoturn("-m", "-f", "-P");
        assertTrue(said.contains("NAT with Endpoint Independent Mapping!"), said);
        assertTrue(said.contains("NAT with Endpoint Independent Filtering!"), said);
    }

    @Test
    void coturnsClientGetsTheAddressOnlyWhenItDoesNot() throws Exception {
        String said = askedByCoturn("-m");
        assertTrue(said.contains("UDP reflexive addr: 127.0.0.1:"), said);
        assertTrue(!said.contains("Other addr"), said);
    }

    @Test
    void coturnTellsTheBehaviorDiscoveryThatNothingIsInBetween() throws Exception {
        int first;
        int second;
        try (var probe = Sockets.ofAServer()) {
            first = probe.locals().get(0).address().getPort();
            second = probe.locals().get(1).address().getPort();
        }
        processes
                .prepare("coturn", "turnserver", "-n", "-L", ONE, "-L", OTHER)
                .with("-p", "" + first, "--alt-listening-port", "" + second)
                .with("--stun-only", "--no-tcp", "--no-tls", "--no-dtls", "--no-cli", "--no-auth")
                .with("--log-file", "stdout")
                .with("--pidfile", directory.resolve("coturn.pid").toString())
                .with("--userdb", directory.resolve("turndb").toString())
                .start()
                .awaitLine("SQLite DB connection success", LIMIT);
        var server = new InetSocketAddress(ONE, first);
        try (var sockets = new Sockets()) {
            for (int i = 0; i < 8; i++) {
                sockets.bind(ONE, 0);
            }
            var expected =
                    new NatBehavior(
                            Dependence.ENDPOINT_INDEPENDENT,
                            Dependence.ENDPOINT_INDEPENDENT,
                            new PortAllocation.Preserving(),
                            Optional.of(true),
                            Optional.of(false),
                            Optional.empty());
            assertEquals(expected, behavior(sockets, server));
        }
    }

    private static NatBehavior behavior(Sockets sockets, InetSocketAddress server)
            throws IOException {
        var context =
                new BehaviorContext(
                        List.of(server),
                        sockets.locals(),
                        Duration.ZERO,
                        System.nanoTime(),
                        new SecureRandom());
        var discovery = new StunDiscovery().openBehavior(context).orElseThrow();
        var found = new ArrayList<NatBehavior>();
        sockets.run(
                discovery,
                () -> {
                    NatBehavior news = discovery.pollBehavior();
                    if (news != null) {
                        found.add(news);
                    }
                    return found.isEmpty();
                });
        return found.getFirst();
    }
}
