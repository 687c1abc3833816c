package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.PlainTransport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.Optional;

/// Streams between two natts.
class StreamTests {
    private final SimNet net = new SimNet(1);
    private final SimNet.Node client = net.node(1, 40000, false);
    private final SimNet.Node server = net.node(2, 30000, true);

    private PlainTransport.Stream dialed;
    private PlainTransport.Stream accepted;

    private void connect() {
        dialed = client.endpoint.dial(server.address, net.now);
        net.runUntil(() -> !server.accepted.isEmpty(), Duration.ofSeconds(9));
        accepted = server.onlyAccepted();
    }

    @Test
    void serverSpeaksFirst() {
        connect();
        assertEquals(30, net.elapsedMillis()); // WASK, cookie, WASK
        SimNet.write(accepted, "220 ready\r\n", net.now);
        net.run(Duration.ofMillis(10));
        assertEquals("220 ready\r\n", SimNet.read(dialed, net.now));
        assertTrue(dialed.answered());
        assertTrue(accepted.answered());
        assertEquals(Duration.ofMillis(20), dialed.roundTripTime());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.01, 0.05, 0.2, 0.4})
    void everyByteArrivesWhateverIsLost(double loss) {
        transfer(loss, 0, 0);
    }

    @Test
    void everyByteArrivesOnceWhenDatagramsOvertakeAndDouble() {
        transfer(0.01, 0.25, 0.1);
    }

    private void transfer(double loss, double reorder, double duplicate) {
        net.path.delay = Duration.ofMillis(25);
        net.path.rate = 12.5e6;
        connect();
        net.path.loss = loss;
        net.path.reorder = reorder;
        net.path.duplicate = duplicate;
        var up = new Bulk(dialed, accepted, 2_000_000, 7);
        var down = new Bulk(accepted, dialed, 3_000_000, 8);
        net.runUntil(
                () -> {
                    up.pump(net.now);
                    down.pump(net.now);
                    return up.done() && down.done();
                },
                Duration.ofMinutes(3));
        assertTrue(client.largest <= 1400);
        assertEquals(Optional.empty(), dialed.closed());
    }

    @Test
    void finishEndsOneDirectionAtATime() {
        connect();
        SimNet.write(dialed, "question", net.now);
        dialed.finish(net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals("question", SimNet.read(accepted, net.now));
        assertEquals(null, SimNet.read(accepted, net.now));
        SimNet.write(accepted, "answer", net.now);
        accepted.finish(net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals("answer", SimNet.read(dialed, net.now));
        assertEquals(null, SimNet.read(dialed, net.now));
        assertEquals(Optional.of(new CloseReason.Finished()), dialed.closed());
        assertEquals(Optional.of(new CloseReason.Finished()), accepted.closed());
        assertEquals(0, server.counter("streams"));
    }

    @Test
    void resetTellsThePeerWhy() {
        connect();
        accepted.reset(ResetCode.TARGET_UNREACHABLE, net.now);
        net.run(Duration.ofMillis(10));
        assertEquals(
                Optional.of(new CloseReason.Remote(ResetCode.TARGET_UNREACHABLE)), dialed.closed());
    }

    @Test
    void resetLetsGoOfWhatNobodyHasRead() {
        connect();
        SimNet.write(dialed, "unread", net.now);
        net.run(Duration.ofSeconds(1));
        assertTrue(server.counter("bytesHeld") > 0);
        accepted.reset(ResetCode.TARGET_RESET, net.now);
        assertEquals(0, server.counter("bytesHeld"));
    }
}
