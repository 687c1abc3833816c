package natt.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.keys.AddressPrefix;
import natt.tun.device.TunConfig;
import natt.tun.packet.LocalAddress;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.Stream;

class TunnelServerTests {
    private static TunConfig device(String local, String... prefixes) {
        return TunnelServer.device(
                "natt0",
                List.of(LocalAddress.parse(local)),
                Stream.of(prefixes).map(AddressPrefix::parse).toList());
    }

    private static List<AddressPrefix> routes(String... prefixes) {
        return Stream.of(prefixes).map(AddressPrefix::parse).toList();
    }

    @Test
    void clientsInTheDevicesNetworkNeedNoRoutes() {
        TunConfig config = device("10.10.0.1/24", "10.10.0.2", "10.10.0.128/25");
        assertEquals(List.of(), config.routes());
        assertEquals(1420, config.mtu());
        assertEquals(routes("10.10.0.0/24").getFirst(), config.addresses().getFirst().prefix());
    }

    @Test
    void whatClientsHaveBesideGetsRoutesOnce() {
        TunConfig config = device("10.10.0.1/24", "192.168.7.0/24", "10.0.0.0/8", "192.168.7.0/24");
        assertEquals(routes("192.168.7.0/24", "10.0.0.0/8"), config.routes());
    }

    @Test
    void allAddressesGetNoRoute() {
        assertEquals(List.of(), device("10.10.0.1/24", "0.0.0.0/0", "::/0").routes());
    }

    @Test
    void aDeviceNeedsAName() {
        assertThrows(
                IllegalArgumentException.class,
                () -> TunnelServer.device("", List.of(LocalAddress.parse("10.0.0.1")), List.of()));
    }
}
