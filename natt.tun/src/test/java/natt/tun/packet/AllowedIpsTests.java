package natt.tun.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.keys.AddressPrefix;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

class AllowedIpsTests {
    @Test
    void longestPrefixOwnsAnAddress() {
        AllowedIps<String> allowed =
                AllowedIps.<String>builder()
                        .add(AddressPrefix.parse("0.0.0.0/0"), "exit")
                        .add(AddressPrefix.parse("10.0.0.0/8"), "site")
                        .add(AddressPrefix.parse("10.10.0.2"), "laptop")
                        .add(AddressPrefix.parse("fd00::/64"), "six")
                        .add(AddressPrefix.parse("fd00::2"), "laptop")
                        .build();
        assertEquals("laptop", allowed.find(InetAddress.ofLiteral("10.10.0.2")));
        assertEquals("site", allowed.find(InetAddress.ofLiteral("10.10.0.3")));
        assertEquals("exit", allowed.find(InetAddress.ofLiteral("192.0.2.1")));
        assertEquals("six", allowed.find(InetAddress.ofLiteral("fd00::3")));
        assertEquals("laptop", allowed.find(InetAddress.ofLiteral("fd00::2")));
        assertNull(allowed.find(InetAddress.ofLiteral("fd00:0:0:1::2")));
    }

    @Test
    void familiesAreApart() {
        AllowedIps<String> four =
                AllowedIps.<String>builder().add(AddressPrefix.parse("0.0.0.0/0"), "a").build();
        assertNull(four.find(InetAddress.ofLiteral("::")));
        AllowedIps<String> six =
                AllowedIps.<String>builder().add(AddressPrefix.parse("::/0"), "a").build();
        assertNull(six.find(InetAddress.ofLiteral("0.0.0.0")));
    }

    @Test
    void equalPrefixIsAllowedOnce() {
        var builder = AllowedIps.<String>builder().add(AddressPrefix.parse("10.0.0.0/8"), "a");
        var wrong =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> builder.add(AddressPrefix.parse("10.0.0.0/8"), "b"));
        assertEquals("10.0.0.0/8 is allowed twice", wrong.getMessage());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyTableAgreesWithLookingAtEveryPrefix(long seed) throws UnknownHostException {
        var random = new Random(seed);
        Map<AddressPrefix, Integer> claims = new LinkedHashMap<>();
        for (int i = 0; i < 300; i++) {
            claims.putIfAbsent(prefix(random), i);
        }
        AllowedIps.Builder<Integer> builder = AllowedIps.builder();
        claims.forEach(builder::add);
        AllowedIps<Integer> allowed = builder.build();
        for (int i = 0; i < 5000; i++) {
            InetAddress address = InetAddress.getByAddress(bytes(random));
            assertEquals(naive(claims, address), allowed.find(address), address.toString());
        }
    }

    private static Integer naive(Map<AddressPrefix, Integer> claims, InetAddress address) {
        Integer owner = null;
        int longest = -1;
        for (var each : claims.entrySet()) {
            if (each.getKey().contains(address) && each.getKey().length() > longest) {
                longest = each.getKey().length();
                owner = each.getValue();
            }
        }
        return owner;
    }

    /// Few different bits, so that prefixes meet.
    private static byte[] bytes(Random random) {
        var bytes = new byte[random.nextBoolean() ? 4 : 16];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt(4) << 6 | 1 : 0x80);
        }
        // Never an IPv4-mapped address, which is one of IPv4.
        bytes[0] |= 0x40;
        return bytes;
    }

    private static AddressPrefix prefix(Random random) throws UnknownHostException {
        byte[] bytes = bytes(random);
        int length = random.nextInt(bytes.length * 8 + 1);
        for (int bit = length; bit < bytes.length * 8; bit++) {
            bytes[bit >> 3] &= (byte) ~(0x80 >> (bit & 7));
        }
        return new AddressPrefix(InetAddress.getByAddress(bytes), length);
    }
}
