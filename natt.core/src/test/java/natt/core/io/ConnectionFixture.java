package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.HostAndPort;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/// A port that listens for connections and echoes, and one that calls it.
abstract class ConnectionFixture {
    static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);

    /// The clocks, which stand still unless a test lets time pass.
    private final AtomicLong serverNow = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);

    private final AtomicLong clientNow = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);

    Driven server;
    Driven client;
    StreamListener listener;

    @BeforeEach
    void open() throws Exception {
        server = new Driven(serverNow::get, true);
        client = new Driven(clientNow::get, false);
        listener = listen(0, StreamListener.Limits.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        server.close();
    }

    StreamListener listen(int port, StreamListener.Limits limits) throws Exception {
        var bind = new InetSocketAddress(Driven.LOOPBACK, port);
        return server.call(() -> server.port.listen(bind, Loopback.IDENTITY, limits));
    }

    HostAndPort address() {
        return new HostAndPort("127.0.0.1", listener.local().getPort());
    }

    InetSocketAddress connectLater() throws Exception {
        HostAndPort remote = address();
        return client.call(() -> client.port.connectLater(remote));
    }

    int count() throws Exception {
        return server.call(listener::count);
    }

    /// Lets time pass for the listener's side; what is due then has been done.
    void passForServer(Duration time) throws Exception {
        pass(server, serverNow, time);
    }

    void passForClient(Duration time) throws Exception {
        pass(client, clientNow, time);
    }

    private static void pass(Driven whom, AtomicLong now, Duration time) throws Exception {
        now.addAndGet(time.toNanos());
        whom.settle();
    }

    byte[] echo(InetSocketAddress route, byte... data) throws Exception {
        client.send(route, data);
        EchoEngine.Datagram answer = client.engine.received.take();
        assertEquals(route, answer.address());
        return answer.data();
    }

    Socket rawConnection() throws IOException {
        return new Socket(Driven.LOOPBACK, listener.local().getPort());
    }

    /// A connection made by Java's own blocking TLS, independent of what is tested.
    SSLSocket otherClient() throws Exception {
        var socket =
                (SSLSocket)
                        Tls.context(new KeyManager[0])
                                .getSocketFactory()
                                .createSocket(Driven.LOOPBACK, listener.local().getPort());
        socket.startHandshake();
        return socket;
    }

    static void write(SSLSocket socket, byte... data) throws IOException {
        var frame = ByteBuffer.allocate(2 + data.length).putShort((short) data.length).put(data);
        socket.getOutputStream().write(frame.array());
    }

    static byte[] read(SSLSocket socket) throws IOException {
        var in = new DataInputStream(socket.getInputStream());
        var data = new byte[in.readUnsignedShort()];
        in.readFully(data);
        return data;
    }

    /// Whether the other side has ended a connection; waits for that or for data.
    static boolean hasEnded(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException | SSLException reset) {
            return true;
        }
    }

    /// Waits for what the other side's end brings about; the timeout of the test bounds it.
    void awaitCount(int expected) throws Exception {
        while (count() != expected) {
            Thread.onSpinWait();
        }
    }

    /// Waits until there is no connection for a route.
    void awaitNoPeer(InetSocketAddress route) throws Exception {
        while (client.call(() -> client.port.peer(route)).isPresent()) {
            Thread.onSpinWait();
        }
    }
}
