package natt.tests.bench;

import natt.core.NodeKey;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;

/// Many nodes of a broker in one thread. Twenty share a socket; to which of them a datagram is, its
/// receiver index tells.
final class Crowd implements AutoCloseable {
    private static final int NODES_PER_SOCKET = 20;
    private static final int CALLS_PER_SECOND = 1000;
    private static final int MOST_CALLING = 100;
    private static final int INIT = 0x90;
    private static final int RESPONSE = 0x91;
    private static final int COOKIE = 0x92;
    private static final int DATA = 0x93;
    private static final long SECOND = 1_000_000_000;

    /// @param millis of each that was done, sorted
    record Introductions(long begun, long done, double[] sorted) {
        double millis(double quantile) {
            int at = (int) Math.ceil(quantile * sorted.length) - 1;
            return sorted.length == 0 ? Double.NaN : sorted[Math.max(0, at)];
        }
    }

    private record Due(long at, CrowdNode node, int turn) {}

    private static final class Socket {
        private final DatagramChannel channel;
        private final Map<Integer, CrowdNode> byIndex = new HashMap<>();

        private Socket(DatagramChannel channel) {
            this.channel = channel;
        }
    }

    private final Selector selector = Selector.open();
    private final InetSocketAddress broker;
    private final List<CrowdNode> nodes = new ArrayList<>();
    private final Map<CrowdNode, Socket> sockets = new HashMap<>();
    private final PriorityQueue<Due> due = new PriorityQueue<>((a, b) -> Long.compare(a.at, b.at));
    private final Random random = new Random(6);
    private final ByteBuffer in = ByteBuffer.allocateDirect(2048);
    private final ByteBuffer out = ByteBuffer.allocateDirect(2048);
    private final List<Double> took = new ArrayList<>();

    Crowd(int count, NodeKey key, InetSocketAddress broker) throws IOException {
        this.broker = broker;
        var opened = new ArrayList<Socket>();
        for (int i = 0; i < (count + NODES_PER_SOCKET - 1) / NODES_PER_SOCKET; i++) {
            opened.add(open("127.1.%d.%d".formatted(i / 250, 1 + i % 250)));
        }
        for (int i = 0; i < count; i++) {
            // Neighbours have different addresses, since a broker takes 20 calls a second of each.
            var node = new CrowdNode(key, random, System.nanoTime(), took::add);
            nodes.add(node);
            sockets.put(node, opened.get(i % opened.size()));
        }
    }

    private Socket open(String address) throws IOException {
        DatagramChannel channel = DatagramChannel.open();
        channel.bind(new InetSocketAddress(InetAddress.ofLiteral(address), 0));
        channel.configureBlocking(false);
        var socket = new Socket(channel);
        channel.register(selector, SelectionKey.OP_READ, socket);
        return socket;
    }

    /// Lets all nodes call the broker and register.
    void register() throws IOException {
        long start = System.nanoTime();
        int called = 0;
        for (int there; (there = registered()) < nodes.size(); ) {
            long now = System.nanoTime();
            long wanted = (now - start) * CALLS_PER_SECOND / SECOND;
            // More at once than this machine can do would only be repeated.
            wanted = Math.min(wanted, there + MOST_CALLING);
            while (called < nodes.size() && called < wanted) {
                CrowdNode node = nodes.get(called++);
                node.call(broker, now);
                serve(node);
            }
            turn(1);
            if (now - start > 600 * SECOND) {
                throw new IllegalStateException(registered() + " registered in ten minutes");
            }
        }
    }

    int registered() {
        return (int) nodes.stream().filter(CrowdNode::isRegistered).count();
    }

    int lost() {
        return (int) nodes.stream().filter(CrowdNode::isLost).count();
    }

    void idle(Duration duration) throws IOException {
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() < end) {
            turn(10);
        }
    }

    Introductions introduce(int perSecond, Duration duration) throws IOException {
        took.clear();
        long start = System.nanoTime();
        long begun = 0;
        while (System.nanoTime() - start < duration.toNanos()) {
            long now = System.nanoTime();
            long wanted = (now - start) * perSecond / SECOND;
            for (; begun < wanted; begun++) {
                CrowdNode from = nodes.get(random.nextInt(nodes.size()));
                CrowdNode to = nodes.get(random.nextInt(nodes.size()));
                if (from == to) {
                    continue;
                }
                from.introduce(to.key(), now);
                serve(from);
            }
            turn(1);
        }
        idle(Duration.ofSeconds(1));
        double[] sorted = took.stream().mapToDouble(each -> each).sorted().toArray();
        return new Introductions(begun, sorted.length, sorted);
    }

    private void turn(long millis) throws IOException {
        selector.select(
                key -> {
                    try {
                        receive((Socket) key.attachment());
                    } catch (IOException failed) {
                        throw new UncheckedIOException(failed);
                    }
                },
                millis);
        long now = System.nanoTime();
        for (Due next; (next = due.peek()) != null && next.at <= now; ) {
            due.poll();
            if (next.turn == next.node.turn) {
                next.node.engine().handleTimeout(now);
                serve(next.node);
            }
        }
    }

    private void receive(Socket socket) throws IOException {
        for (int i = 0; i < 256; i++) {
            in.clear();
            var from = (InetSocketAddress) socket.channel.receive(in);
            if (from == null) {
                return;
            }
            in.flip();
            CrowdNode node = in.remaining() < 12 ? null : socket.byIndex.get(receiver());
            if (node != null) {
                node.engine().handleDatagram(from, in, System.nanoTime());
                serve(node);
            }
        }
    }

    private int receiver() {
        return switch (in.get(0) & 0xff) {
            case RESPONSE -> in.getInt(8);
            case COOKIE -> in.getInt(4);
            case DATA -> in.getInt(3);
            default -> 0;
        };
    }

    private void serve(CrowdNode node) throws IOException {
        long now = System.nanoTime();
        node.look(now);
        Socket socket = sockets.get(node);
        for (InetSocketAddress to; (to = node.engine().pollTransmit(out.clear(), now)) != null; ) {
            out.flip();
            if ((out.get(0) & 0xff) == INIT) {
                socket.byIndex.put(out.getInt(4), node);
            }
            socket.channel.send(out, to);
        }
        node.turn++;
        long wait = node.engine().nanosUntilTimeout(now);
        if (wait < Long.MAX_VALUE / 2) {
            due.add(new Due(now + Math.max(wait, 1), node, node.turn));
        }
    }

    @Override
    public void close() throws IOException {
        for (Socket each : sockets.values().stream().distinct().toList()) {
            each.channel.close();
        }
        selector.close();
    }

    /// A datagram's worth of what sessions between nodes say.
    static byte[] datagram(int type, int length) {
        var bytes = new byte[length];
        Arrays.fill(bytes, (byte) 1);
        bytes[0] = (byte) type;
        return bytes;
    }
}
