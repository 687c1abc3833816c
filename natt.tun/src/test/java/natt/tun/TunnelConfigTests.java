package natt.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.keys.AddressPrefix;
import natt.tun.device.TunAddress;
import natt.tun.device.TunConfig;
import natt.tun.packet.LocalAddress;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.List;

class TunnelConfigTests {
    private final TunnelConfig.Builder config = TunnelConfig.builder();

    private TunnelConfigTests local(String... addresses) {
        List.of(addresses).forEach(each -> config.local(LocalAddress.parse(each)));
        return this;
    }

    private TunnelConfigTests peer(String name, String... prefixes) {
        config.peer(name);
        List.of(prefixes).forEach(each -> config.allow(AddressPrefix.parse(each)));
        return this;
    }

    private static InetAddress ip(String text) {
        return InetAddress.ofLiteral(text);
    }

    private void assertDevice(List<TunAddress> addresses, String... routes) {
        assertEquals(
                new TunConfig(
                        "natt0",
                        addresses,
                        1420,
                        List.of(routes).stream().map(AddressPrefix::parse).toList()),
                config.build().toDevice());
    }

    @Test
    void twoEndsAreJoinedAsByACable() {
        local("10.10.0.1", "fd00::1").peer("b", "10.10.0.2", "fd00::2");
        assertDevice(
                List.of(
                        TunAddress.toPeer(ip("10.10.0.1"), ip("10.10.0.2")),
                        TunAddress.toPeer(ip("fd00::1"), ip("fd00::2"))),
                "fd00::2");
    }

    @Test
    void networksBehindTheOtherEndAreRouted() {
        local("10.10.0.1").peer("b", "10.10.0.2", "192.168.7.0/24");
        assertDevice(
                List.of(TunAddress.toPeer(ip("10.10.0.1"), ip("10.10.0.2"))), "192.168.7.0/24");
    }

    @Test
    void peersInTheDevicesNetworkNeedNoRoute() {
        local("10.10.0.1/24", "fd00::1/64")
                .peer("a", "10.10.0.2", "fd00::2")
                .peer("b", "10.10.0.3", "10.20.0.0/16");
        assertDevice(
                List.of(
                        TunAddress.inPrefix(ip("10.10.0.1"), 24),
                        TunAddress.inPrefix(ip("fd00::1"), 64)),
                "10.20.0.0/16");
    }

    @Test
    void defaultRouteIsLeftToTheUser() {
        local("10.10.0.1").peer("b", "10.10.0.2", "0.0.0.0/0", "::/0");
        assertDevice(List.of(TunAddress.toPeer(ip("10.10.0.1"), ip("10.10.0.2"))));
        assertEquals(
                List.of(AddressPrefix.parse("0.0.0.0/0"), AddressPrefix.parse("::/0")),
                config.build().withoutRoute());
    }
}
