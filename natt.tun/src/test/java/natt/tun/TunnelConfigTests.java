package natt.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.keys.AddressPrefix;
import natt.tun.packet.LocalAddress;

import org.junit.jupiter.api.Test;

import java.util.List;

class TunnelConfigTests {
    private static List<String> routes(String local, String... allowed) {
        TunnelConfig.Builder config = TunnelConfig.builder();
        config.local(LocalAddress.parse(local)).peer("b");
        for (String each : allowed) {
            config.allow(AddressPrefix.parse(each));
        }
        return config.build().toDevice().routes().stream().map(AddressPrefix::toString).toList();
    }

    @Test
    void theAddressOfThisDeviceLeadsToAnIpv4Peer() {
        assertEquals(List.of(), routes("10.10.0.1", "10.10.0.2"));
    }

    @Test
    void anIpv6PeerGetsARoute() {
        assertEquals(List.of("fd00::2/128"), routes("fd00::1", "fd00::2"));
    }

    @Test
    void whatThePrefixOfTheDeviceCoversGetsNoRoute() {
        assertEquals(List.of(), routes("fd00::1/64", "fd00::2"));
        assertEquals(List.of("fd00:1::2/128"), routes("fd00::1/64", "fd00::2", "fd00:1::2"));
    }
}
