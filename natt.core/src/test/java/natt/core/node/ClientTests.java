package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.PlainTransport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CountDownLatch;

@Timeout(30)
class ClientTests {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final Resolver FOUND =
            (name, type, source) ->
                    new Answer.Found(
                            List.of(type == DnsRecord.Type.A ? "127.0.0.1" : "kcp-port=9"));

    /// Cannot be opened.
    private static final class NoTransport implements PlainTransport {
        @Override
        public String id() {
            return "none";
        }

        @Override
        public Endpoint open(Context context) {
            throw new IllegalStateException("for a test");
        }
    }

    private static Client client(Resolver resolver) throws IOException {
        return new Client(new ClientConfig.Plain("pc.example.com", resolver, new NoTransport()));
    }

    private static Socket connect(Client client) throws IOException {
        InetSocketAddress bound =
                client.listen("ssh", List.of(new InetSocketAddress(LOOPBACK, 0))).getFirst();
        return new Socket(LOOPBACK, bound.getPort());
    }

    @Test
    void aLookupThatThrowsEndsTheConnection() throws Exception {
        Resolver faulty =
                (name, type, source) -> {
                    throw new IllegalStateException("for a test");
                };
        try (Client client = client(faulty)) {
            String why =
                    client.proxy(
                                    "ssh",
                                    InputStream.nullInputStream(),
                                    OutputStream.nullOutputStream())
                            .get();
            assertTrue(why.startsWith("looking up pc.example.com failed"), why);
        }
    }

    @Test
    void closingDuringALookupEndsTheConnections() throws Exception {
        var asked = new CountDownLatch(2);
        var never = new CountDownLatch(1);
        Resolver hanging =
                (name, type, source) -> {
                    asked.countDown();
                    never.await();
                    return new Answer.TimedOut();
                };
        Client client = client(hanging);
        try (var socket = connect(client)) {
            var proxy =
                    client.proxy(
                            "ssh", InputStream.nullInputStream(), OutputStream.nullOutputStream());
            asked.await();
            client.close();
            assertEquals("stopped before it was connected", proxy.get());
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
        never.countDown();
    }

    @Test
    void aConnectionThatGetsNoStreamIsBrokenOff() throws Exception {
        try (Client client = client(FOUND);
                var socket = connect(client)) {
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
    }
}
