package natt.discovery.portmap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.util.Optional;

class GatewaysTests {
    @ParameterizedTest
    @CsvSource({
        "192.168.2.2, true",
        "10.1.2.3, true",
        "172.31.0.1, true",
        "100.64.0.1, true",
        "100.127.255.255, true",
        "192.0.0.2, true",
        "100.128.0.1, false",
        "172.32.0.1, false",
        "203.0.113.5, false",
        "192.0.2.1, false",
    })
    void onlyWhoIsBehindANatNeedsAGateway(String local, boolean needs) {
        assertEquals(needs, Gateways.isBehindNat(InetAddress.ofLiteral(local)));
    }

    @ParameterizedTest
    @CsvSource({
        "192.168.2.2, 192.168.2.1, 24, true",
        "192.168.2.2, 192.168.3.1, 24, false",
        "192.168.2.2, 192.168.3.1, 23, true",
        "192.168.2.2, 192.168.2.130, 25, false",
        "192.168.2.2, 203.0.113.5, 0, true",
        "192.168.2.2, 2001:db8::1, 0, false",
    })
    void addressesShareAPrefixOrNot(String one, String other, int prefix, boolean shared) {
        assertEquals(
                shared,
                Gateways.shares(InetAddress.ofLiteral(one), InetAddress.ofLiteral(other), prefix));
    }

    @Test
    void aPortOfOneFamilyHasNoGatewayInTheOther() {
        assertEquals(Optional.empty(), Gateways.ipv4(InetAddress.ofLiteral("::1")));
        assertEquals(Optional.empty(), Gateways.ipv6(InetAddress.ofLiteral("127.0.0.1")));
    }
}
