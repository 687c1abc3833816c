package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;
import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/// A session's streams on paths that end, change and shrink, and how well they fill one.
class SessionPathTests {
    private final SessionNet net = new SessionNet(3);
    private Transport.Stream dialed;
    private Transport.Stream accepted;
    private Bulk bulk;

    private void connect(int roundTripMillis) {
        net.path.delay = Duration.ofNanos(roundTripMillis * 1_000_000L / 2);
        net.path.rate = 12.5e6;
        net.client.mux.roundTripMeasured(roundTripMillis * 1_000_000L, net.now);
        net.server.mux.roundTripMeasured(roundTripMillis * 1_000_000L, net.now);
        dialed = net.client.mux.dial("x", net.now);
        accepted = net.connect(net.client, dialed);
        bulk = new Bulk(accepted, dialed, Long.MAX_VALUE, 1);
    }

    private long run(long millis) {
        long before = bulk.received;
        long limit = net.now + millis * 1_000_000;
        while (limit - net.now > 0) {
            bulk.pump(net.now);
            net.step(limit);
        }
        bulk.pump(net.now);
        return bulk.received - before;
    }

    private void pauseBoth() {
        net.client.mux.pause(net.now);
        net.server.mux.pause(net.now);
        net.cut();
    }

    private void resumeBoth() {
        net.client.mux.resume(net.now);
        net.server.mux.resume(net.now);
    }

    @Test
    void nothingIsLostAndNothingDiesInEightHoursWithoutAPath() {
        connect(50);
        run(3000);
        pauseBoth();
        int sent = net.client.sent + net.server.sent;
        assertEquals(Engine.NEVER, net.server.mux.nanosUntilTimeout(net.now));
        assertEquals(0, run(8 * 3600 * 1000L));
        assertEquals(sent, net.client.sent + net.server.sent);
        assertTrue(net.server.mux.hasOutstanding());
        resumeBoth();
        // Half a round trip to tell what has arrived, half for what comes after that.
        assertEquals(0, run(50));
        assertTrue(run(5) > 0, "goes on within one round trip");
        assertTrue(run(5000) > 30_000_000);
        assertEquals(Optional.empty(), dialed.closed());
        assertTrue(accepted.roundTripTime().toMillis() < 120, accepted.roundTripTime()::toString);
    }

    @Test
    void whatArrivesInAPauseCountsAndTellsNothingOfTheRoundTrip() {
        connect(50);
        var text = ByteBuffer.wrap(new byte[1000]);
        accepted.write(text, net.now);
        net.server.drain();
        net.run(Duration.ofMillis(30));
        net.server.mux.pause(net.now);
        net.run(Duration.ofHours(1));
        assertTrue(accepted.delivered(), "the acknowledgement was on its way");
        assertEquals(50, accepted.roundTripTime().toMillis());
        net.server.mux.resume(net.now);
        net.run(Duration.ofSeconds(1));
        assertEquals(0, net.server.counter("timeouts"));
    }

    @Test
    void finishAndResetOutliveAPause() {
        connect(50);
        Transport.Stream second = net.client.mux.dial("y", net.now);
        Transport.Stream far = net.connect(net.client, second);
        pauseBoth();
        dialed.finish(net.now);
        accepted.finish(net.now);
        second.reset(natt.core.ResetCode.TARGET_RESET, net.now);
        net.run(Duration.ofHours(12));
        resumeBoth();
        net.run(Duration.ofSeconds(1));
        assertEquals(Optional.of(new natt.core.CloseReason.Finished()), dialed.closed());
        assertEquals(Optional.of(new natt.core.CloseReason.Finished()), accepted.closed());
        assertTrue(far.closed().isPresent());
    }

    @Test
    void pathThatChangesUnderATransferIsLearntAnew() {
        connect(20);
        run(3000);
        net.cut();
        net.path.delay = Duration.ofMillis(100);
        net.client.mux.pathChanged(net.now);
        net.server.mux.pathChanged(net.now);
        net.server.mux.roundTripMeasured(200_000_000, net.now);
        run(1000);
        long bytes = run(10_000);
        assertTrue(bytes * 8 / 10 > 60_000_000, () -> bytes + " bytes in 10 s");
        assertTrue(accepted.roundTripTime().toMillis() >= 200);
    }

    @Test
    void pathThatShrinksGetsLongerDatagramsAloneAndThenShorterOnes() {
        connect(50);
        run(2000);
        net.server.limit = 600;
        net.server.mux.useDatagrams(600, net.now);
        run(2000);
        assertTrue(net.server.longerThanLimit > 0, "what was cut before goes out as it is");
        int longer = net.server.longerThanLimit;
        assertTrue(run(2000) > 10_000_000);
        assertEquals(longer, net.server.longerThanLimit);
        net.server.limit = 1440;
        net.server.mux.useDatagrams(1440, net.now);
        run(2000);
        assertEquals(1440, net.server.largest);
        assertEquals(Optional.empty(), dialed.closed());
    }

    @ParameterizedTest
    @CsvSource({"20, 0, 85", "100, 0.01, 75", "200, 0.05, 65"})
    void bulkFillsThePath(int roundTripMillis, double loss, int megabits) {
        connect(roundTripMillis);
        net.path.loss = loss;
        run(8000);
        long bytes = run(20_000);
        assertTrue(bytes * 8 / 20 > megabits * 1_000_000L, () -> bytes + " bytes in 20 s");
    }
}
