package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.HostAndPort;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;

class HostSearchTests {
    private static List<InetSocketAddress> addresses(String... texts) {
        return Arrays.stream(texts)
                .map(text -> HostAndPort.parse(text).literal().orElseThrow())
                .toList();
    }

    @Test
    void bothFamiliesAreTriedInTurnAndPrivateAddressesLast() {
        assertEquals(
                addresses(
                        "[2001:db8::1]:1",
                        "203.0.113.1:1",
                        "[2001:db8::2]:1",
                        "203.0.113.2:1",
                        "203.0.113.3:1",
                        "192.168.1.1:1"),
                HostSearch.order(
                        addresses(
                                "203.0.113.1:1",
                                "192.168.1.1:1",
                                "203.0.113.2:1",
                                "[2001:db8::1]:1",
                                "203.0.113.3:1",
                                "[2001:db8::2]:1")));
    }
}
