package natt.discovery.stun.proto;

import natt.core.spi.AddressDiscovery.Width;
import natt.core.spi.AddressDiscovery.WidthContext;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Asks a server with requests of several sizes, each three times 300 ms apart, from the smallest
/// to the largest. Every answer counts, also one that refuses the padding: the request has arrived.
public final class PaddedQuestions implements Width {
    private static final long AGAIN_NANOS = Duration.ofMillis(300).toNanos();
    private static final int TRIES = 3;

    /// Of no meaning, and not to be understood (RFC 8489, section 18.3).
    private static final int PADDING = 0xFFE0;

    private static final int ATTRIBUTE_HEADER = 4;

    private static final class Size {
        private final int bytes;
        private final TransactionId id;
        private boolean due;
        private boolean answered;

        private Size(int bytes, TransactionId id) {
            this.bytes = bytes;
            this.id = id;
        }
    }

    private final InetSocketAddress server;
    private final List<Size> sizes = new ArrayList<>();
    private int tries;
    private long nextAt;

    public PaddedQuestions(WidthContext context) {
        server = ServerSample.checked(List.of(context.server())).getFirst();
        for (int bytes : context.sizes().stream().sorted().toList()) {
            if (bytes % 4 != 0 || bytes < StunMessage.HEADER_LENGTH + ATTRIBUTE_HEADER) {
                throw new IllegalArgumentException("no size of a STUN message: " + bytes);
            }
            sizes.add(new Size(bytes, TransactionId.random(context.random())));
        }
        ask(context.nowNanos());
    }

    private void ask(long nowNanos) {
        tries++;
        nextAt = nowNanos + AGAIN_NANOS;
        sizes.forEach(each -> each.due = !each.answered);
    }

    @Override
    public boolean isDone() {
        return tries > TRIES || sizes.stream().allMatch(each -> each.answered);
    }

    @Override
    public int largest() {
        return sizes.stream()
                .filter(each -> each.answered)
                .mapToInt(each -> each.bytes)
                .max()
                .orElse(0);
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (!MappingDiscovery.unwrap(from).equals(server)) {
            return false;
        }
        for (Size each : sizes) {
            if (StunMessage.carries(each.id, datagram)) {
                each.answered = true;
                return true;
            }
        }
        return false;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (isDone() || nextAt - nowNanos > 0) {
            return;
        }
        if (tries == TRIES) {
            tries++;
            sizes.forEach(each -> each.due = false);
        } else {
            ask(nowNanos);
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        for (Size each : sizes) {
            if (each.due) {
                each.due = false;
                write(each, into);
                return server;
            }
        }
        return null;
    }

    private static void write(Size size, ByteBuffer into) {
        int start = into.position();
        int attributes = size.bytes - StunMessage.HEADER_LENGTH;
        StunMessage.writeBindingRequest(size.id, into);
        into.putShort(start + 2, (short) attributes);
        into.putShort((short) PADDING).putShort((short) (attributes - ATTRIBUTE_HEADER));
        into.put(new byte[attributes - ATTRIBUTE_HEADER]);
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return isDone() ? Engine.NEVER : nextAt - nowNanos;
    }
}
