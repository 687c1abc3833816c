package natt.transport.kcp;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// Counts what running transfers of a session allocate.
class SessionAllocationTests {
    /// A path without delay, of which a share of the datagrams is lost.
    private final Transport transport = new KcpTransport();

    private final Transport.Multiplexer client = multiplexer(true);
    private final Transport.Multiplexer server = multiplexer(false);
    private final ByteBuffer datagram = ByteBuffer.allocate(1440);
    private final ByteBuffer data = ByteBuffer.allocate(8192);
    private final SplittableRandom random = new SplittableRandom(1);
    private final Transport.Stream[] from = new Transport.Stream[3];
    private final Transport.Stream[] to = new Transport.Stream[3];
    private long now;
    private long datagrams;

    private Transport.Multiplexer multiplexer(boolean initiator) {
        return transport.open(
                new Transport.Context(initiator, 32, 1440, 1200, 0, new SplittableRandom(2)));
    }

    private void carry(Transport.Multiplexer sender, Transport.Multiplexer receiver) {
        while (sender.pollDatagram(datagram.clear(), 1200, now)) {
            datagrams++;
            if (random.nextInt(100) != 0) {
                receiver.handleDatagram(datagram.flip(), now);
            }
        }
    }

    private void transfer(long most) {
        long end = datagrams + most;
        while (datagrams < end) {
            now += 1_000_000;
            for (Transport.Stream stream : from) {
                while (stream.write(data.clear(), now) > 0) {}
            }
            client.handleTimeout(now);
            server.handleTimeout(now);
            carry(client, server);
            carry(server, client);
            for (Transport.Stream stream : to) {
                while (stream.read(data.clear(), now) > 0) {}
            }
            while (client.pollReady() != null || server.pollReady() != null) {}
        }
    }

    @Test
    void transferAtRestAllocatesNothingPerDatagram() throws ReflectiveOperationException {
        for (int i = 0; i < from.length; i++) {
            from[i] = client.dial("x", now);
            Transport.Stream accepted = null;
            while (accepted == null) {
                now += 300_000_000;
                client.handleTimeout(now);
                carry(client, server);
                carry(server, client);
                accepted = server.accept();
            }
            to[i] = accepted;
        }
        transfer(200_000);
        long before = AllocationTests.allocatedBytes();
        transfer(200_000);
        long each = (AllocationTests.allocatedBytes() - before) / 200_000;
        assertTrue(each < 64, () -> each + " bytes for each datagram");
    }
}
