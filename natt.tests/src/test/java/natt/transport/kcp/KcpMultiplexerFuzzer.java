package natt.transport.kcp;

import natt.core.CloseReason;
import natt.core.ResetCode;
import natt.core.spi.Transport;
import natt.tests.fuzz.Input;
import natt.transport.kcp.proto.Segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// A peer of a session that says anything, while the application dials, writes and reads, and the
/// path comes and goes. Streams and memory are bounded, datagrams are whole segments and no longer
/// than may be, nothing is sent or due while there is no path, and no deadline stays due.
public final class KcpMultiplexerFuzzer {
    private static final int MOST_STEPS = 300;
    private static final int MOST_STREAMS = 32;
    private static final int MOST_DATAGRAMS = 20_000;
    private static final int LARGEST = 1440;
    private static final long MOST_HELD = 64L << 20;
    private static final byte[] ZEROS = new byte[64 << 10];

    private final Input input;
    private final Transport.Multiplexer mux;
    private final boolean initiator;
    private final Segment reader = new Segment(Segment.ACK_RUNS);
    private final ByteBuffer out = ByteBuffer.allocate(2048);
    private final List<Transport.Stream> streams = new ArrayList<>();
    private final List<Transport.Stream> finished = new ArrayList<>();
    private int limit = 1200;
    private boolean paused;
    private long now;

    // Of the last data segment that was sent, for acknowledgements that are believed.
    private int sentConv;
    private int sentSn;
    private int sentTs;
    private int una;

    private KcpMultiplexerFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        initiator = input.flag();
        mux =
                new KcpTransport()
                        .open(
                                new Transport.Context(
                                        initiator,
                                        MOST_STREAMS,
                                        LARGEST,
                                        limit,
                                        now,
                                        input.random()));
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new KcpMultiplexerFuzzer(bytes).run();
    }

    private void run() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(18)) {
                case 0 -> mux.handleDatagram(input.buffer(input.octet()), now);
                case 1, 2, 3 -> mux.handleDatagram(crafted(), now);
                case 4, 5 -> mux.handleDatagram(runs(), now);
                case 6 -> opens();
                case 7 -> dial();
                case 8, 9, 10 -> application();
                case 11 -> now += input.octet() * 1_000_000L;
                case 12 -> now += input.octet() * 250_000_000L;
                case 13, 14 -> path();
                case 15 -> flood();
                default -> {
                    long left = mux.nanosUntilTimeout(now);
                    now += left == Long.MAX_VALUE ? 0 : Math.max(0, left);
                }
            }
            settle();
        }
        mux.resume(now);
        mux.close(new CloseReason.Local(), now);
        paused = false;
        settle();
        for (var stream : streams) {
            if (stream.closed().isEmpty()) {
                throw new AssertionError("a stream outlives its session");
            }
            while (stream.read(ByteBuffer.allocate(1 << 16), now) > 0) {
                // What arrived before a close can still be read.
            }
            stream.reset(ResetCode.UNSPECIFIED, now);
        }
        settle();
        if (mux.openStreams() != 0 || mux.counters().get("bytesHeld") != 0) {
            throw new AssertionError("what nobody needs is held: " + mux.counters());
        }
    }

    private ByteBuffer crafted() {
        int count = 1 + input.choice(6);
        var in = ByteBuffer.allocate(count * (Segment.HEADER_LENGTH + 32));
        in.order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int what = input.octet();
            int length = what >> 3;
            int sn = (what & 1) == 0 ? input.choice(8) : sentSn + input.small();
            Segment.write(
                    in,
                    conv(),
                    Segment.PUSH + input.choice(8),
                    input.choice(4),
                    input.pair(),
                    sentTs + input.small(),
                    sn,
                    una + input.choice(3),
                    length);
            if ((what & 2) == 0 && length > 2) {
                in.put((byte) 1).put((byte) (length - 2)).put(ZEROS, 0, length - 2);
            } else {
                in.put(ZEROS, 0, length);
            }
        }
        return in.flip();
    }

    /// Mostly one of the first numbers of the peer, or of this side.
    private int conv() {
        int which = input.octet();
        return which < 0xf0 ? which & 0xf : sentConv + input.small();
    }

    /// Runs of acknowledgements about what was sent, or was not.
    private ByteBuffer runs() {
        int count = input.choice(8);
        int length = 10 * count;
        var in = ByteBuffer.allocate(Segment.HEADER_LENGTH + length);
        in.order(ByteOrder.LITTLE_ENDIAN);
        int before = input.flag() ? sentSn + 1 : una;
        Segment.write(in, sentConv, Segment.ACK_RUNS, 0, input.pair(), 0, 0, before, length);
        for (int i = 0; i < count; i++) {
            int back = input.octet();
            in.putInt(sentSn - back).putInt(sentTs - back + input.choice(2));
            in.putShort((short) (input.flag() ? input.octet() : input.pair()));
        }
        return in.flip();
    }

    private void opens() {
        int conv = (initiator ? 1 : 0) + 2 * input.choice(64);
        mux.handleDatagram(open(conv), now);
    }

    private static ByteBuffer open(int conv) {
        ByteBuffer record = OpenRecord.of("x");
        var in = ByteBuffer.allocate(Segment.HEADER_LENGTH + record.remaining());
        in.order(ByteOrder.LITTLE_ENDIAN);
        Segment.write(in, conv, Segment.PUSH, 0, 512, 1, 0, 0, record.remaining());
        return in.put(record).flip();
    }

    private void flood() {
        int conv = (initiator ? 1 : 0) + 2 * input.choice(8);
        int first = input.pair();
        boolean large = input.flag();
        int length = large ? 1400 : 1;
        for (int i = input.octet() * 4; i > 0; i--) {
            var in = ByteBuffer.allocate(Segment.HEADER_LENGTH + length);
            in.order(ByteOrder.LITTLE_ENDIAN);
            Segment.write(in, conv, Segment.PUSH, 1, 512, i, first + i, 0, length);
            mux.handleDatagram(in.position(0).limit(in.capacity()), now);
        }
    }

    private void dial() {
        Transport.Stream stream = mux.dial("s".repeat(1 + input.choice(64)), now);
        if (streams.size() < 2 * MOST_STREAMS) {
            streams.add(stream);
        } else {
            stream.reset(ResetCode.BUSY, now);
        }
    }

    private void application() {
        if (streams.isEmpty()) {
            return;
        }
        var stream = streams.get(input.octet() % streams.size());
        switch (input.choice(6)) {
            case 0, 1 -> {
                if (!finished.contains(stream)) {
                    stream.write(ByteBuffer.wrap(ZEROS, 0, input.pair()), now);
                }
            }
            case 2, 3 -> stream.read(ByteBuffer.allocate(input.pair()), now);
            case 4 -> {
                stream.finish(now);
                finished.add(stream);
            }
            default -> stream.reset(ResetCode.of(input.octet()), now);
        }
    }

    private void path() {
        switch (input.choice(6)) {
            case 0 -> {
                mux.pause(now);
                paused = true;
            }
            case 1, 2 -> {
                mux.resume(now);
                paused = false;
            }
            case 3 -> mux.pathChanged(now);
            case 4 -> mux.roundTripMeasured(input.pair() * 1_000_000L, now);
            default -> {
                limit = 516 + input.pair() % (LARGEST - 515);
                mux.useDatagrams(limit, now);
            }
        }
    }

    private void settle() {
        turn();
        if (mux.nanosUntilTimeout(now) <= 0) {
            mux.handleTimeout(now);
            turn();
            if (mux.nanosUntilTimeout(now) <= 0) {
                throw new AssertionError("a deadline stays due");
            }
        }
        long held = mux.counters().get("bytesHeld");
        if (mux.openStreams() > MOST_STREAMS || held < 0 || held > MOST_HELD) {
            throw new AssertionError(
                    "%d streams, %d bytes held".formatted(mux.openStreams(), held));
        }
        if (paused && mux.nanosUntilTimeout(now) != Long.MAX_VALUE) {
            throw new AssertionError("time does not stand still");
        }
    }

    private void turn() {
        for (Transport.Stream stream; (stream = mux.accept()) != null; ) {
            if (streams.size() < 2 * MOST_STREAMS) {
                streams.add(stream);
            } else {
                stream.reset(ResetCode.BUSY, now);
            }
        }
        while (mux.pollReady() != null) {
            // The input says what the application does.
        }
        streams.removeIf(this::isOver);
        for (int sent = 0; mux.pollDatagram(out.clear(), limit, now); sent++) {
            out.order(ByteOrder.LITTLE_ENDIAN);
            int end = out.position();
            if (paused || sent > MOST_DATAGRAMS || end > LARGEST) {
                throw new AssertionError("sends %d, of %d bytes".formatted(sent, end));
            }
            if (!reader.whole(out, 0, end)) {
                throw new AssertionError("sends what is no segment");
            }
            note(end);
        }
    }

    private void note(int end) {
        for (int at = 0; at < end; at = reader.dataAt() + reader.length()) {
            reader.read(out, at, end);
            if (reader.command() == Segment.PUSH || reader.command() == Segment.FIN) {
                sentConv = reader.conv();
                sentSn = reader.sn();
                sentTs = reader.ts();
            }
        }
    }

    private boolean isOver(Transport.Stream stream) {
        boolean over = stream.closed().isPresent() && stream.read(ByteBuffer.allocate(1), now) < 0;
        if (over) {
            stream.reset(ResetCode.UNSPECIFIED, now);
            finished.remove(stream);
        }
        return over;
    }
}
