package natt.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import org.junit.jupiter.api.Test;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class AddressesTests {
    @Test
    void ipv6IsWrittenAsRfc5952Says() {
        Map.of(
                        "2001:db8:0:0:0:0:0:1", "2001:db8::1",
                        "2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1",
                        "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1",
                        "2001:0:0:1:0:0:0:1", "2001:0:0:1::1",
                        "0:0:0:0:0:0:0:0", "::",
                        "0:0:0:0:0:0:0:1", "::1",
                        "fe80:0:0:0:0:0:0:0", "fe80::",
                        "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8",
                        "0:0:1:2:3:4:0:0", "::1:2:3:4:0:0",
                        "64:ff9b::192.0.2.33", "64:ff9b::c000:221")
                .forEach(
                        (literal, written) ->
                                assertEquals(
                                        written, Addresses.format(InetAddress.ofLiteral(literal))));
        assertEquals("192.0.2.1", Addresses.format(InetAddress.ofLiteral("192.0.2.1")));
    }

    @Test
    void aMappedAddressIsTheIpv4AddressInside() throws Exception {
        var bytes = new byte[16];
        bytes[10] = -1;
        bytes[11] = -1;
        bytes[12] = (byte) 203;
        bytes[14] = 113;
        bytes[15] = 7;
        InetAddress mapped = Inet6Address.getByAddress(null, bytes, -1);
        assertInstanceOf(Inet6Address.class, mapped);
        assertEquals("::ffff:203.0.113.7", Addresses.format(mapped));
        assertEquals(InetAddress.ofLiteral("203.0.113.7"), Addresses.unmapped(mapped));
        assertInstanceOf(Inet4Address.class, Addresses.parse("::ffff:203.0.113.7").orElseThrow());
    }

    @Test
    void aScopeIsKept() throws Exception {
        byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
        assertEquals("fe80::1%7", Addresses.format(Inet6Address.getByAddress(null, linkLocal, 7)));
    }

    @Test
    void onlyWholeAddressesAreRead() {
        for (String no :
                List.of(
                        "",
                        "1",
                        "1.2.3",
                        "01.2.3.4",
                        "1.2.3.256",
                        "0x7f.0.0.1",
                        "example.com",
                        "::1%lo",
                        "[::1]",
                        "1::2::3",
                        ":",
                        "1.2.3.4 ",
                        "::1\n")) {
            assertEquals(Optional.empty(), Addresses.parse(no), no);
        }
        assertEquals("::1", Addresses.format(Addresses.parse("::1").orElseThrow()));
    }
}
