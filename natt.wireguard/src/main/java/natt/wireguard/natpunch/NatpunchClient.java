package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Noise;
import natt.core.noise.ReplayWindow;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.random.RandomGenerator;

/// A client of natpunch-go's wire: asks a server for the endpoints of peers, one after the other,
/// again and again until each is known, or for ever.
///
/// An answer does not say whom it is about. So one question at a time is open, and one that was not
/// answered takes the keys with it: nothing late can be taken for the answer to the next.
public final class NatpunchClient implements Engine {
    private static final long SECOND = 1_000_000_000;

    /// How old keys may be.
    private static final long KEYS_NANOS = 300 * SECOND;

    /// How long one peer is asked for before it is the next one's turn.
    private static final long ANSWER_NANOS = 10 * SECOND;

    /// How soon what was not answered is tried again, from the handshake on.
    private static final long RETRY_NANOS = 2 * SECOND;

    /// What a client needs to know.
    ///
    /// @param me the WireGuard interface's own pair
    /// @param server IPv4
    /// @param delay between rounds
    /// @param continuous whether those that were found are asked for again
    /// @param unixNanos the time of day when the client is made, in nanoseconds since 1970
    /// @param random cryptographically strong
    public record Config(
            Identity me,
            NodeKey serverKey,
            InetSocketAddress server,
            Duration delay,
            boolean continuous,
            long unixNanos,
            RandomGenerator random) {

        /// @throws IllegalArgumentException with one line for the user
        public Config {
            if (!(server.getAddress() instanceof Inet4Address) || server.getPort() == 0) {
                throw new IllegalArgumentException("servers of natpunch-go have IPv4 addresses");
            }
            if (delay.compareTo(Duration.ofMillis(100)) < 0) {
                throw new IllegalArgumentException("a delay is 0.1 seconds or more");
            }
        }
    }

    /// What a server has said about a peer, which is what that server claims and no more.
    public record Found(NodeKey peer, InetSocketAddress endpoint) {}

    private enum Phase {
        /// Between rounds, or nobody to ask for.
        RESTING,
        SHAKING,
        ASKING
    }

    private record Keys(int index, Noise.Split split, ReplayWindow window, long madeAt) {}

    private final Config config;
    private final long startedAt;
    private final Set<NodeKey> wanted = new LinkedHashSet<>();
    private final Queue<NodeKey> round = new ArrayDeque<>();
    private final Queue<Found> found = new ArrayDeque<>();
    private final byte[] plain = new byte[PunchWire.HELLO_LENGTH];
    private Phase phase = Phase.RESTING;
    private @Nullable NodeKey current;
    private @Nullable Noise noise;
    private @Nullable Keys keys;
    private byte @Nullable [] outgoing;
    private long timestamp;
    private long counter;
    private long giveUpAt;
    private long dueAt;
    private boolean silent;

    public NatpunchClient(Config config, long nowNanos) {
        this.config = config;
        startedAt = nowNanos;
        dueAt = nowNanos;
    }

    /// Asks for these peers from now on, and for no others.
    public void ask(Collection<NodeKey> peers, long nowNanos) {
        boolean idle = wanted.isEmpty() && phase == Phase.RESTING;
        wanted.clear();
        wanted.addAll(peers);
        round.retainAll(wanted);
        if (idle) {
            dueAt = nowNanos;
        }
    }

    /// Those that are still asked for.
    public Set<NodeKey> wanted() {
        return Set.copyOf(wanted);
    }

    /// What has been found since, one at a time; null when there is nothing new.
    public @Nullable Found pollFound() {
        return found.poll();
    }

    /// Whether the server has left its latest handshakes unanswered for 10 s.
    public boolean isSilent() {
        return silent;
    }

    // ---- what is said

    private void nextPeer(long nowNanos) {
        current = round.poll();
        if (current == null) {
            rest(nowNanos);
            return;
        }
        giveUpAt = nowNanos + ANSWER_NANOS;
        proceed(nowNanos);
    }

    private void rest(long nowNanos) {
        round.clear();
        current = null;
        noise = null;
        phase = Phase.RESTING;
        dueAt = nowNanos + config.delay.toNanos();
    }

    private void proceed(long nowNanos) {
        dueAt = nowNanos + RETRY_NANOS;
        Keys ready = keys;
        if (ready == null || nowNanos - ready.madeAt >= KEYS_NANOS) {
            greet(nowNanos);
        } else {
            question(ready);
        }
    }

    private void greet(long nowNanos) {
        phase = Phase.SHAKING;
        keys = null;
        Noise begun = PunchWire.call(config.me, config.serverKey);
        timestamp = Math.max(timestamp + 1, config.unixNanos + (nowNanos - startedAt));
        byte[] payload = ByteBuffer.allocate(PunchWire.TIMESTAMP).putLong(timestamp).array();
        var hello = new byte[PunchWire.HELLO_LENGTH];
        hello[0] = PunchWire.HELLO;
        ByteBuffer.wrap(hello).putInt(PunchWire.INDEX, config.random.nextInt());
        int at = PunchWire.NOISE;
        int written = begun.write(payload, 0, payload.length, hello, at, config.random);
        noise = written < 0 ? null : begun;
        // A server's key of small order agrees on nothing; it is never answered.
        outgoing = written < 0 ? null : hello;
    }

    private void question(Keys ready) {
        phase = Phase.ASKING;
        NodeKey peer = current;
        if (peer == null) {
            throw new AssertionError("only a peer whose turn it is is asked for");
        }
        byte[] both =
                ByteBuffer.allocate(PunchWire.KEYS)
                        .put(config.me.publicKey().bytes())
                        .put(peer.bytes())
                        .array();
        var question = new byte[PunchWire.QUESTION_LENGTH];
        question[0] = PunchWire.QUESTION;
        ByteBuffer.wrap(question)
                .putInt(PunchWire.INDEX, ready.index)
                .putLong(PunchWire.QUESTION_COUNTER, counter);
        int at = PunchWire.QUESTION_SEALED;
        ready.split.send().seal(counter++, both, 0, 0, both, 0, both.length, question, at);
        outgoing = question;
    }

    // ---- what is answered

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (!from.equals(config.server)) {
            return false;
        }
        return switch (datagram.remaining()) {
            case PunchWire.WELCOME_LENGTH -> welcome(bytes(datagram), nowNanos);
            case PunchWire.FOUND_LENGTH, PunchWire.UNKNOWN_LENGTH ->
                    answer(bytes(datagram), nowNanos);
            default -> false;
        };
    }

    private static byte[] bytes(ByteBuffer datagram) {
        var bytes = new byte[datagram.remaining()];
        datagram.get(bytes);
        return bytes;
    }

    private boolean welcome(byte[] message, long nowNanos) {
        Noise begun = noise;
        if (phase != Phase.SHAKING || begun == null || message[0] != PunchWire.WELCOME) {
            return false;
        }
        Noise attempt = begun.copy();
        int length = message.length - PunchWire.NOISE;
        if (attempt.read(message, PunchWire.NOISE, length, plain, 0) != 0) {
            return false;
        }
        int index = ByteBuffer.wrap(message).getInt(PunchWire.INDEX);
        keys = new Keys(index, attempt.split(), new ReplayWindow(PunchWire.WINDOW), nowNanos);
        noise = null;
        counter = 0;
        silent = false;
        proceed(nowNanos);
        return true;
    }

    private boolean answer(byte[] message, long nowNanos) {
        Keys ready = keys;
        NodeKey peer = current;
        if (phase != Phase.ASKING
                || ready == null
                || peer == null
                || message[0] != PunchWire.ANSWER) {
            return false;
        }
        long number = ByteBuffer.wrap(message).getLong(PunchWire.ANSWER_COUNTER);
        int at = PunchWire.ANSWER_SEALED;
        int length = message.length - at;
        if (!ready.window.isNew(number)
                || ready.split.receive().open(number, plain, 0, 0, message, at, length, plain, 0)
                        < 0) {
            return false;
        }
        ready.window.accept(number);
        if (length > PunchWire.UNKNOWN_LENGTH - at && wanted.contains(peer)) {
            note(peer);
        }
        nextPeer(nowNanos);
        return true;
    }

    private void note(NodeKey peer) {
        ByteBuffer said = ByteBuffer.wrap(plain);
        var address = new byte[4];
        said.get(address);
        int port = Short.toUnsignedInt(said.getShort());
        InetAddress host = host(address);
        if (port == 0 || !isHost(host)) {
            return;
        }
        if (!config.continuous) {
            wanted.remove(peer);
        }
        found.add(new Found(peer, new InetSocketAddress(host, port)));
    }

    private static InetAddress host(byte[] address) {
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
    }

    /// Neither nobody nor everybody, nor a program of this machine, unless the server is one.
    private boolean isHost(InetAddress address) {
        int first = Byte.toUnsignedInt(address.getAddress()[0]);
        boolean isHere =
                address.isLoopbackAddress() && !config.server.getAddress().isLoopbackAddress();
        return first != 0 && first < 224 && !isHere;
    }

    // ---- time

    @Override
    public void handleTimeout(long nowNanos) {
        if (nanosUntilTimeout(nowNanos) > 0) {
            return;
        }
        switch (phase) {
            case RESTING -> {
                round.addAll(wanted);
                nextPeer(nowNanos);
            }
            case SHAKING -> {
                if (nowNanos - giveUpAt >= 0) {
                    // It would not answer for the others either.
                    silent = true;
                    rest(nowNanos);
                } else {
                    proceed(nowNanos);
                }
            }
            case ASKING -> {
                keys = null;
                if (nowNanos - giveUpAt >= 0) {
                    nextPeer(nowNanos);
                } else {
                    proceed(nowNanos);
                }
            }
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        byte[] next = outgoing;
        if (next == null) {
            return null;
        }
        outgoing = null;
        into.put(next);
        return config.server;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return phase == Phase.RESTING && wanted.isEmpty() ? NEVER : dueAt - nowNanos;
    }
}
