package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.AddressDiscovery.WidthContext;
import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class PaddedQuestionsTests {
    private static final long MILLI = 1_000_000;
    private static final InetSocketAddress SERVER = address("192.0.2.1", 3478);
    private static final InetSocketAddress OTHER = address("192.0.2.2", 3478);

    private final PaddedQuestions questions =
            new PaddedQuestions(
                    new WidthContext(SERVER, List.of(1472, 548, 1232), 0, new Random(1)));

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }

    private List<byte[]> sent(long nowNanos) {
        questions.handleTimeout(nowNanos);
        var all = new ArrayList<byte[]>();
        var into = ByteBuffer.allocate(2048);
        for (InetSocketAddress to;
                (to = questions.pollTransmit(into.clear(), nowNanos)) != null; ) {
            assertEquals(SERVER, to);
            var datagram = new byte[into.position()];
            into.flip().get(datagram);
            all.add(datagram);
        }
        return all;
    }

    private boolean answer(byte[] request, InetSocketAddress from, int type) {
        byte[] answer = MessageBuilder.to(request, type).bytes();
        return questions.handleDatagram(from, ByteBuffer.wrap(answer), 0);
    }

    @Test
    void requestsHaveTheirSizesAndAreWholeMessages() {
        List<byte[]> sent = sent(0);
        assertEquals(List.of(548, 1232, 1472), sent.stream().map(each -> each.length).toList());
        for (byte[] each : sent) {
            assertInstanceOf(
                    StunMessage.Decoded.Ok.class, StunMessage.decode(ByteBuffer.wrap(each)));
        }
    }

    @Test
    void theLargestThatIsAnsweredCountsEvenIfTheAnswerIsAnError() {
        List<byte[]> sent = sent(0);
        assertTrue(answer(sent.get(0), SERVER, MessageBuilder.SUCCESS));
        assertTrue(answer(sent.get(1), SERVER, MessageBuilder.ERROR));
        assertEquals(1232, questions.largest());
        assertFalse(questions.isDone());
        // Only what is not answered is asked again, twice.
        assertEquals(List.of(1472), sent(300 * MILLI).stream().map(e -> e.length).toList());
        assertEquals(List.of(1472), sent(600 * MILLI).stream().map(e -> e.length).toList());
        assertEquals(List.of(), sent(900 * MILLI));
        assertTrue(questions.isDone());
        assertEquals(Engine.NEVER, questions.nanosUntilTimeout(900 * MILLI));
    }

    @Test
    void anAnswerFromElsewhereIsNone() {
        List<byte[]> sent = sent(0);
        assertFalse(answer(sent.get(2), OTHER, MessageBuilder.SUCCESS));
        assertEquals(0, questions.largest());
    }

    @Test
    void whenAllAreAnsweredItIsDoneAtOnce() {
        sent(0).forEach(each -> answer(each, SERVER, MessageBuilder.SUCCESS));
        assertTrue(questions.isDone());
        assertEquals(1472, questions.largest());
    }

    @Test
    void aSizeThatNoMessageHasIsRefused() {
        for (int bytes : new int[] {20, 549}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            new PaddedQuestions(
                                    new WidthContext(SERVER, List.of(bytes), 0, new Random(1))));
        }
    }
}
