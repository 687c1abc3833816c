package natt.tun.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalAddressTests {
    @Test
    void addressAloneIsAloneInItsNetwork() {
        assertEquals("10.10.0.1/32", LocalAddress.parse("10.10.0.1").toString());
        assertEquals("fd00::1/128", LocalAddress.parse("fd00::1").toString());
    }

    @Test
    void networkIsWithoutTheBitsOfTheHost() {
        assertEquals("10.10.0.0/23", LocalAddress.parse("10.10.1.7/23").network().toString());
        assertEquals("fd00::/64", LocalAddress.parse("fd00::1/64").network().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "10.10.0", "10.10.0.1/33", "10.10.0.1/024", "fd00::1/129", "fd00::1/",
                "::ffff:10.0.0.1/120", "host", "224.0.0.1", "127.0.0.1/8", "0.0.0.0", "::1",
                "255.255.255.255", "ff02::1", "10.10.0.1/24/24"
            })
    void whatIsNoAddressOfAHostIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> LocalAddress.parse(text));
    }
}
