package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Identity;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Random;

class BrokerExtrasTests {
    private final BrokerOptions options = new BrokerOptions();

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "70000", "[::1]:9", "example.com:9", "1:2:3"})
    void natpunchGoIsAPortOrAnIpv4AddressAndAPort(String text) {
        options.natpunchGo = text;
        assertThrows(RuntimeException.class, () -> BrokerExtras.check(options));
    }

    @ParameterizedTest
    @ValueSource(strings = {"5000", ":5000", "127.0.0.1:5000", "0"})
    void natpunchGoMayBeAnywhere(String text) {
        options.natpunchGo = text;
        assertDoesNotThrow(() -> BrokerExtras.check(options));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5000", "5000:", ":5000", "5000:5000", "1:2:3", "a:b"})
    void natpunchIsTwoPorts(String text) {
        options.natpunch = text;
        assertThrows(RuntimeException.class, () -> BrokerExtras.check(options));
    }

    @Test
    void bothAreOffUnlessAskedFor() throws IOException {
        BrokerExtras.check(options);
        BrokerExtras.start(options, Identity.generate(new Random(1))).close();
    }

    @Test
    void aPortThatIsTakenIsOneLine() throws IOException {
        var loopback = InetAddress.ofLiteral("127.0.0.1");
        try (var taken = new DatagramSocket(new InetSocketAddress(loopback, 0))) {
            options.natpunchGo = "127.0.0.1:" + taken.getLocalPort();
            options.natpunch = null;
            var failed =
                    assertThrows(
                            IOException.class,
                            () -> BrokerExtras.start(options, Identity.generate(new Random(1))));
            String line = String.valueOf(failed.getMessage());
            assertTrue(line.startsWith("cannot listen on UDP 127.0.0.1:"), line);
            assertEquals(1, line.lines().count());
        }
    }
}
