package natt.transport.kcp.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// What the modes mean for one side of a conversation, whose peer is played by the test.
class ModeTests {
    private static final long MILLI = 1_000_000;
    private static final int MSS = 1000;

    private static final class Silent implements Conversation.Events {
        @Override
        public void asked(Segment segment, long nowNanos) {}

        @Override
        public void told(Segment segment, long nowNanos) {}

        @Override
        public void reset(int code, long nowNanos) {}
    }

    private final ByteBuffer buffer =
            ByteBuffer.allocate(MSS + Segment.HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final Segment segment = new Segment();
    private final Counters counters = new Counters();
    private Conversation conversation;
    private long now = Long.MAX_VALUE - 1000 * MILLI;
    private int una;

    private void open(Mode mode) {
        var config = new Conversation.Config(5, MSS, 1024, 0, 0, mode);
        conversation = new Conversation(config, new SegmentPool(), counters, new Silent(), now);
    }

    private void write(int segments) {
        conversation.write(ByteBuffer.allocate(segments * MSS));
    }

    /// Sends what may leave now.
    ///
    /// @return the sn and the transmission number of each segment
    private List<int[]> emit() {
        var sent = new ArrayList<int[]>();
        while (conversation.emit(buffer.clear(), buffer.capacity(), now)) {
            segment.read(buffer, 0, buffer.position());
            if (segment.command() == Segment.PUSH) {
                sent.add(new int[] {segment.sn(), segment.ts()});
            }
        }
        return sent;
    }

    private void acknowledge(int[] sent) {
        una = sent[0] == una ? una + 1 : una;
        Segment.write(buffer.clear(), 5, Segment.ACK, 0, 2048, sent[1], sent[0], una, 0);
        conversation.input(buffer, 0, Segment.HEADER_LENGTH, now);
    }

    /// Sends single segments, each acknowledged after a round trip.
    private void learnRoundTrip(int millis) {
        for (int i = 0; i < 60; i++) {
            write(1);
            List<int[]> sent = emit();
            assertEquals(1, sent.size());
            now += millis * MILLI;
            acknowledge(sent.getFirst());
        }
    }

    private long millisUntilSentAgain() {
        long begin = now;
        while (emit().isEmpty()) {
            now += Math.max(conversation.nanosUntilTimeout(now), 1);
            conversation.handleTimeout(now);
        }
        return Math.round((now - begin) / (double) MILLI);
    }

    @ParameterizedTest
    @EnumSource
    void modeIsFoundByItsName(Mode mode) {
        assertEquals(mode, Mode.of(mode.toString()));
    }

    @Test
    void otherNamesAreRefusedWithThoseThatThereAre() {
        var refused = assertThrows(IllegalArgumentException.class, () -> Mode.of("turbo"));
        assertEquals(
                "there is no mode 'turbo', there are natt, normal, fast, fast2, fast3",
                refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"FAST", "FAST2", "FAST3"})
    void withoutCongestionControlTheWholeWindowLeavesAtOnceAndLossesChangeNothing(Mode mode) {
        open(mode);
        write(1500);
        // The peer's window is taken for 32 until it is told.
        emit().forEach(this::acknowledge);
        write(1500);
        List<int[]> sent = emit();
        assertEquals(32, sent.getFirst()[0]);
        assertEquals(1024, sent.size());
        for (int i = 0; i < 500; i++) {
            acknowledge(sent.get(2 * i + 1));
        }
        // Every second of a thousand is lost, and as many may leave as have been acknowledged.
        assertEquals(500 + 499, emit().size());
        conversation.handleTimeout(now);
        assertEquals(List.of(), emit());
    }

    @Test
    void normalStartsWithOneSegmentGrowsWithAcknowledgementsAndReturnsToOneAfterATimeout() {
        open(Mode.NORMAL);
        write(100);
        List<int[]> sent = emit();
        assertEquals(1, sent.size());
        acknowledge(sent.getFirst());
        sent = emit();
        assertEquals(2, sent.size());
        sent.forEach(this::acknowledge);
        assertEquals(4, emit().size());
        now += conversation.nanosUntilTimeout(now);
        conversation.handleTimeout(now);
        assertEquals(1, emit().size());
        assertEquals(4, counters.timeouts);
    }

    @ParameterizedTest
    @CsvSource({"NORMAL", "FAST", "FAST2", "FAST3"})
    void segmentIsSentAgainWhenTwoLaterOnesHaveArrived(Mode mode) {
        open(mode);
        learnRoundTrip(20);
        write(3);
        List<int[]> sent = emit();
        acknowledge(sent.get(1));
        assertEquals(List.of(), emit());
        acknowledge(sent.get(2));
        assertEquals(sent.getFirst()[0], emit().getFirst()[0]);
        assertEquals(1, counters.fastRetransmitted);
    }

    @ParameterizedTest
    @CsvSource({
        // 20 ms there and back, and the least timeout of `nodelay` 0 and 1.
        "NORMAL, 20, 100",
        "FAST, 20, 100",
        "FAST2, 20, 40",
        "FAST3, 20, 30",
        "NORMAL, 200, 240",
        "FAST, 200, 230",
        "FAST2, 200, 220",
        "FAST3, 200, 210"
    })
    void silenceIsATimeoutAfterTheRoundTripAndTheInterval(Mode mode, int millis, int timeout) {
        open(mode);
        learnRoundTrip(millis);
        write(1);
        emit();
        assertEquals(timeout, millisUntilSentAgain(), 1);
        // Twice as long, or half as long again, with nodelay.
        double growth = mode == Mode.FAST2 || mode == Mode.FAST3 ? 1.5 : 2;
        millisUntilSentAgain();
        assertEquals(timeout * growth, millisUntilSentAgain(), 2);
    }
}
