package natt.discovery.stun.proto;

import static natt.discovery.stun.proto.SimServers.S1;
import static natt.discovery.stun.proto.SimServers.S2;
import static natt.discovery.stun.proto.SimServers.S3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Route;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Datagrams that reach the port while questions are outstanding, from anybody.
class SpoofingTests {
    private static final String HERE = "203.0.113.7:41233";
    private static final String FORGED = "198.51.100.66:666";

    private final SimServers sim = new SimServers();
    private byte[] request = {};

    @BeforeEach
    void askOneServer() {
        sim.use(S1);
        request = sim.sent.getFirst().datagram();
    }

    @Test
    void answerWithAnotherIdIsNotOurs() {
        for (int bit = 64; bit < 160; bit++) {
            byte[] wrongId = request.clone();
            wrongId[bit / 8] ^= (byte) (1 << bit % 8);
            assertIgnored(S1, SimServers.answer(wrongId, FORGED));
        }
    }

    @Test
    void rightIdFromAnotherPortOrHostIsNotOurs() {
        byte[] forged = SimServers.answer(request, FORGED);
        assertIgnored(new InetSocketAddress(S1.getAddress(), 3479), forged);
        assertIgnored(S2, forged);
        assertIgnored(S3, forged);
        assertIgnored(new InetSocketAddress("2001:db8::1", 3478), forged);
    }

    @Test
    void idOfOneServerIsWorthlessAtAnother() {
        sim.use(S1, S2, S3);
        byte[] askedOfS1 = sim.sent.get(1).datagram();
        assertIgnored(S2, SimServers.answer(askedOfS1, FORGED));
        assertTrue(sim.deliver(S1, SimServers.answer(askedOfS1, HERE)));
    }

    @Test
    void answeredIdIsWorthless() {
        assertTrue(sim.deliver(S1, SimServers.answer(request, HERE)));
        assertEquals(List.of("0 mapped " + HERE), sim.news);
        assertIgnored(S1, SimServers.answer(request, HERE));
        assertIgnored(S1, SimServers.answer(request, FORGED));
    }

    @Test
    void idThatWasGivenUpIsWorthless() {
        sim.runUntilMillis(40_499);
        assertEquals(1, sim.counter("timedOut"));
        assertIgnored(S1, SimServers.answer(request, HERE));
    }

    @Test
    void answerToARepeatedRequestCountsWhicheverCopyItIsTo() {
        sim.runUntilMillis(31_600);
        assertEquals(7, sim.sent.size());
        assertTrue(sim.deliver(S1, SimServers.answer(request, HERE)));
        assertEquals(List.of("3500 unanswered 0/1", "31600 mapped " + HERE), sim.news);
    }

    @Test
    void sourceInIpv4MappedFormIsTheSameServer() throws Exception {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, (byte) 192, 0, 2, 1};
        var source = new InetSocketAddress(Inet6Address.getByAddress(null, mapped, -1), 3478);
        assertTrue(sim.deliver(source, SimServers.answer(request, HERE)));
        assertEquals(List.of("0 mapped " + HERE), sim.news);
    }

    @Test
    void flawedAnswerWithTheRightIdDoesNotEndTheQuestion() {
        byte[] answer = SimServers.answer(request, FORGED);
        assertTrue(sim.deliver(S1, Arrays.copyOf(answer, answer.length - 1)));
        assertTrue(sim.deliver(S1, Arrays.copyOf(answer, answer.length + 4)));
        assertTrue(sim.deliver(S1, Arrays.copyOf(answer, 20)));
        byte[] wrongFingerprint =
                MessageBuilder.to(request, MessageBuilder.SUCCESS)
                        .xored(MessageBuilder.XOR_MAPPED_ADDRESS, SimServers.address(FORGED))
                        .attribute(MessageBuilder.FINGERPRINT, new byte[4])
                        .bytes();
        assertTrue(sim.deliver(S1, wrongFingerprint));
        assertEquals(4, sim.counter("malformed"));
        assertEquals(List.of(), sim.news);
        sim.runUntilMillis(600);
        assertEquals(2, sim.sent.size());
        assertTrue(sim.deliver(S1, SimServers.answer(request, HERE)));
        assertEquals(List.of("600 mapped " + HERE), sim.news);
    }

    @Test
    void ownRequestReflectedAndOtherKindsOfMessageAreNoAnswers() {
        assertTrue(sim.deliver(S1, request));
        var here = SimServers.address(FORGED);
        for (int type : new int[] {MessageBuilder.INDICATION, 0x0103, 0x0113, 0x0110 | 0x0002}) {
            var message =
                    MessageBuilder.to(request, type).xored(MessageBuilder.XOR_MAPPED_ADDRESS, here);
            assertTrue(sim.deliver(S1, message.bytes()));
        }
        assertEquals(5, sim.counter("malformed"));
        assertEquals(0, sim.counter("errorResponses"));
        assertEquals(List.of(), sim.news);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "203.0.113.7:0",
                "0.0.0.0:41233",
                "0:0:0:0:0:0:0:0:41233",
                "224.0.0.1:41233",
                "239.255.255.250:1900",
                "255.255.255.255:41233",
                "ff02:0:0:0:0:0:0:1:41233"
            })
    void addressNobodyCanSendToIsCountedAndIgnored(String address) {
        assertTrue(sim.deliver(S1, SimServers.answer(request, address)));
        assertEquals(1, sim.counter("unusableAnswers"));
        assertEquals(List.of("0 unanswered 0/1"), sim.news);
    }

    @Test
    void successWithoutAddressIsCountedAndIgnored() {
        var bare = MessageBuilder.to(request, MessageBuilder.SUCCESS);
        assertTrue(sim.deliver(S1, bare.bytes()));
        assertEquals(1, sim.counter("unusableAnswers"));
        assertEquals(List.of("0 unanswered 0/1"), sim.news);
    }

    @Test
    void successThatMustBeUnderstoodAndIsNotIsIgnored() {
        var message =
                MessageBuilder.to(request, MessageBuilder.SUCCESS)
                        .xored(MessageBuilder.XOR_MAPPED_ADDRESS, SimServers.address(HERE))
                        .attribute(0x7FFF);
        assertTrue(sim.deliver(S1, message.bytes()));
        assertEquals(1, sim.counter("unusableAnswers"));
        assertEquals(List.of("0 unanswered 0/1"), sim.news);
    }

    @Test
    void privateAddressIsAFindingBecausePublicationDecides() {
        assertTrue(sim.deliver(S1, SimServers.answer(request, "192.168.1.7:41233")));
        assertEquals(List.of("0 mapped 192.168.1.7:41233"), sim.news);
    }

    @Test
    void hundredThousandMutatedAnswersNeverThrowAndNeverMoveTheMajority() {
        var random = new Random(2026);
        for (int i = 0; i < 100_000; i++) {
            if (i % 100 == 0) {
                sim.sent.clear();
                sim.use(S1, S2, S3);
            }
            byte[] mutant = SimServers.answer(sim.sent.get(random.nextInt(3)).datagram(), FORGED);
            mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length + 8));
            for (int changes = random.nextInt(3); changes > 0 && mutant.length > 0; changes--) {
                mutant[random.nextInt(mutant.length)] = (byte) random.nextInt();
            }
            sim.deliver(S1, mutant);
        }
        assertEquals(List.of(), sim.news, "one server is no majority");
        assertTrue(sim.counter("malformed") > 1000);
        assertTrue(sim.counter("answers") > 100);
        sim.allSee(HERE);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(100);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
    }

    private void assertIgnored(InetSocketAddress from, byte[] datagram) {
        var counters = sim.discovery.counters();
        var news = List.copyOf(sim.news);
        int sent = sim.sent.size();
        assertFalse(sim.deliver(from, datagram));
        assertEquals(counters, sim.discovery.counters());
        assertEquals(news, sim.news);
        assertEquals(sent, sim.sent.size());
    }

    @Test
    void anAnswerThroughAnotherSocketThanAskedThroughIsNotTaken() {
        var sim = new SimServers();
        var asked = Route.through(2, SimServers.S1);
        sim.use(asked);
        byte[] answer = SimServers.answer(sim.sent.getFirst().datagram(), "203.0.113.7:41233");
        assertFalse(sim.deliver(SimServers.S1, answer));
        assertFalse(sim.deliver(Route.through(1, SimServers.S1), answer));
        assertTrue(sim.deliver(asked, answer));
        assertEquals(List.of("0 mapped 203.0.113.7:41233"), sim.news);
    }

    @Test
    void aServerCannotNameARouteOfOurs() {
        var sim = new SimServers();
        sim.use(SimServers.S1);
        byte[] answer =
                MessageBuilder.to(sim.sent.getFirst().datagram(), MessageBuilder.SUCCESS)
                        .xored(MessageBuilder.XOR_MAPPED_ADDRESS, Route.relayed(1))
                        .bytes();
        assertTrue(sim.deliver(SimServers.S1, answer));
        assertEquals(1, sim.counter("unusableAnswers"));
    }
}
