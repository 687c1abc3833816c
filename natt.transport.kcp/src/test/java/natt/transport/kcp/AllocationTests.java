package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.PlainTransport;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// Counts what a running transfer allocates.
class AllocationTests {
    /// Two natts on a path without delay, of which a share of the datagrams is lost.
    private final PlainTransport.Endpoint client = endpoint(false);

    private final PlainTransport.Endpoint server = endpoint(true);
    private final InetSocketAddress clientAddress = SimNet.address(1, 1);
    private final InetSocketAddress serverAddress = SimNet.address(2, 2);
    private final ByteBuffer datagram = ByteBuffer.allocate(1500);
    private final ByteBuffer data = ByteBuffer.allocate(8192);
    private final SplittableRandom random = new SplittableRandom(1);
    private long now;
    private long datagrams;

    private static PlainTransport.Endpoint endpoint(boolean accepting) {
        return new KcpGoTransport()
                .open(new PlainTransport.Context(accepting, 1400, 0, new SplittableRandom(2)));
    }

    private void carry(
            PlainTransport.Endpoint from, InetSocketAddress at, PlainTransport.Endpoint to) {
        while (from.pollTransmit(datagram.clear(), now) != null) {
            datagrams++;
            if (random.nextInt(100) != 0) {
                to.handleDatagram(at, datagram.flip(), now);
            }
        }
    }

    private void transfer(PlainTransport.Stream from, PlainTransport.Stream to, long most) {
        long end = datagrams + most;
        while (datagrams < end) {
            now += 1_000_000;
            while (from.write(data.clear(), now) > 0) {}
            client.handleTimeout(now);
            server.handleTimeout(now);
            carry(client, clientAddress, server);
            carry(server, serverAddress, client);
            while (to.read(data.clear(), now) > 0) {}
            while (client.pollReady() != null || server.pollReady() != null) {}
        }
    }

    @Test
    void transferAtRestAllocatesNothingPerDatagram() throws ReflectiveOperationException {
        PlainTransport.Stream from = client.dial(serverAddress, now);
        for (int i = 0; i < 3; i++) {
            carry(client, clientAddress, server);
            carry(server, serverAddress, client);
        }
        PlainTransport.Stream to = server.accept();
        transfer(from, to, 200_000);
        long before = allocatedBytes();
        transfer(from, to, 200_000);
        long each = (allocatedBytes() - before) / 200_000;
        assertTrue(each < 64, () -> each + " bytes for each datagram");
    }

    /// Asks the running machine by reflection, because the module does not require its
    /// management.
    static long allocatedBytes() throws ReflectiveOperationException {
        Object threads =
                Class.forName("java.lang.management.ManagementFactory")
                        .getMethod("getThreadMXBean")
                        .invoke(null);
        return (long)
                Class.forName("com.sun.management.ThreadMXBean")
                        .getMethod("getCurrentThreadAllocatedBytes")
                        .invoke(threads);
    }
}
