package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Transport;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How long short messages take on a path of 100 Mbit/s that loses, alone in their session.
class ShortMessageTests {
    private static final int MESSAGES = 1500;
    private static final int ANSWER = 100;

    private final SessionNet net = new SessionNet(7);
    private final ByteBuffer in = ByteBuffer.allocate(20_000);
    private int asked;
    private int answered;

    /// The bounds lie between what it is and what it would be without second copies.
    @ParameterizedTest
    @CsvSource({
        // bytes, loss, p95 and p99 in milliseconds, bytes sent for each delivered
        "100, 0, 100.1, 100.1, 1.7",
        "100, 0.01, 100.1, 101, 2.7",
        "100, 0.20, 226, 300, 3.5",
        "10000, 0, 118, 118, 1.06",
        "10000, 0.01, 220, 235, 1.2",
        "10000, 0.05, 235, 240, 1.3",
        "10000, 0.20, 400, 500, 1.7"
    })
    void lostEndOfAMessageCostsNoTimeout(
            int bytes, double loss, double p95, double p99, double cost) {
        net.path.delay = Duration.ofMillis(50);
        net.path.rate = 12.5e6;
        net.client.mux.roundTripMeasured(100_000_000, net.now);
        net.server.mux.roundTripMeasured(100_000_000, net.now);
        Transport.Stream here = net.client.mux.dial("x", net.now);
        Transport.Stream there = net.connect(net.client, here);
        net.path.loss = loss;
        long sent = net.client.bytesSent + net.server.bytesSent;
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            nanos.add(ask(here, there, bytes));
            net.run(Duration.ofMillis(200));
        }
        nanos.sort(null);
        assertAtMost(p95, nanos.get(MESSAGES * 95 / 100) / 1e6);
        assertAtMost(p99, nanos.get(MESSAGES * 99 / 100) / 1e6);
        sent = net.client.bytesSent + net.server.bytesSent - sent;
        assertAtMost(cost, (double) sent / MESSAGES / (bytes + ANSWER));
    }

    private long ask(Transport.Stream here, Transport.Stream there, int bytes) {
        asked = 0;
        answered = 0;
        long begin = net.now;
        here.write(ByteBuffer.allocate(bytes), net.now);
        net.runUntil(
                () -> {
                    for (int n; (n = there.read(in.clear(), net.now)) > 0; ) {
                        asked += n;
                        if (asked == bytes) {
                            there.write(ByteBuffer.allocate(ANSWER), net.now);
                        }
                    }
                    for (int n; (n = here.read(in.clear(), net.now)) > 0; ) {
                        answered += n;
                    }
                    return answered == ANSWER;
                },
                Duration.ofSeconds(60));
        return net.now - begin;
    }

    private static void assertAtMost(double most, double is) {
        assertTrue(is <= most, () -> is + ", not at most " + most);
    }
}
