package natt.tests.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.PlainTransport;
import natt.core.spi.PlainTransport.Stream;
import natt.core.time.Ticker;
import natt.tests.GoPeer;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.Tcp;
import natt.transport.kcp.KcpGoTransport;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/// The engine itself on a bare socket against kcp-go, where its counters can be seen.
@Requires(Need.GO_KCP)
@Timeout(200)
class KcpGoEngineInteropTests {
    private static final int DATAGRAM = 1400;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);

    @RegisterExtension final Processes processes = Processes.ofEachTest();

    @ParameterizedTest(name = "{0} bytes, {1} % lost, mode {2}")
    @CsvSource({
        "5000000, 0, natt",
        "1000000, 5, natt",
        "300000, 20, natt",
        "300000, 5, normal",
        "300000, 5, fast",
        "300000, 5, fast2",
        "1000000, 5, fast3"
    })
    void everyByteReturnsAndParityRepairsLosses(int bytes, int loss, String mode) throws Exception {
        var go =
                processes
                        .prepare("kcppeer", GoPeer.binary().toString(), "echo")
                        .with("-listen", "127.0.0.1:0", "-loss", "" + loss, "-seed", "3")
                        .start();
        var ready = go.awaitLine("ready .*:([0-9]+)$", Duration.ofSeconds(10));
        var peer = new InetSocketAddress("127.0.0.1", Integer.parseInt(ready.group(1)));
        try (var loop = new Loop(mode)) {
            loop.echo(peer, bytes);
            var counters = loop.endpoint.counters();
            assertEquals(loss > 0, counters.get("fecRecovered") > 0, counters::toString);
            assertTrue(counters.containsKey("retransmitted"), counters::toString);
        }
    }

    /// The least that drives an engine: one socket, one thread, the caller's.
    private static final class Loop implements AutoCloseable {
        private final Ticker ticker = Ticker.system();
        private final DatagramChannel channel = DatagramChannel.open();
        private final Selector selector = Selector.open();
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(2048);
        private final PlainTransport.Endpoint endpoint;

        Loop(String mode) throws IOException {
            channel.bind(new InetSocketAddress("127.0.0.1", 0));
            channel.configureBlocking(false).register(selector, SelectionKey.OP_READ);
            endpoint =
                    new KcpGoTransport()
                            .inMode(mode)
                            .open(
                                    new PlainTransport.Context(
                                            false,
                                            DATAGRAM,
                                            ticker.nanoTime(),
                                            new SecureRandom()));
        }

        void echo(InetSocketAddress peer, int bytes) throws IOException {
            long start = ticker.nanoTime();
            Stream stream = endpoint.dial(peer, start);
            var out = ByteBuffer.wrap(new Tcp.Content(bytes).next(bytes));
            var in = ByteBuffer.allocate(bytes);
            while (in.hasRemaining()) {
                long now = ticker.nanoTime();
                assertTrue(now - start < LIMIT_NANOS, "came back in time: " + in.position());
                assertTrue(stream.closed().isEmpty(), () -> "closed: " + stream.closed());
                stream.write(out, now);
                stream.read(in, now);
                turn();
            }
            assertTrue(Arrays.equals(out.array(), in.array()), "every byte came back as sent");
            stream.reset(natt.core.ResetCode.UNSPECIFIED, ticker.nanoTime());
        }

        private void turn() throws IOException {
            long now = ticker.nanoTime();
            if (endpoint.nanosUntilTimeout(now) <= 0) {
                endpoint.handleTimeout(now);
            }
            InetSocketAddress to;
            while ((to = endpoint.pollTransmit(buffer.clear(), now)) != null) {
                channel.send(buffer.flip(), to);
            }
            while (endpoint.pollReady() != null) {}
            long nanos = endpoint.nanosUntilTimeout(now);
            long millis = Math.clamp(TimeUnit.NANOSECONDS.toMillis(nanos) + 1, 1, 100);
            selector.select(millis);
            selector.selectedKeys().clear();
            for (int i = 0; i < 64; i++) {
                var from = (InetSocketAddress) channel.receive(buffer.clear());
                if (from == null) {
                    return;
                }
                endpoint.handleDatagram(from, buffer.flip(), ticker.nanoTime());
            }
        }

        @Override
        public void close() throws IOException {
            selector.close();
            channel.close();
        }
    }
}
