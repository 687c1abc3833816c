package natt.wireguard.proto;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

/// Sends WireGuard's latest handshake message to a peer again while nothing answers it: WireGuard
/// does so itself only after 5 seconds, and a path that has just been found loses datagrams until
/// both sides have moved to it. Who has had a message drops it as a replay.
///
/// When both sides begin at the same moment, each would drop the other's answer. So one initiation
/// of two gives way.
public final class HandshakeRepeater {
    /// The longest message that is repeated, in bytes.
    public static final int MOST_LENGTH = 148;

    // Types of messages, in the first byte (WireGuard's whitepaper, section 5.4).
    private static final byte INITIATION = 1;
    private static final byte RESPONSE = 2;
    private static final int INITIATION_LENGTH = MOST_LENGTH;
    private static final int RESPONSE_LENGTH = 92;

    /// How long is waited for an answer at first; twice as long each time.
    private static final long FIRST_WAIT_NANOS = 250_000_000;

    private static final int REPEATS = 3;

    private final boolean first;
    private byte @Nullable [] message;
    private int length;
    private int repeats;
    private long repeatAtNanos;

    /// @param first whether this side's initiation stays if both begin; the peer has to know it the
    ///     other way round
    public HandshakeRepeater(boolean first) {
        this.first = first;
    }

    /// Takes what WireGuard sends to the peer, from position to limit, which stay.
    ///
    /// @return whether something is held from now on that was not before
    public boolean sent(ByteBuffer datagram, long nowNanos) {
        int size = datagram.remaining();
        byte type = size == 0 ? 0 : datagram.get(datagram.position());
        boolean handshake =
                type == INITIATION && size == INITIATION_LENGTH
                        || type == RESPONSE && size == RESPONSE_LENGTH;
        if (!handshake) {
            return false;
        }
        if (message == null) {
            message = new byte[INITIATION_LENGTH];
        }
        boolean fresh = length == 0;
        datagram.get(datagram.position(), message, 0, size);
        length = size;
        repeats = 0;
        repeatAtNanos = nowNanos + FIRST_WAIT_NANOS;
        return fresh;
    }

    /// Takes what the peer sends.
    ///
    /// @return whether WireGuard is to have it
    public boolean received(ByteBuffer datagram) {
        if (message == null || length == 0 || !datagram.hasRemaining()) {
            return true;
        }
        if (datagram.get(datagram.position()) != INITIATION) {
            length = 0;
            return true;
        }
        if (message[0] == RESPONSE) {
            // A repetition: the response was lost. Or a new one, and a new response follows.
            return true;
        }
        if (!first) {
            length = 0;
        }
        return !first;
    }

    /// Whether it holds a message.
    public boolean isHolding() {
        return length > 0;
    }

    /// How long until [#repeat] has something; [Engine#NEVER] if it holds nothing.
    public long nanosUntilRepeat(long nowNanos) {
        return length == 0 ? Engine.NEVER : Math.max(0, repeatAtNanos - nowNanos);
    }

    /// Writes the message that is to be sent again now, if it is time.
    public boolean repeat(ByteBuffer into, long nowNanos) {
        if (message == null || nanosUntilRepeat(nowNanos) > 0) {
            return false;
        }
        into.put(message, 0, length);
        if (++repeats == REPEATS) {
            length = 0;
        } else {
            repeatAtNanos = nowNanos + (FIRST_WAIT_NANOS << repeats);
        }
        return true;
    }
}
