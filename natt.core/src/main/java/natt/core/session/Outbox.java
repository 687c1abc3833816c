package natt.core.session;

import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/// What one session sends: what it has to say about itself first, then the datagrams of its
/// transport, in parts where the path is too narrow for one.
final class Outbox {
    // Kinds of DATA.
    static final byte TRANSPORT = 0;
    static final byte CONTROL = 1;
    static final byte PART = 2;
    static final byte PACKET = 3;
    static final byte RENDEZVOUS = 4;

    private static final int MOST_WAITING = 16;

    /// What a broker has for a node waits here; like a router's queue, it drops what is too much.
    private static final int MOST_MESSAGES = 512;

    private static final int LENGTH_BITS = 16;

    /// A control message that waits to be sent.
    private record Message(int message, int code, long token, InetSocketAddress to, Keys keys) {}

    private final SessionEngine engine;
    private final KeyRing keys;
    private final Liveness liveness;
    private final Parts parts = new Parts();
    private final ArrayDeque<Message> waiting = new ArrayDeque<>();
    private final ArrayDeque<byte[]> messages = new ArrayDeque<>(0);
    private long nextToken;

    private boolean pinging;
    private long pingToken;
    private long pingSentAt;
    private @Nullable InetSocketAddress pingTo;

    private long datagrams;
    private long bytes;
    private long partCount;
    private long dropped;

    Outbox(SessionEngine engine, KeyRing keys, Liveness liveness) {
        this.engine = engine;
        this.keys = keys;
        this.liveness = liveness;
        nextToken = engine.random().nextLong();
    }

    // ---- what waits

    void say(int message, int code, long token, InetSocketAddress to, Keys with) {
        if (waiting.size() < MOST_WAITING) {
            waiting.add(new Message(message, code, token, to, with));
        }
    }

    /// Asks the peer to show that it is there.
    void ping(InetSocketAddress to, Keys with, long nowNanos) {
        pinging = true;
        pingTo = to;
        pingToken = nextToken++;
        pingSentAt = nowNanos;
        say(Control.PING, 0, pingToken, to, with);
    }

    /// Takes the answer to a ping; returns the round trip in nanoseconds, or -1 if it answers
    /// another than the last.
    long ponged(long token, long nowNanos) {
        if (!pinging || token != pingToken) {
            return -1;
        }
        pinging = false;
        return nowNanos - pingSentAt;
    }

    /// Whether the last ping went by some path.
    boolean hasPinged(@Nullable InetSocketAddress path) {
        return path != null && path.equals(pingTo);
    }

    /// The length of the datagram that an answer to an MTU probe is about.
    static int probed(long token) {
        return (int) (token & (1 << LENGTH_BITS) - 1);
    }

    void clear() {
        waiting.clear();
        messages.clear();
    }

    /// Queues a message of a rendezvous.
    ///
    /// @return whether there was room
    boolean say(ByteBuffer message) {
        if (messages.size() >= MOST_MESSAGES) {
            dropped++;
            return false;
        }
        var kept = new byte[message.remaining()];
        message.get(kept);
        return messages.add(kept);
    }

    /// Whether a message waits.
    boolean hasMessage() {
        return !messages.isEmpty();
    }

    // ---- what is sent

    /// Writes the next message of a rendezvous, if there is one.
    boolean pollMessage(Keys with, ByteBuffer into, long nowNanos) {
        byte[] next = messages.poll();
        if (next == null) {
            return false;
        }
        byte[] plain = engine.plain();
        plain[0] = RENDEZVOUS;
        System.arraycopy(next, 0, plain, 1, next.length);
        seal(with, next.length, into, nowNanos);
        return true;
    }

    /// Writes the next packet as it is, if there is one.
    boolean pollBare(PacketQueue packets, ByteBuffer into, long nowNanos) {
        int start = into.position();
        if (!packets.poll(into)) {
            return false;
        }
        datagrams++;
        bytes += into.position() - start;
        liveness.sent(nowNanos);
        return true;
    }

    /// Writes a datagram of another session as a message: what lies in the buffer from some place
    /// on, which is replaced.
    void wrap(int channel, ByteBuffer into, int from, Keys with, long nowNanos) {
        byte[] plain = engine.plain();
        int length = into.position() - from;
        plain[0] = RENDEZVOUS;
        plain[1] = Rendezvous.RELAY;
        Wire.putInt(plain, 2, channel);
        into.position(from);
        into.get(plain, 1 + Rendezvous.RELAY_HEADER, length);
        into.position(from);
        seal(with, Rendezvous.RELAY_HEADER + length, into, nowNanos);
    }

    /// Writes the next control message.
    @Nullable InetSocketAddress pollControl(ByteBuffer into, long nowNanos) {
        for (Message next; (next = waiting.poll()) != null; ) {
            if (keys.contains(next.keys)) {
                seal(next, Control.LENGTH, into, nowNanos);
                return next.to;
            }
        }
        return null;
    }

    InetSocketAddress challenge(Checklist.Due due, Keys with, ByteBuffer into, long nowNanos) {
        var message = new Message(Control.CHALLENGE, 0, due.token(), due.address(), with);
        seal(message, Control.LENGTH, into, nowNanos);
        return due.address();
    }

    void offer(Offer offer, Keys with, ByteBuffer into, long nowNanos) {
        engine.plain()[0] = CONTROL;
        seal(with, offer.write(engine.plain(), 1), into, nowNanos);
    }

    /// Writes an MTU probe, as long as the datagram it asks about.
    void probe(int datagram, InetSocketAddress path, Keys with, ByteBuffer into, long nowNanos) {
        long token = nextToken++ << LENGTH_BITS | datagram;
        var message = new Message(Control.MTU_PROBE, 0, token, path, with);
        seal(message, datagram - Wire.DATA_OVERHEAD, into, nowNanos);
    }

    private void seal(Message message, int length, ByteBuffer into, long nowNanos) {
        byte[] plain = engine.plain();
        plain[0] = CONTROL;
        Control.write(plain, 1, message.message, message.code, message.token, length);
        seal(message.keys, length, into, nowNanos);
    }

    private void seal(Keys with, int length, ByteBuffer into, long nowNanos) {
        with.seal(engine.plain(), 1 + length, engine.scratch(), into);
        datagrams++;
        bytes += length;
        liveness.sent(nowNanos);
    }

    /// Writes the next datagram of the transport, or of its parts.
    ///
    /// @param kind [#TRANSPORT] or [#PACKET]
    /// @return whether there was one
    boolean pollTransport(
            byte kind,
            Transport.Multiplexer streams,
            PathMtu mtu,
            Keys with,
            ByteBuffer into,
            long nowNanos) {
        byte[] plain = engine.plain();
        if (!parts.hasNext()) {
            int most = mtu.size() - Wire.DATA_OVERHEAD;
            ByteBuffer datagram = engine.plainBuffer();
            if (!streams.pollDatagram(datagram, most, nowNanos)) {
                return false;
            }
            int length = datagram.position() - 1;
            mtu.sent(length + Wire.DATA_OVERHEAD, nowNanos);
            if (length <= most) {
                plain[0] = kind;
                seal(with, length, into, nowNanos);
                return true;
            }
            if (!parts.cut(plain, 1, length, most)) {
                return false;
            }
        }
        plain[0] = PART;
        partCount++;
        seal(with, parts.next(plain, 1), into, nowNanos);
        return true;
    }

    long datagrams() {
        return datagrams;
    }

    /// Of payload.
    long bytes() {
        return bytes;
    }

    /// How many messages of a rendezvous found no room.
    long dropped() {
        return dropped;
    }

    long partCount() {
        return partCount;
    }
}
