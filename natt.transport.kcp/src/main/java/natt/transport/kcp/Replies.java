package natt.transport.kcp;

import natt.transport.kcp.proto.Segment;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Answers to strangers, about whom nothing else is kept. What is too much is dropped.
final class Replies {
    private static final int MOST = 64;

    private static final class Reply {
        private @Nullable InetSocketAddress to;
        private int conv;
        private int command;
        private int frg;
        private int ts;
        private int sn;
    }

    private final Reply[] ring = new Reply[MOST];
    private int first;
    private int count;

    Replies() {
        for (int i = 0; i < MOST; i++) {
            ring[i] = new Reply();
        }
    }

    /// @return whether there was room
    boolean add(InetSocketAddress to, int conv, int command, int frg, int ts, int sn) {
        if (count == MOST) {
            return false;
        }
        Reply reply = ring[(first + count++) % MOST];
        reply.to = to;
        reply.conv = conv;
        reply.command = command;
        reply.frg = frg;
        reply.ts = ts;
        reply.sn = sn;
        return true;
    }

    /// Writes the oldest, if there is one, and returns to whom it goes.
    @Nullable InetSocketAddress poll(ByteBuffer into) {
        if (count == 0) {
            return null;
        }
        Reply reply = ring[first];
        first = (first + 1) % MOST;
        count--;
        Segment.write(
                into,
                reply.conv,
                reply.command,
                reply.frg,
                KcpStream.UNPROVEN_WINDOW,
                reply.ts,
                reply.sn,
                0,
                0);
        return reply.to;
    }
}
