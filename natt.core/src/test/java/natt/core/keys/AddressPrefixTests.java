package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;

class AddressPrefixTests {
    private static boolean contains(String prefix, String address) {
        return AddressPrefix.parse(prefix).contains(InetAddress.ofLiteral(address));
    }

    @Test
    void aPrefixHoldsTheAddressesThatBeginWithItsBits() {
        assertTrue(contains("10.0.0.0/8", "10.255.255.255"));
        assertFalse(contains("10.0.0.0/8", "11.0.0.0"));
        assertTrue(contains("203.0.113.64/26", "203.0.113.127"));
        assertFalse(contains("203.0.113.64/26", "203.0.113.128"));
        assertTrue(contains("2001:db8::/33", "2001:db8:7fff::1"));
        assertFalse(contains("2001:db8::/33", "2001:db8:8000::1"));
        assertTrue(contains("0.0.0.0/0", "192.0.2.1"));
        assertFalse(contains("0.0.0.0/0", "2001:db8::1"));
        assertFalse(contains("::/0", "192.0.2.1"));
    }

    @Test
    void anAddressIsAPrefixOfItsOwn() {
        assertEquals("192.0.2.1/32", AddressPrefix.parse("192.0.2.1").toString());
        assertEquals("2001:db8::1/128", AddressPrefix.parse("2001:db8::1").toString());
        assertTrue(contains("192.0.2.1", "192.0.2.1"));
        assertFalse(contains("192.0.2.1", "192.0.2.2"));
    }

    @Test
    void aMappedAddressCountsAsTheOneInside() throws Exception {
        var bytes = new byte[16];
        bytes[10] = -1;
        bytes[11] = -1;
        bytes[12] = 10;
        InetAddress mapped = Inet6Address.getByAddress(null, bytes, -1);
        assertTrue(AddressPrefix.parse("10.0.0.0/8").contains(mapped));
        assertEquals("10.0.0.0/32", AddressPrefix.parse("::ffff:10.0.0.0").toString());
    }

    @Test
    void whatIsNoPrefixIsRefusedInOneLine() {
        for (String no :
                List.of(
                        "",
                        "/8",
                        "10.0.0.0/",
                        "10.0.0.0/33",
                        "10.0.0.0/-1",
                        "10.0.0.0/08",
                        "10.0.0.1/8",
                        "2001:db8::1/64",
                        "::/129",
                        "10/8",
                        "example.com",
                        "10.0.0.0/8/8",
                        "::ffff:10.0.0.0/104",
                        "10.0.0.0/8\n",
                        "10.0.0.0/99999999999")) {
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> AddressPrefix.parse(no), no);
            assertEquals(1, refused.getMessage().lines().count(), no);
        }
    }
}
