package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

/// Transfers of a session whose one side sends in a classic mode, on a path of 20 ms that loses.
class ModeTransferTests {

    @ParameterizedTest
    @ValueSource(strings = {"natt", "normal", "fast", "fast2", "fast3"})
    void everyByteArrivesInOrderBothWays(String mode) {
        var net = new SessionNet(3, 32, new KcpTransport().inMode(mode));
        net.path.rate = 12.5e6;
        Transport.Stream dialed = net.client.mux.dial("x", net.now);
        Transport.Stream accepted = net.connect(net.client, dialed);
        net.path.loss = 0.02;
        net.path.reorder = 0.05;
        var up = new Bulk(dialed, accepted, 1_000_000, 1);
        var down = new Bulk(accepted, dialed, 1_000_000, 2);
        net.runUntil(
                () -> {
                    up.pump(net.now);
                    down.pump(net.now);
                    return up.done() && down.done();
                },
                Duration.ofSeconds(60));
        assertTrue(net.client.counter("retransmitted") > 0);
    }

    @Test
    void otherModesAreRefusedByEitherTransport() {
        String says = "there is no mode 'x', there are natt, normal, fast, fast2, fast3";
        for (Runnable asks :
                new Runnable[] {
                    () -> new KcpTransport().inMode("x"), () -> new KcpGoTransport().inMode("x")
                }) {
            var refused = assertThrows(IllegalArgumentException.class, asks::run);
            assertEquals(says, refused.getMessage());
        }
    }
}
