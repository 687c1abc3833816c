package natt.testkit;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/// Takes datagrams that begin with its letter, remembers them, and sends to a target at a fixed
/// interval.
class ToyEngine implements Engine {
    final List<Received> received = new ArrayList<>();
    final List<Long> wokenAtNanos = new ArrayList<>();
    private final Queue<Message> outgoing = new ArrayDeque<>();
    private final char letter;
    private @Nullable InetSocketAddress target;
    private long intervalNanos;
    private long nextNanos;
    private int sent;

    record Received(InetSocketAddress from, String text, long atNanos) {}

    private record Message(InetSocketAddress to, String text) {}

    ToyEngine(char letter) {
        this.letter = letter;
    }

    /// Sends the letter and a number to the target, now and then at each interval.
    void sendTo(InetSocketAddress newTarget, Duration interval, long nowNanos) {
        target = newTarget;
        intervalNanos = interval.toNanos();
        nextNanos = nowNanos;
    }

    void send(InetSocketAddress to, String text) {
        outgoing.add(new Message(to, text));
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        String text = StandardCharsets.US_ASCII.decode(datagram).toString();
        if (text.isEmpty() || text.charAt(0) != letter) {
            return false;
        }
        received.add(new Received(from, text, nowNanos));
        return true;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (target != null && nextNanos - nowNanos <= 0) {
            wokenAtNanos.add(nowNanos);
            send(target, letter + "" + sent++);
            nextNanos = nowNanos + intervalNanos;
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        Message message = outgoing.poll();
        if (message == null) {
            return null;
        }
        into.put(message.text.getBytes(StandardCharsets.US_ASCII));
        return message.to;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return target == null ? NEVER : nextNanos - nowNanos;
    }
}
