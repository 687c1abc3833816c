package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

class StunServersTests {
    private static final InetSocketAddress ONE = at("192.0.2.1");
    private static final InetSocketAddress TWO = at("192.0.2.2");

    private static InetSocketAddress at(String address) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 3478);
    }

    @Test
    void serversAreAskedAnewOnlyWhenTheirAddressesChange() {
        var heard = new ArrayList<List<InetSocketAddress>>();
        var servers = new StunServers(List.of(), heard::add);
        servers.announce(List.of(ONE));
        servers.announce(List.of(ONE));
        servers.announce(List.of());
        servers.announce(List.of(ONE, TWO));
        servers.announce(List.of(ONE, TWO));
        assertEquals(List.of(List.of(ONE), List.of(ONE, TWO)), heard);
    }
}
