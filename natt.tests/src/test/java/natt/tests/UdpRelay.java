package natt.tests;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/// Stands between clients and a server on the loopback, as an attacker on the path does: sees
/// every datagram and may change it. Each client has a socket of its own towards the server.
public final class UdpRelay implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final DatagramSocket front;
    private final InetSocketAddress server;
    private final UnaryOperator<byte[]> fate;
    private final Map<SocketAddress, DatagramSocket> backs = new ConcurrentHashMap<>();
    private final List<byte[]> fromClients = new CopyOnWriteArrayList<>();
    private final int most;

    /// @param fate what becomes of a datagram; an empty array loses it
    /// @param most how many datagrams of clients are kept
    public UdpRelay(int serverPort, UnaryOperator<byte[]> fate, int most) throws IOException {
        server = new InetSocketAddress(LOOPBACK, serverPort);
        this.fate = fate;
        this.most = most;
        front = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
        front.setReceiveBufferSize(4 << 20);
        Thread.ofPlatform().daemon().start(this::carryThere);
    }

    public int port() {
        return front.getLocalPort();
    }

    /// The first datagrams of clients, as they came.
    public List<byte[]> fromClients() {
        return List.copyOf(fromClients);
    }

    private void carryThere() {
        var packet = new DatagramPacket(new byte[65_536], 65_536);
        try {
            while (true) {
                packet.setLength(65_536);
                front.receive(packet);
                byte[] content = Arrays.copyOf(packet.getData(), packet.getLength());
                if (fromClients.size() < most) {
                    fromClients.add(content);
                }
                SocketAddress client = packet.getSocketAddress();
                DatagramSocket back = backs.get(client);
                if (back == null) {
                    back = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
                    back.setReceiveBufferSize(4 << 20);
                    backs.put(client, back);
                    DatagramSocket opened = back;
                    Thread.ofPlatform().daemon().start(() -> carryBack(opened, client));
                }
                send(back, fate.apply(content), server);
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void carryBack(DatagramSocket back, SocketAddress client) {
        var packet = new DatagramPacket(new byte[65_536], 65_536);
        try {
            while (true) {
                packet.setLength(65_536);
                back.receive(packet);
                byte[] content = Arrays.copyOf(packet.getData(), packet.getLength());
                send(front, fate.apply(content), client);
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private static void send(DatagramSocket by, byte[] content, SocketAddress to)
            throws IOException {
        if (content.length > 0) {
            by.send(new DatagramPacket(content, content.length, to));
        }
    }

    @Override
    public void close() {
        front.close();
        backs.values().forEach(DatagramSocket::close);
    }
}
