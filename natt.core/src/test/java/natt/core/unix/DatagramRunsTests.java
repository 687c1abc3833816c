package natt.core.unix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;

@Timeout(30)
@EnabledOnOs(OS.LINUX)
class DatagramRunsTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final ByteBuffer incoming = ByteBuffer.allocateDirect(65_536);
    private DatagramChannel channel;
    private InetSocketAddress local;
    private DatagramRuns runs;

    @BeforeEach
    void open() throws IOException {
        channel = DatagramChannel.open();
        channel.bind(new InetSocketAddress(InetAddress.ofLiteral("::"), 0));
        channel.configureBlocking(false);
        runs =
                DatagramRuns.find(
                        (InetSocketAddress) channel.getLocalAddress(), incoming.duplicate());
        local =
                new InetSocketAddress(
                        LOOPBACK, ((InetSocketAddress) channel.getLocalAddress()).getPort());
        runs.begin();
    }

    @AfterEach
    void close() throws IOException {
        runs.close();
        runs.close();
        channel.close();
    }

    @Test
    void aRunComesAsItWent() throws Exception {
        var run = ByteBuffer.allocate(250);
        for (int i = 0; i < 250; i++) {
            run.put((byte) i);
        }
        assertEquals(0, runs.send(run.flip(), 100, local));
        assertEquals(0, run.position());
        assertEquals(250, runs.receive());
        assertEquals(100, runs.segment());
        // Java has no IPv4-mapped addresses.
        assertEquals(local, runs.source());
        var come = new byte[250];
        incoming.get(0, come);
        assertArrayEquals(run.array(), come);
        assertEquals(-Errors.EAGAIN, runs.receive());
    }

    @Test
    void aDatagramAloneIsARunOfOneAlsoIfItIsEmpty() throws Exception {
        assertEquals(0, runs.send(ByteBuffer.allocate(7), 7, local));
        assertEquals(0, runs.send(ByteBuffer.allocate(0), 0, local));
        assertEquals(7, runs.receive());
        assertEquals(7, runs.segment());
        assertEquals(0, runs.receive());
        assertEquals(local, runs.source());
    }

    @Test
    void theSourceIsTheSameObjectAsLongAsItIsTheSame() throws Exception {
        runs.send(ByteBuffer.allocate(1), 1, local);
        runs.send(ByteBuffer.allocate(1), 1, local);
        runs.receive();
        InetSocketAddress first = runs.source();
        runs.receive();
        assertSame(first, runs.source());
        try (var six = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("::1"), 0))) {
            var to = new InetSocketAddress(InetAddress.ofLiteral("::1"), local.getPort());
            six.send(new DatagramPacket(new byte[1], 1, to));
            runs.receive();
            assertEquals(six.getLocalSocketAddress(), runs.source());
        }
    }

    @Test
    void whatTheKernelDoesNotTakeIsAnErrorAndNothingHasGone() {
        // More datagrams than it cuts.
        assertEquals(Errors.EINVAL, runs.send(ByteBuffer.allocate(200), 1, local));
        assertEquals(-Errors.EAGAIN, runs.receive());
        assertFalse(runs.text(Errors.EINVAL).isEmpty());
    }

    @Test
    void aSocketThatIsNotOfThisProcessIsNotFound() throws Exception {
        var other = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), local.getPort());
        assertThrows(IOException.class, () -> DatagramRuns.find(other, incoming.duplicate()));
    }

    @Test
    void onlyAnAddressOfALinkNeedsAScope() {
        assertTrue(DatagramRuns.lacksScope(at("fe80::1")));
        assertFalse(DatagramRuns.lacksScope(at("2001:db8::1")));
        assertFalse(DatagramRuns.lacksScope(at("169.254.1.1")));
    }

    private static InetSocketAddress at(String address) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 1);
    }
}
