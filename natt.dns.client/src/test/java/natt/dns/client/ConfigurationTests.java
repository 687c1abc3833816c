package natt.dns.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.HostAndPort;
import natt.core.spi.Settings;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

class ConfigurationTests {

    @Test
    void nothingSetMeansTheSystemsServersAndThreeSecondsForEach() {
        var configuration = Configuration.from(Settings.none());
        assertEquals(
                new Configuration(
                        Optional.empty(), Duration.ofSeconds(3), Duration.ofSeconds(5), 53),
                configuration);
    }

    @Test
    void serverIsAHostAnIpv4OrAnIpv6AddressWithOrWithoutPort() {
        assertEquals(new HostAndPort("192.0.2.1", 53), Configuration.server("192.0.2.1"));
        assertEquals(new HostAndPort("192.0.2.1", 5353), Configuration.server("192.0.2.1:5353"));
        assertEquals(new HostAndPort("ns.lab.test", 53), Configuration.server("ns.lab.test"));
        assertEquals(new HostAndPort("2001:db8::1", 53), Configuration.server("2001:db8::1"));
        assertEquals(new HostAndPort("2001:db8::1", 53), Configuration.server("[2001:db8::1]"));
        assertEquals(
                new HostAndPort("2001:db8::1", 5353), Configuration.server("[2001:db8::1]:5353"));
    }

    @Test
    void nonsenseIsRefusedInOneLine() {
        for (String text :
                List.of("", ":53", "a:", "a:0", "a:65536", "a:x", "[::1]x", "[::1]:", "a:999999")) {
            assertThrows(IllegalArgumentException.class, () -> Configuration.server(text), text);
        }
        for (String text : List.of("0", "-1", "60001", "soon")) {
            var settings = new Settings(Map.of("timeout-ms", text), Map.of());
            assertThrows(IllegalArgumentException.class, () -> Configuration.from(settings), text);
        }
    }

    @Test
    void unknownSettingIsRefused() {
        var settings = new Settings(Map.of("sever", "192.0.2.1"), Map.of());
        assertThrows(IllegalArgumentException.class, () -> new DnsLookup().open(settings));
    }

    @Test
    void moduleExportsNothingAndProvidesTheLookup() {
        var descriptor = DnsLookup.class.getModule().getDescriptor();
        assertEquals(Set.of(), descriptor.exports());
        assertEquals("dns", new DnsLookup().id());
    }
}
