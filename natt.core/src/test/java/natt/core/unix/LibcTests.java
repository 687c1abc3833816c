package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

@Timeout(30)
@EnabledOnOs(OS.LINUX)
class LibcTests {
    private static final InetSocketAddress LOOPBACK =
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);

    private final List<Integer> opened = new ArrayList<>();
    private Libc libc;

    @BeforeEach
    void load() throws IOException {
        libc = Libc.load();
    }

    @AfterEach
    void close() {
        opened.forEach(libc::close);
    }

    private int udp(InetSocketAddress bind) throws IOException {
        int family = bind.getAddress().getAddress().length == 4 ? Libc.AF_INET : Libc.AF_INET6;
        int socket = libc.socket(family, Libc.SOCK_DGRAM, 0);
        opened.add(socket);
        libc.bind(socket, bind);
        return socket;
    }

    private static ByteBuffer data(int... bytes) {
        var buffer = ByteBuffer.allocate(bytes.length);
        for (int each : bytes) {
            buffer.put((byte) each);
        }
        return buffer.flip();
    }

    @Test
    void datagramsAreReceivedWithTheirSender() throws Exception {
        int one = udp(LOOPBACK);
        int other = udp(LOOPBACK);
        ByteBuffer sent = data(1, 2, 3);
        assertEquals(3, libc.sendTo(one, sent, 0, libc.localAddress(other)));
        assertEquals(3, sent.remaining());
        var into = ByteBuffer.allocateDirect(100).position(10);
        assertEquals(Optional.of(libc.localAddress(one)), libc.receive(other, into, 0));
        assertEquals(13, into.position());
        assertEquals(data(1, 2, 3), into.flip().position(10));
    }

    @Test
    void aDatagramThatIsLongerThanTheBufferIsCut() throws Exception {
        int one = udp(LOOPBACK);
        libc.connect(one, libc.localAddress(one));
        libc.send(one, data(1, 2, 3), 0);
        var into = ByteBuffer.allocate(2);
        libc.receive(one, into, 0);
        assertEquals(data(1, 2), into.flip());
    }

    @Test
    void receivingWaitsNoLongerThanIsSaid() throws Exception {
        int socket = udp(LOOPBACK);
        libc.setReceiveTimeout(socket, 10);
        var into = ByteBuffer.allocate(2);
        var failed = assertThrows(UnixException.class, () -> libc.receive(socket, into, 0));
        assertEquals(Errors.EAGAIN, failed.errno());
        assertEquals(0, into.position());
    }

    @Test
    void pollingTellsWhichDescriptorIsReady() throws Exception {
        int one = udp(LOOPBACK);
        int other = udp(LOOPBACK);
        assertEquals(0, libc.awaitReadable(0, one, other));
        libc.sendTo(one, data(1), 0, libc.localAddress(other));
        assertEquals(2, libc.awaitReadable(-1, one, other));
        libc.sendTo(one, data(1), 0, libc.localAddress(one));
        assertEquals(3, libc.awaitReadable(-1, one, other));
    }

    @Test
    void aFilterDecidesWhatASocketReceives() throws Exception {
        int one = udp(LOOPBACK);
        // The filter sees the UDP header of 8 bytes: load the byte after it; if it is 7, take all.
        long load = 0x30L << 48 | 8;
        long isSeven = 0x15L << 48 | 1L << 32 | 7;
        long takeAll = 0x06L << 48 | 0xffff;
        long takeNothing = 0x06L << 48;
        libc.attachFilter(one, load, isSeven, takeAll, takeNothing);
        InetSocketAddress to = libc.localAddress(one);
        libc.sendTo(one, data(6, 1), 0, to);
        libc.sendTo(one, data(7, 2), 0, to);
        libc.sendTo(one, data(8, 3), 0, to);
        var into = ByteBuffer.allocate(10);
        libc.receive(one, into, 0);
        assertEquals(data(7, 2), into.flip());
        assertEquals(0, libc.awaitReadable(0, one));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "192.0.2.200", "::1", "2001:db8::ff00"})
    void addressesAreWrittenAsTheKernelReadsThem(String literal) {
        var address = new InetSocketAddress(InetAddress.ofLiteral(literal), 51_820);
        assertEquals(Optional.of(address), SocketAddress.decode(SocketAddress.encode(address)));
    }

    @Test
    void anAddressOfAnotherFamilyIsNone() {
        assertEquals(Optional.empty(), SocketAddress.decode(new byte[SocketAddress.MOST_BYTES]));
    }

    @Test
    void whatFailsNamesTheCallAndTheErrorInOneLine() {
        var failed = assertThrows(UnixException.class, () -> libc.open("/none/such", Libc.O_RDWR));
        assertEquals("open /none/such: No such file or directory", failed.getMessage());
        assertEquals(Errors.ENOENT, failed.errno());
    }
}
