package natt.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;

class RouteTests {
    private static final InetSocketAddress REMOTE = at("203.0.113.7", 4711);

    private static InetSocketAddress at(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    @Test
    void aRouteThroughASocketGivesBackTheSocketAndTheRemoteAddress() {
        for (int socket : new int[] {1, 255, 256, 0x8000, Route.MOST_SOCKETS}) {
            InetSocketAddress route = Route.through(socket, REMOTE);
            assertTrue(Route.isRoute(route));
            assertTrue(Route.isDirect(route));
            assertEquals(socket, Route.socket(route));
            assertEquals(REMOTE, Route.remote(route));
            assertEquals(OptionalInt.empty(), Route.channel(route));
            assertEquals(OptionalInt.empty(), Route.connection(route));
        }
    }

    @Test
    void aRelayGivesBackItsChannelAndAConnectionItsNumber() {
        for (int number : new int[] {0, 1, 0x01020304, Integer.MAX_VALUE, -1}) {
            InetSocketAddress relayed = Route.relayed(number);
            InetSocketAddress connected = Route.connected(number);
            assertEquals(OptionalInt.of(number), Route.channel(relayed));
            assertEquals(OptionalInt.empty(), Route.connection(relayed));
            assertEquals(OptionalInt.of(number), Route.connection(connected));
            assertEquals(OptionalInt.empty(), Route.channel(connected));
            for (InetSocketAddress route : new InetSocketAddress[] {relayed, connected}) {
                assertTrue(Route.isRoute(route));
                assertFalse(Route.isDirect(route));
                assertEquals(0, Route.socket(route));
                assertSame(route, Route.remote(route));
            }
        }
    }

    @Test
    void theLayoutIsTheDocumentedOne() {
        assertEquals(at("100::100:102:cb00:7107", 4711), Route.through(0x102, REMOTE));
        assertEquals(at("100::200:0:0:5", 1), Route.relayed(5));
        assertEquals(at("100::300:0:0:6", 1), Route.connected(6));
    }

    @Test
    void anOrdinaryAddressIsItselfThroughThePortsOwnSocket() {
        for (String ip :
                new String[] {
                    "203.0.113.7", "1.0.0.0", "::", "::1", "2001:db8::1", "100:0:0:1::1", "101::1"
                }) {
            InetSocketAddress address = at(ip, 4711);
            assertFalse(Route.isRoute(address), ip);
            assertTrue(Route.isDirect(address), ip);
            assertEquals(0, Route.socket(address));
            assertSame(address, Route.remote(address));
            assertEquals(Optional.empty(), Route.describe(address));
        }
        assertFalse(Route.isRoute(InetSocketAddress.createUnresolved("host.example", 1)));
    }

    @Test
    void everyAddressOfThePrefixIsARouteWhoeverMadeIt() {
        for (String ip :
                new String[] {
                    "100::", "100::1", "100::700:0:0:0", "100::ff00:0:0:0", "100::8000:0:0:1"
                }) {
            assertTrue(Route.isRoute(at(ip, 1)), ip);
            assertFalse(Route.isDirect(at(ip, 1)), ip);
            assertEquals("unknown route", HostAndPort.format(at(ip, 1)));
        }
    }

    @Test
    void whatNoRouteCanSayIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Route.through(0, REMOTE));
        assertThrows(IllegalArgumentException.class, () -> Route.through(0x10000, REMOTE));
        assertThrows(
                IllegalArgumentException.class, () -> Route.through(1, at("2001:db8::1", 4711)));
    }

    @Test
    void aPersonReadsWords() {
        assertEquals(
                "203.0.113.7:4711 through socket 3", HostAndPort.format(Route.through(3, REMOTE)));
        assertEquals("relay", HostAndPort.format(Route.relayed(7)));
        assertEquals("TLS connection", HostAndPort.format(Route.connected(7)));
        assertEquals("203.0.113.7:4711", HostAndPort.format(REMOTE));
    }
}
