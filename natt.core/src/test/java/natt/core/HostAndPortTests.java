package natt.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;

class HostAndPortTests {

    @Test
    void readsNamesAddressesAndBracketedIpv6() {
        assertEquals(new HostAndPort("localhost", 22), HostAndPort.parse("localhost:22"));
        assertEquals(new HostAndPort("192.0.2.1", 65535), HostAndPort.parse("192.0.2.1:65535"));
        assertEquals(new HostAndPort("2001:db8::1", 0), HostAndPort.parse("[2001:db8::1]:0"));
        assertEquals(new HostAndPort("", 30000), HostAndPort.parse(":30000"));
    }

    @Test
    void fillsInTheDefaultPortForAnyFormOfHost() {
        assertEquals(new HostAndPort("ns", 53), HostAndPort.parse("ns", 53));
        assertEquals(new HostAndPort("ns", 5353), HostAndPort.parse("ns:5353", 53));
        assertEquals(new HostAndPort("2001:db8::1", 53), HostAndPort.parse("2001:db8::1", 53));
        assertEquals(new HostAndPort("2001:db8::1", 53), HostAndPort.parse("[2001:db8::1]", 53));
        assertEquals(new HostAndPort("2001:db8::1", 54), HostAndPort.parse("[2001:db8::1]:54", 53));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                "host:",
                "host:-1",
                "host:65536",
                "host:1x",
                "host:+22",
                "host:٢٢",
                "2001:db8::1:22",
                "[::1",
                "a b:22",
                "a\u001bb:22",
                "http://host:22",
                "host:000022"
            })
    void refusesNonsenseInOneLineThatEscapesIt(String text) {
        var wrong = assertThrows(IllegalArgumentException.class, () -> HostAndPort.parse(text));
        String message = String.valueOf(wrong.getMessage());
        assertFalse(message.isEmpty());
        assertTrue(message.chars().noneMatch(c -> c < ' '), message);
    }

    @Test
    void printsWhatItReads() {
        for (String text : new String[] {"localhost:22", "[2001:db8::1]:22", "192.0.2.1:1"}) {
            assertEquals(text, HostAndPort.parse(text).toString());
        }
        var address = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 7);
        assertEquals("[2001:db8::1]:7", HostAndPort.format(address));
    }

    @Test
    void onlyAddressesAreLiterals() {
        assertTrue(HostAndPort.parse("192.0.2.1:1").literal().isPresent());
        assertFalse(HostAndPort.parse("localhost:1").literal().isPresent());
    }
}
