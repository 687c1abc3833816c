package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.HostAndPort;
import natt.core.Route;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;

class BrokerLinkTests {
    private static boolean mayBeAsked(String stun, String broker) {
        return BrokerLink.mayBeAsked(
                HostAndPort.parse(stun).literal().orElseThrow(), InetAddress.ofLiteral(broker));
    }

    @ParameterizedTest
    @CsvSource({
        "203.0.113.8:3478, 203.0.113.7",
        "[2001:db8::1]:3478, 203.0.113.7",
        "203.0.113.8:3478, 192.168.1.1",
        "192.168.1.2:3478, 192.168.1.1",
        "127.0.0.2:3478, 127.0.0.1"
    })
    void aBrokerMayHaveASecondAddressOfItsOwnKind(String stun, String broker) {
        assertTrue(mayBeAsked(stun, broker));
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:3478, 203.0.113.7",
        "127.0.0.1:3478, 192.168.1.1",
        "[::1]:3478, 203.0.113.7",
        "192.168.1.2:3478, 203.0.113.7",
        "[fe80::1]:3478, 203.0.113.7",
        "224.0.0.1:3478, 203.0.113.7",
        "224.0.0.1:3478, 192.168.1.1",
        "[ff02::1]:3478, 192.168.1.1",
        "0.0.0.0:3478, 127.0.0.1"
    })
    void aBrokerCannotAimQuestionsAtLoopbackTheLanOrAGroup(String stun, String broker) {
        assertFalse(mayBeAsked(stun, broker));
    }

    @Test
    void aBrokerCannotAimQuestionsAtThePathsOfThisNode() {
        InetAddress broker = InetAddress.ofLiteral("192.168.1.1");
        assertFalse(BrokerLink.mayBeAsked(Route.relayed(1), broker));
        assertFalse(BrokerLink.mayBeAsked(Route.connected(1), broker));
    }
}
