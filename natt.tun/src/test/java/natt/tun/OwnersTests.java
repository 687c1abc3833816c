package natt.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import natt.core.keys.AddressPrefix;
import natt.tun.packet.FarEnd;
import natt.tun.packet.LocalAddress;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;

class OwnersTests {
    private static final class Nowhere implements FarEnd {
        @Override
        public boolean isUp() {
            return false;
        }

        @Override
        public int packetSize() {
            return 0;
        }

        @Override
        public boolean packetSizeIsFinal() {
            return false;
        }

        @Override
        public boolean send(ByteBuffer packet, long nowNanos) {
            return false;
        }
    }

    private final FarEnd a = new Nowhere();
    private final FarEnd b = new Nowhere();
    private final Owners owners = new Owners(List.of(LocalAddress.parse("10.0.0.1/24")));

    private List<String> add(String name, FarEnd end, String... prefixes) {
        return owners.add(name, end, List.of(prefixes).stream().map(AddressPrefix::parse).toList());
    }

    private @Nullable FarEnd owner(String address) {
        return owners.allowed().find(InetAddress.ofLiteral(address));
    }

    @Test
    void prefixIsTheFirstOnesUntilThatHasGone() {
        assertEquals(List.of(), add("a", a, "10.0.0.2", "10.0.0.0/24"));
        assertEquals(
                List.of("b does not get 10.0.0.2/32, which a has"),
                add("b", b, "10.0.0.2", "10.0.0.3"));
        assertSame(a, owner("10.0.0.2"));
        assertSame(b, owner("10.0.0.3"));
        assertSame(a, owner("10.0.0.4"));
        owners.remove(a);
        assertSame(b, owner("10.0.0.2"));
        assertNull(owner("10.0.0.4"));
        owners.remove(b);
        assertNull(owner("10.0.0.2"));
    }

    @Test
    void addressOfTheDeviceIsNobodyElses() {
        assertEquals(
                List.of("a does not get 10.0.0.1/32, which is this device's own"),
                add("a", a, "10.0.0.1"));
        assertNull(owner("10.0.0.1"));
    }

    @Test
    void farEndThatComesAgainHasWhatItHad() {
        add("a", a, "10.0.0.2");
        assertEquals(List.of(), add("a", a, "10.0.0.2", "10.0.0.3"));
        assertSame(a, owner("10.0.0.2"));
        assertSame(a, owner("10.0.0.3"));
    }

    @Test
    void reportSaysWhoHasWhat() {
        add("a", a, "10.0.0.2");
        add("b", b, "10.0.0.2", "10.0.0.3");
        assertEquals(
                "[{\"peer\":\"a\",\"ips\":[\"10.0.0.2/32\"]},"
                        + "{\"peer\":\"b\",\"ips\":[\"10.0.0.3/32\"]}]",
                owners.reports().stream()
                        .map(each -> each.toJson())
                        .toList()
                        .toString()
                        .replace(", ", ","));
    }
}
