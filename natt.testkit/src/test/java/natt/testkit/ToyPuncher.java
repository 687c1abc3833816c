package natt.testkit;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.random.RandomGenerator;

/// Learns its server-reflexive address from a STUN server, then checks a peer's addresses ten
/// times a second: those it was told and those from which checks come (peer-reflexive ones). A
/// check that is answered makes its target valid.
class ToyPuncher implements Engine {
    private static final long INTERVAL_NANOS = Duration.ofMillis(100).toNanos();
    private static final int MAGIC_COOKIE = 0x2112_a442;
    private static final byte CHECK = 'c';
    private static final byte ANSWER = 'a';

    private final Set<InetSocketAddress> targets = new LinkedHashSet<>();
    private final Queue<InetSocketAddress> destinations = new ArrayDeque<>();
    private final Queue<byte[]> messages = new ArrayDeque<>();
    private final byte[] transactionId = new byte[12];
    private @Nullable InetSocketAddress serverReflexive;
    private @Nullable InetSocketAddress valid;
    private long nextNanos;

    ToyPuncher(InetSocketAddress stunServer, RandomGenerator random) {
        random.nextBytes(transactionId);
        var request = ByteBuffer.allocate(20).putShort((short) 1).putShort((short) 0);
        send(stunServer, request.putInt(MAGIC_COOKIE).put(transactionId).array());
    }

    Optional<InetSocketAddress> serverReflexive() {
        return Optional.ofNullable(serverReflexive);
    }

    /// The address at which the peer was reached and answered.
    Optional<InetSocketAddress> valid() {
        return Optional.ofNullable(valid);
    }

    void check(InetSocketAddress candidate, long nowNanos) {
        targets.add(candidate);
        nextNanos = nowNanos;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (datagram.remaining() == 1) {
            if (datagram.get() == CHECK) {
                targets.add(from);
                send(from, new byte[] {ANSWER});
            } else if (targets.contains(from)) {
                valid = from;
            }
            return true;
        }
        return datagram.remaining() == 32 && handleStun(datagram);
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (!targets.isEmpty() && nextNanos - nowNanos <= 0) {
            targets.forEach(target -> send(target, new byte[] {CHECK}));
            nextNanos = nowNanos + INTERVAL_NANOS;
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        if (destinations.isEmpty()) {
            return null;
        }
        into.put(messages.remove());
        return destinations.remove();
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return targets.isEmpty() ? NEVER : nextNanos - nowNanos;
    }

    /// Reads the one answer that the fake server gives: XOR-MAPPED-ADDRESS for IPv4, alone.
    private boolean handleStun(ByteBuffer datagram) {
        byte[] id = new byte[12];
        datagram.get(datagram.position() + 8, id);
        if (!Arrays.equals(id, transactionId)) {
            return false;
        }
        int port = datagram.getShort(26) & 0xffff ^ MAGIC_COOKIE >>> 16;
        int ip = datagram.getInt(28) ^ MAGIC_COOKIE;
        try {
            byte[] bytes = ByteBuffer.allocate(4).putInt(ip).array();
            serverReflexive = new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
        return true;
    }

    private void send(InetSocketAddress to, byte[] message) {
        destinations.add(to);
        messages.add(message);
    }
}
