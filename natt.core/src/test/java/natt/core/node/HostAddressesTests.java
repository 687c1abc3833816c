package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

class HostAddressesTests {
    @ParameterizedTest
    @ValueSource(strings = {"192.168.1.2", "10.0.0.5", "172.20.1.1", "100.64.3.3", "fd00::5"})
    void anAddressOfAPrivateNetworkIsOfUse(String literal) {
        assertTrue(HostAddresses.isOfUse(InetAddress.ofLiteral(literal)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "::1",
                "169.254.7.7",
                "fe80::1",
                "0.0.0.0",
                "224.0.0.1",
                "203.0.113.9",
                "2001:db8::1"
            })
    void anAddressThatIsPublicOrLeadsNowhereIsNot(String literal) {
        assertFalse(HostAddresses.isOfUse(InetAddress.ofLiteral(literal)));
    }

    @Test
    void whatStunHasFoundComesFirst() {
        var found = List.of(new InetSocketAddress("203.0.113.7", 41_233));
        List<InetSocketAddress> all = HostAddresses.after(found, 30_000);
        assertEquals(found.getFirst(), all.getFirst());
        assertTrue(all.size() <= 5);
        assertTrue(all.stream().skip(1).allMatch(each -> each.getPort() == 30_000));
    }
}
