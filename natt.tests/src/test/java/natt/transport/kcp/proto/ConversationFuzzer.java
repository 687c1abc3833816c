package natt.transport.kcp.proto;

import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A peer that says anything, while the application writes and reads. Memory is bounded by the
/// windows, datagrams are whole segments, and no deadline stays due.
public final class ConversationFuzzer implements Conversation.Events {
    private static final int CONV = 0x11223344;
    private static final int MSS = 1400;
    private static final int MOST_STEPS = 300;
    private static final int MOST_DATAGRAMS = 4096;
    private static final int MOST_HELD = 3072 + 255;
    private static final byte[] ZEROS = new byte[64 << 10];

    private final Input input;
    private final int window;
    private final boolean messages;
    private final SegmentPool pool = new SegmentPool();
    private final Conversation conversation;
    private final Segment segment = new Segment();
    private final ByteBuffer out = ByteBuffer.allocate(1492).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer message = ByteBuffer.allocate(1 << 19);
    private long now;

    // Of the last data segment that was sent, for acknowledgements that are believed.
    private int sentSn;
    private int sentTs;

    private ConversationFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        int kind = input.octet();
        messages = (kind & 1) != 0;
        window = 1 + input.pair() % 2048;
        int firstSn = (kind & 2) == 0 ? 0 : -5;
        var config =
                new Conversation.Config(
                        CONV, MSS, window, firstSn, input.number(), Mode.values()[kind >> 2 & 1]);
        conversation = new Conversation(config, pool, new Counters(), this, now);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new ConversationFuzzer(bytes).run();
    }

    private void run() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(12)) {
                case 0 -> take(input.buffer(input.choice(200)));
                case 1, 2 -> take(crafted());
                case 3 -> take(acknowledgement());
                case 4 -> write(input.pair());
                case 5 -> read(input.pair());
                case 6 -> now += input.octet() * 1_000_000L;
                case 7 -> now += input.octet() * 1_000_000_000L;
                case 8 -> conversation.finish(input.flag());
                case 9 -> setting();
                case 10 -> conversation.trim();
                default -> now += Math.max(0, conversation.nanosUntilTimeout(now));
            }
            settle();
        }
        conversation.release();
        while (!messages && conversation.read(message.clear(), now) > 0) {
            // What has arrived can still be read.
        }
    }

    private void take(ByteBuffer in) {
        if (segment.wellFormed(in, 0, in.limit())) {
            conversation.input(in, 0, in.limit(), now);
        }
    }

    private ByteBuffer crafted() {
        int count = 1 + input.choice(6);
        var in = ByteBuffer.allocate(count * (Segment.HEADER_LENGTH + 32));
        in.order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int length = input.choice(32);
            Segment.write(
                    in,
                    CONV,
                    Segment.PUSH + input.choice(6),
                    input.octet(),
                    input.pair(),
                    input.small(),
                    conversation.una() + input.small(),
                    sentSn + 1 + input.small(),
                    length);
            in.put(ZEROS, 0, length);
        }
        return in.flip();
    }

    private ByteBuffer acknowledgement() {
        var in = ByteBuffer.allocate(Segment.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        int ts = sentTs - input.choice(8);
        int sn = sentSn - input.choice(8);
        Segment.write(in, CONV, Segment.ACK, 0, input.pair(), ts, sn, sn - input.choice(8), 0);
        return in.flip();
    }

    private void write(int length) {
        var data = ByteBuffer.wrap(ZEROS, 0, length);
        if (!messages) {
            conversation.write(data);
            return;
        }
        try {
            conversation.writeMessage(data);
        } catch (IllegalArgumentException tooLong) {
            if (length <= MSS) {
                throw new AssertionError("refuses a message of one segment", tooLong);
            }
        }
    }

    private void read(int length) {
        if (messages) {
            conversation.readMessage(message.clear(), now);
        } else {
            conversation.read(message.clear().limit(length), now);
        }
    }

    private void setting() {
        switch (input.choice(6)) {
            case 0 -> conversation.limitInFlight(1 + input.octet());
            case 1 -> conversation.resendAll(now);
            case 2 -> conversation.sampleRoundTrip(1L + input.pair() * 1_000_000L, now);
            case 3 -> conversation.peerAcknowledgesAtOnce();
            case 4 -> conversation.ask(1, 2, 3);
            default -> conversation.tell(1, 2, 3);
        }
    }

    private void settle() {
        drain();
        if (conversation.nanosUntilTimeout(now) <= 0) {
            conversation.handleTimeout(now);
            drain();
            if (conversation.nanosUntilTimeout(now) <= 0) {
                throw new AssertionError("a deadline stays due");
            }
        }
        long most = (long) (MOST_HELD + window) * SegmentPool.BLOCK_LENGTH;
        if (pool.held() < 0 || pool.held() > most) {
            throw new AssertionError("holds %d of %d bytes".formatted(pool.held(), most));
        }
    }

    private void drain() {
        int datagrams = 0;
        while (conversation.emit(out.clear(), out.capacity(), now)) {
            if (++datagrams > MOST_DATAGRAMS) {
                throw new AssertionError("sends without end");
            }
            int end = out.position();
            if (!segment.wellFormed(out, 0, end) || segment.conv() != CONV) {
                throw new AssertionError("sends what is no segment");
            }
            for (int at = 0; at < end; at = segment.dataAt() + segment.length()) {
                segment.read(out, at, end);
                if (segment.command() == Segment.PUSH || segment.command() == Segment.FIN) {
                    sentSn = segment.sn();
                    sentTs = segment.ts();
                }
            }
        }
    }

    @Override
    public void asked(Segment ask, long nowNanos) {}

    @Override
    public void told(Segment tell, long nowNanos) {}

    @Override
    public void reset(int code, long nowNanos) {}
}
