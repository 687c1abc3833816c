package natt.discovery.stun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.spi.AddressDiscovery;
import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.lang.module.ModuleDescriptor.Provides;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;

class StunDiscoveryTests {

    private final StunDiscovery provider = new StunDiscovery();

    @Test
    void isTheModulesOnlyServiceAndNothingIsExported() {
        var module = StunDiscovery.class.getModule().getDescriptor();
        assertEquals(Set.of(), module.exports());
        assertEquals(
                List.of(StunDiscovery.class.getName()),
                module.provides().stream().map(Provides::providers).flatMap(List::stream).toList());
        assertEquals("stun", provider.id());
    }

    @Test
    void waitsForServers() {
        AddressDiscovery.Discovery discovery = provider.open(context(Duration.ofSeconds(15)));
        assertEquals(Engine.NEVER, discovery.nanosUntilTimeout(0));
        assertNull(discovery.pollFinding());
        assertNull(discovery.pollOutvoted());
        assertEquals(0, discovery.counters().get("requests"));
    }

    @Test
    void refusesToRefreshFasterThanAServerCanBeFoundSilent() {
        var context = context(Duration.ofMillis(1999));
        assertThrows(IllegalArgumentException.class, () -> provider.open(context));
    }

    private static AddressDiscovery.Context context(Duration refreshInterval) {
        return new AddressDiscovery.Context(refreshInterval, 0, new SecureRandom());
    }
}
