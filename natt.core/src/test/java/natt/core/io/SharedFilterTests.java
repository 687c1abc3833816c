package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

class SharedFilterTests {
    private static final int PORT = 51_820;
    private static final String COOKIE = "2112a442";
    private static final InetSocketAddress SERVER = address("203.0.113.7", 4711);
    private static final InetSocketAddress SERVER_6 = address("2001:db8::7", 4711);
    private static final InetSocketAddress STRANGER = address("198.51.100.9", 4711);
    private static final InetSocketAddress STRANGER_6 = address("2001:db8::9", 4711);

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private static byte[] udp(int from, int to, String payload) {
        byte[] data = HexFormat.of().parseHex(payload);
        ByteBuffer out = ByteBuffer.allocate(8 + data.length);
        out.putShort((short) from).putShort((short) to).putShort((short) out.capacity());
        return out.putShort((short) 0).put(data).array();
    }

    private static ByteBuffer ipv4(int options, InetSocketAddress from, byte[] udp) {
        ByteBuffer out = ByteBuffer.allocate(20 + options + udp.length);
        out.put((byte) (0x45 + options / 4)).put((byte) 0).putShort((short) out.capacity());
        out.putShort((short) 7).putShort((short) 0x4000).put((byte) 64).put((byte) 17);
        out.putShort((short) 0).put(from.getAddress().getAddress()).putInt(0xc000_0201);
        return out.position(20 + options).put(udp).flip();
    }

    private static boolean accepts(
            SharedFilter filter, InetSocketAddress from, int to, String payload) {
        byte[] udp = udp(from.getPort(), to, payload);
        if (from.getAddress().getAddress().length == 4) {
            boolean plain = accepts(filter, ipv4(0, from, udp));
            assertEquals(plain, accepts(filter, ipv4(40, from, udp)), "with options");
            return plain;
        }
        ByteBuffer header = ByteBuffer.allocate(40).put(0, (byte) 0x60);
        header.put(8, from.getAddress().getAddress());
        return new FilterMachine(filter.ipv6(), header.array()).accepts(udp);
    }

    private static boolean accepts(SharedFilter filter, ByteBuffer packet) {
        return new FilterMachine(filter.ipv4(), new byte[0]).accepts(packet.array());
    }

    private static SharedFilter filter(InetSocketAddress... servers) {
        return new SharedFilter(PORT, List.of(servers));
    }

    @Test
    void nattsTypesToThePortAreLetThroughAndNoOtherFirstByteIs() {
        for (InetSocketAddress from : List.of(STRANGER, STRANGER_6)) {
            for (int first = 0; first <= 0xff; first++) {
                String payload = "%02x".formatted(first) + "00".repeat(31);
                assertEquals(first >> 3 == 0x90 >> 3, accepts(filter(), from, PORT, payload));
            }
            assertTrue(accepts(filter(), from, PORT, "97"));
            assertFalse(accepts(filter(), from, PORT, ""));
        }
    }

    @Test
    void anotherPortIsNotNatts() {
        for (InetSocketAddress from : List.of(STRANGER, STRANGER_6, SERVER, SERVER_6)) {
            for (int port : new int[] {1, PORT - 1, PORT + 1, 4711, 0xffff}) {
                assertFalse(accepts(filter(SERVER, SERVER_6), from, port, "93"));
            }
        }
    }

    @Test
    void stunIsLetThroughByItsMagicCookie() {
        for (InetSocketAddress from : List.of(STRANGER, STRANGER_6)) {
            for (String head : List.of("01010000", "01110004", "0001000c", "01010100")) {
                assertTrue(accepts(filter(), from, PORT, head + COOKIE + "00".repeat(12)));
                assertTrue(accepts(filter(), from, PORT, head + COOKIE));
                assertFalse(accepts(filter(), from, PORT, head + "2112a4"));
                assertFalse(accepts(filter(), from, PORT, head + "2112a443" + "00".repeat(12)));
            }
        }
    }

    @Test
    void aMessageOfWireGuardIsNeverStunWhateverItsIndexIs() {
        for (InetSocketAddress from : List.of(STRANGER, STRANGER_6)) {
            for (int type = 0; type <= 4; type++) {
                String payload = "0" + type + "000000" + COOKIE + "5a".repeat(84);
                assertFalse(accepts(filter(), from, PORT, payload));
            }
        }
    }

    @Test
    void whateverAKnownServerSendsFromItsPortIsLetThrough() {
        SharedFilter both = filter(STRANGER, SERVER, SERVER_6);
        for (InetSocketAddress from : List.of(SERVER, SERVER_6)) {
            for (String payload : List.of("", "02", "0100000000000000", "ff00")) {
                assertTrue(accepts(both, from, PORT, payload));
                assertFalse(accepts(filter(), from, PORT, payload));
                var otherPort = new InetSocketAddress(from.getAddress(), 4712);
                assertFalse(accepts(both, otherPort, PORT, payload));
            }
            assertTrue(accepts(both, new InetSocketAddress(from.getAddress(), 1), PORT, "93"));
        }
        assertFalse(accepts(both, address("203.0.113.8", 4711), PORT, "02"));
        assertFalse(accepts(both, address("2001:db8::8", 4711), PORT, "02"));
        assertFalse(accepts(both, address("2001:db9::7", 4711), PORT, "02"));
        assertFalse(accepts(both, STRANGER_6, PORT, "02"));
    }

    @Test
    void fragmentsAreNotLetThrough() {
        byte[] udp = udp(1, PORT, "93");
        for (int bits : new int[] {0x2000, 0x0001, 0x1fff, 0x3fff}) {
            ByteBuffer fragment = ipv4(0, STRANGER, udp).putShort(6, (short) bits);
            assertFalse(accepts(filter(), fragment));
        }
        assertTrue(accepts(filter(), ipv4(0, STRANGER, udp).putShort(6, (short) 0xc000)));
    }

    @Test
    void whatIsCutAnywhereBeforeItsPayloadIsNotLetThrough() {
        byte[] whole = ipv4(8, STRANGER, udp(1, PORT, "93")).array();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertFalse(accepts(filter(SERVER), ByteBuffer.wrap(cut)));
        }
        assertTrue(accepts(filter(SERVER), ByteBuffer.wrap(whole)));
    }

    @Test
    void asManyServersAsThereMayBeStillFitTheJumps() {
        var most = Collections.nCopies(SharedFilter.MOST_SERVERS, SERVER_6);
        assertTrue(accepts(new SharedFilter(PORT, most), SERVER_6, PORT, "02"));
        var more = Collections.nCopies(SharedFilter.MOST_SERVERS + 1, SERVER_6);
        assertThrows(IllegalArgumentException.class, () -> new SharedFilter(PORT, more));
        assertThrows(IllegalArgumentException.class, () -> new SharedFilter(0, List.of()));
    }
}
