package natt.tun.natpunch;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// NATpunch's server: tells each of two peers from where the other one was heard. A peer is whoever
/// asks at one of the server's two ports; nobody proves anything, and the latest who has asked at
/// a port is that port's peer.
///
/// ```text
/// peer    41                                                          1 byte
/// server  address 4 | port 2 | zero 2                                 8
/// ```
///
/// It answers only while the other peer was heard less than 5 s ago, and each port at most twice
/// a second, since a question that costs one byte can have a forged source.
public final class HandshakeServer {
    static final byte QUESTION = 0x41;
    static final int ANSWER_LENGTH = 8;

    private static final long SECOND = 1_000_000_000;

    /// For how long a peer is told of after it was heard.
    private static final long FRESH_NANOS = 5 * SECOND;

    private static final long ANSWER_INTERVAL_NANOS = SECOND / 2;

    private final Side first = new Side();
    private final Side second = new Side();

    public HandshakeServer() {
        first.other = second;
        second.other = first;
    }

    /// The engine of the first port.
    public Engine first() {
        return first;
    }

    /// The engine of the second port.
    public Engine second() {
        return second;
    }

    private static final class Side implements Engine {
        private @Nullable Side other;
        private @Nullable InetSocketAddress peer;
        private @Nullable InetSocketAddress asked;
        private long heardAt;
        private long answeredAt;
        private boolean answered;

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
            if (datagram.remaining() != 1
                    || datagram.get() != QUESTION
                    || !(from.getAddress() instanceof Inet4Address)) {
                return false;
            }
            peer = from;
            heardAt = nowNanos;
            if (freshOther(nowNanos) != null
                    && (!answered || nowNanos - answeredAt >= ANSWER_INTERVAL_NANOS)) {
                asked = from;
                answered = true;
                answeredAt = nowNanos;
            }
            return true;
        }

        private @Nullable InetSocketAddress freshOther(long nowNanos) {
            Side theirs = other;
            if (theirs == null || theirs.peer == null || nowNanos - theirs.heardAt >= FRESH_NANOS) {
                return null;
            }
            return theirs.peer;
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            InetSocketAddress to = asked;
            InetSocketAddress found = freshOther(nowNanos);
            asked = null;
            if (to == null || found == null) {
                return null;
            }
            into.put(found.getAddress().getAddress());
            into.putShort((short) found.getPort()).putShort((short) 0);
            return to;
        }

        @Override
        public void handleTimeout(long nowNanos) {}

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }
}
