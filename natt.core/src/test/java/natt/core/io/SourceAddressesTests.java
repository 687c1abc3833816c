package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

class SourceAddressesTests {
    private static final long SECOND = 1_000_000_000;

    private InetSocketAddress source = address("192.0.2.1", 5);
    private int asked;
    private boolean unreachable;

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private InetSocketAddress ask(InetSocketAddress destination) throws IOException {
        asked++;
        if (unreachable) {
            throw new IOException("network is unreachable");
        }
        return source;
    }

    private int to(SourceAddresses sources, String ip, long now) throws IOException {
        InetSocketAddress destination = address(ip, 80);
        return sources.to(destination, SourceAddresses.number(destination), now);
    }

    @Test
    void theKernelIsAskedOnceASecondForEachAddress() throws IOException {
        var sources = new SourceAddresses(this::ask);
        long start = Long.MAX_VALUE - SECOND / 2;
        assertEquals(0xc000_0201, to(sources, "198.51.100.1", start));
        source = address("192.0.2.200", 5);
        assertEquals(0xc000_0201, to(sources, "198.51.100.1", start + SECOND - 1));
        assertEquals(1, asked);
        assertEquals(0xc000_02c8, to(sources, "198.51.100.2", start));
        assertEquals(0xc000_02c8, to(sources, "198.51.100.1", start + SECOND));
        assertEquals(3, asked);
    }

    @Test
    void thatThereIsNoWayIsNotRemembered() throws IOException {
        var sources = new SourceAddresses(this::ask);
        unreachable = true;
        assertThrows(IOException.class, () -> to(sources, "198.51.100.1", 0));
        unreachable = false;
        assertEquals(0xc000_0201, to(sources, "198.51.100.1", 1));
    }

    @Test
    void nobodyMakesItRememberMoreThanAFew() throws IOException {
        var sources = new SourceAddresses(this::ask);
        for (int i = 0; i < SourceAddresses.MOST; i++) {
            assertEquals(0xc000_0201, to(sources, "198.51.100." + i, 0));
        }
        to(sources, "198.51.100.0", 0);
        assertEquals(SourceAddresses.MOST, asked);
        to(sources, "203.0.113.1", 0);
        to(sources, "198.51.100.0", 0);
        assertEquals(SourceAddresses.MOST + 2, asked);
    }
}
