package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Aead;
import natt.core.noise.Noise;
import natt.core.noise.ReplayWindow;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.random.RandomGenerator;

/// The server of natpunch-go's wire: tells who proves to have a key from where others with keys
/// have been heard. Whoever has a key may register it and ask for any other.
///
/// Everything else is answered with silence. An answer is shorter than what it answers and goes
/// where that came from.
public final class NatpunchServer implements Engine {
    /// How many keys are known at most; the one that has been silent for longest leaves.
    private static final int CAPACITY = 10_000;

    /// Handshakes of one source: 20 a second, 5 at once.
    private static final SourceRate.Bucket PER_SOURCE = new SourceRate.Bucket(50_000_000, 5);

    /// All handshakes, since each costs five multiplications on the curve: 200 a second, 50 at
    /// once.
    private static final SourceRate.Bucket ALL = new SourceRate.Bucket(5_000_000, 50);

    /// How many answers wait to be sent at most; the driver takes them after each batch.
    private static final int MOST_WAITING = 256;

    /// What has happened since the start.
    ///
    /// @param handshakes that were answered
    /// @param questions that were answered
    /// @param found those of them that were answered with an address
    /// @param limited handshakes that came too fast
    /// @param dropped what was not meant for this server, forged, or replayed
    public record Counters(
            long handshakes, long questions, long found, long limited, long dropped) {}

    /// Who has proven to have a key, and the keys of the latest handshake.
    private static final class Peer {
        final NodeKey key;
        final int index;
        final Aead send;
        final Aead receive;
        final ReplayWindow window = new ReplayWindow(PunchWire.WINDOW);
        final long timestamp;
        InetSocketAddress address;
        long answers;

        Peer(NodeKey key, int index, Noise.Split keys, long timestamp, InetSocketAddress address) {
            this.key = key;
            this.index = index;
            this.timestamp = timestamp;
            this.address = address;
            send = keys.send();
            receive = keys.receive();
        }
    }

    private record Datagram(InetSocketAddress to, byte[] bytes) {}

    private final Identity me;
    private final int capacity;
    private final RandomGenerator random;
    private final SourceRate sources = new SourceRate(PER_SOURCE);
    private final LinkedHashMap<NodeKey, Peer> peers = new LinkedHashMap<>();
    private final Map<Integer, Peer> byIndex = new HashMap<>();
    private final Queue<Datagram> waiting = new ArrayDeque<>();
    private final byte[] plain = new byte[PunchWire.QUESTION_LENGTH];
    private long allFullAt;
    private long handshakes;
    private long questions;
    private long found;
    private long limited;
    private long dropped;

    /// @param random cryptographically strong
    public NatpunchServer(Identity me, RandomGenerator random, long nowNanos) {
        this(me, CAPACITY, random, nowNanos);
    }

    NatpunchServer(Identity me, int capacity, RandomGenerator random, long nowNanos) {
        this.me = me;
        this.capacity = capacity;
        this.random = random;
        allFullAt = nowNanos;
    }

    public Counters counters() {
        return new Counters(handshakes, questions, found, limited, dropped);
    }

    /// How many keys are known.
    public int known() {
        return peers.size();
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        boolean taken =
                from.getAddress() instanceof Inet4Address
                        && waiting.size() < MOST_WAITING
                        && switch (datagram.remaining()) {
                            case PunchWire.HELLO_LENGTH -> greet(from, bytes(datagram), nowNanos);
                            case PunchWire.QUESTION_LENGTH -> answer(from, bytes(datagram));
                            default -> false;
                        };
        if (!taken) {
            dropped++;
        }
        return taken;
    }

    private static byte[] bytes(ByteBuffer datagram) {
        var bytes = new byte[datagram.remaining()];
        datagram.get(bytes);
        return bytes;
    }

    // ---- handshakes

    private boolean greet(InetSocketAddress from, byte[] hello, long nowNanos) {
        if (hello[0] != PunchWire.HELLO) {
            return false;
        }
        if (!sources.take(from.getAddress(), nowNanos) || !takeFromAll(nowNanos)) {
            limited++;
            return true;
        }
        Noise noise = PunchWire.answer(me);
        int length = hello.length - PunchWire.NOISE;
        boolean read = noise.read(hello, PunchWire.NOISE, length, plain, 0) == PunchWire.TIMESTAMP;
        NodeKey key = noise.remote();
        if (!read || key == null) {
            return false;
        }
        long timestamp = ByteBuffer.wrap(plain).getLong();
        Peer before = peers.get(key);
        if (before != null && Long.compareUnsigned(timestamp, before.timestamp) <= 0) {
            return false;
        }
        int index = freeIndex(ByteBuffer.wrap(hello).getInt(PunchWire.INDEX));
        var welcome = new byte[PunchWire.WELCOME_LENGTH];
        welcome[0] = PunchWire.WELCOME;
        ByteBuffer.wrap(welcome).putInt(PunchWire.INDEX, index);
        if (noise.write(PunchWire.NOTHING, 0, 0, welcome, PunchWire.NOISE, random) < 0) {
            return false;
        }
        replace(before, new Peer(key, index, noise.split(), timestamp, from));
        handshakes++;
        waiting.add(new Datagram(from, welcome));
        return true;
    }

    private boolean takeFromAll(long nowNanos) {
        long before = allFullAt;
        allFullAt = ALL.take(before, nowNanos);
        return allFullAt != before;
    }

    /// An index of this server's own choice. The proposed one stays unused: whoever has seen it
    /// pass knows nothing about the session.
    private int freeIndex(int proposed) {
        int index;
        do {
            index = random.nextInt();
        } while (index == proposed || byIndex.containsKey(index));
        return index;
    }

    private void replace(@Nullable Peer before, Peer peer) {
        if (before != null) {
            byIndex.remove(before.index);
        } else if (peers.size() >= capacity) {
            byIndex.remove(peers.pollFirstEntry().getValue().index);
        }
        byIndex.put(peer.index, peer);
        peers.putLast(peer.key, peer);
    }

    // ---- questions

    private boolean answer(InetSocketAddress from, byte[] question) {
        ByteBuffer header = ByteBuffer.wrap(question);
        Peer peer = byIndex.get(header.getInt(PunchWire.INDEX));
        if (question[0] != PunchWire.QUESTION || peer == null || !open(peer, question)) {
            return false;
        }
        long counter = header.getLong(PunchWire.QUESTION_COUNTER);
        // One that was overtaken tells where the peer has been.
        if (counter > peer.window.highest()) {
            peer.address = from;
        }
        peer.window.accept(counter);
        peers.putLast(peer.key, peer);
        var wanted = new byte[NodeKey.LENGTH];
        System.arraycopy(plain, NodeKey.LENGTH, wanted, 0, wanted.length);
        waiting.add(new Datagram(from, sealed(peer, peers.get(NodeKey.of(wanted)))));
        questions++;
        return true;
    }

    private boolean open(Peer peer, byte[] question) {
        long counter = ByteBuffer.wrap(question).getLong(PunchWire.QUESTION_COUNTER);
        int length = question.length - PunchWire.QUESTION_SEALED;
        int at = PunchWire.QUESTION_SEALED;
        if (!peer.window.isNew(counter)
                || peer.receive.open(counter, plain, 0, 0, question, at, length, plain, 0) < 0) {
            return false;
        }
        var own = new byte[NodeKey.LENGTH];
        System.arraycopy(plain, 0, own, 0, own.length);
        return peer.key.equals(NodeKey.of(own));
    }

    private byte[] sealed(Peer peer, @Nullable Peer wanted) {
        byte[] endpoint = wanted == null ? PunchWire.NOTHING : endpoint(wanted.address);
        found += wanted == null ? 0 : 1;
        var answer = new byte[PunchWire.UNKNOWN_LENGTH + endpoint.length];
        answer[0] = PunchWire.ANSWER;
        ByteBuffer.wrap(answer).putLong(PunchWire.ANSWER_COUNTER, peer.answers);
        int at = PunchWire.ANSWER_SEALED;
        peer.send.seal(peer.answers, plain, 0, 0, endpoint, 0, endpoint.length, answer, at);
        peer.answers++;
        return answer;
    }

    private static byte[] endpoint(InetSocketAddress address) {
        return ByteBuffer.allocate(PunchWire.ENDPOINT)
                .put(address.getAddress().getAddress())
                .putShort((short) address.getPort())
                .array();
    }

    // ---- no timers

    @Override
    public void handleTimeout(long nowNanos) {}

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        Datagram next = waiting.poll();
        if (next == null) {
            return null;
        }
        into.put(next.bytes);
        return next.to;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return NEVER;
    }
}
