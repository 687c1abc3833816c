package natt.discovery.stun.proto;

import static natt.discovery.stun.proto.SimServers.S1;
import static natt.discovery.stun.proto.SimServers.S2;
import static natt.discovery.stun.proto.SimServers.S3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

class RoundTests {
    private static final String HERE = "203.0.113.7:41233";
    private static final String OTHER_PORT = "203.0.113.7:41234";
    private static final String THIRD_PORT = "203.0.113.7:41235";
    private static final String OTHER_IP = "198.51.100.9:41233";

    private final SimServers sim = new SimServers();

    @Test
    void threeServersAreAskedOnceAndAgreeAfterOneRoundTrip() {
        sim.allSee(HERE);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(14_999);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
        assertEquals(List.of(0L, 0L, 0L), sim.sentTo(null));
        assertEquals(3, sim.counter("answers"));
    }

    @Test
    void oneServerIsAMajorityOfOne() {
        sim.sees(S1, HERE);
        sim.use(S1);
        sim.runUntilMillis(14_999);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
    }

    @Test
    void oneOfThreeThatIsDownCostsNoTimeAndIsAskedOnTheRfcSchedule() {
        sim.sees(S1, HERE);
        sim.sees(S3, HERE);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(60_000);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
        assertEquals(List.of(0L, 500L, 1500L, 3500L, 7500L, 15500L, 31500L), sim.sentTo(S2));
        assertEquals(List.of(0L, 15_000L, 45_000L), sim.sentTo(S1));
        assertEquals(List.of(0L, 30_000L, 60_000L), sim.sentTo(S3));
        assertEquals(1, sim.counter("timedOut"));
    }

    @Test
    void majorityDecidesWithoutTheThirdAnswer() {
        sim.use(S1, S2, S3);
        sim.deliver(S2, SimServers.answer(sim.sent.get(1).datagram(), HERE));
        assertEquals(List.of(), sim.news);
        sim.deliver(S3, SimServers.answer(sim.sent.get(2).datagram(), HERE));
        assertEquals(List.of("0 mapped " + HERE), sim.news);
    }

    @Test
    void lostRequestIsRepeatedWithTheSameIdAfterHalfASecond() {
        sim.use(S1);
        sim.runUntilMillis(499);
        sim.sees(S1, HERE);
        sim.runUntilMillis(1000);
        assertEquals(List.of(0L, 500L), sim.sentTo(S1));
        assertEquals(
                Arrays.toString(sim.sent.get(0).datagram()),
                Arrays.toString(sim.sent.get(1).datagram()));
        assertEquals(List.of("520 mapped " + HERE), sim.news);
    }

    @Test
    void noTwoTransactionsShareAnId() {
        sim.allSee(HERE);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(3_600_000);
        var ids = new HashSet<TransactionId>();
        for (var sent : sim.sent) {
            ids.add(TransactionId.read(ByteBuffer.wrap(sent.datagram()), 8));
        }
        assertEquals(sim.sent.size(), ids.size());
    }

    @Test
    void liarIsOutvotedAndReportedOnce() {
        sim.allSee(HERE);
        sim.sees(S1, OTHER_IP);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(3_599_999);
        assertEquals(
                List.of("20 mapped " + HERE, "20 outvoted 192.0.2.1:3478: " + OTHER_IP), sim.news);
        assertEquals(12, sim.counter("rounds"));
        assertEquals(12, sim.counter("outvoted"));
        assertEquals(12, sim.sentTo(S1).size(), "a liar refreshes nothing");
    }

    @Test
    void liarIsReportedEvenIfItAnswersLast() {
        sim.allSee(HERE);
        sim.silence(S3);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(7000);
        sim.sees(S3, OTHER_PORT);
        sim.runUntilMillis(8000);
        assertEquals(
                List.of("20 mapped " + HERE, "7520 outvoted 192.0.2.3:19302: " + OTHER_PORT),
                sim.news);
    }

    @Test
    void twoServersThatSeeDifferentPortsShowAnAddressDependentMapping() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_PORT);
        sim.use(S1, S2);
        sim.runUntilMillis(1000);
        assertEquals(
                List.of("20 address-dependent [%s, %s]".formatted(HERE, OTHER_PORT)), sim.news);
    }

    @Test
    void threePortsShowAnAddressDependentMapping() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_PORT);
        sim.sees(S3, THIRD_PORT);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(600_000);
        assertEquals(
                List.of(
                        "20 address-dependent [%s, %s, %s]"
                                .formatted(HERE, OTHER_PORT, THIRD_PORT)),
                sim.news);
    }

    @Test
    void differentPortsWithOneServerDownAreDecidedAfterOneSecond() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_PORT);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(10_000);
        assertEquals(
                List.of("1000 address-dependent [%s, %s]".formatted(HERE, OTHER_PORT)), sim.news);
    }

    @Test
    void lateAnswerTurnsDisagreementIntoAMajority() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_IP);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(1499);
        sim.sees(S3, HERE);
        sim.runUntilMillis(16_000);
        assertEquals(
                List.of(
                        "1000 disputed [%s, %s]".formatted(HERE, OTHER_IP),
                        "1520 mapped " + HERE,
                        "1520 outvoted 192.0.2.2:3478: " + OTHER_IP),
                sim.news);
        assertEquals(List.of(0L, 15_000L), sim.sentTo(S1));
    }

    @Test
    void contradictionOnTheIpIsADisputeUntilItIsSettled() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_IP);
        sim.use(S1, S2);
        sim.runUntilMillis(3500);
        assertEquals(List.of("20 disputed [%s, %s]".formatted(HERE, OTHER_IP)), sim.news);
        // Pauses of 1, 2 and 4 seconds after the answers.
        assertEquals(List.of(0L, 1020L, 3040L), sim.sentTo(S1));
        sim.sees(S2, HERE);
        sim.runUntilMillis(8000);
        assertEquals("7080 mapped " + HERE, sim.news.getLast());
    }

    @Test
    void addressDependentMappingIsWatchedInRoundsOneMinuteApart() {
        sim.sees(S1, HERE);
        sim.sees(S2, OTHER_PORT);
        sim.use(S1, S2);
        sim.runUntilMillis(125_000);
        sim.sent.clear();
        sim.runUntilMillis(245_000);
        assertEquals(2 * 2 + 2 * 3, sim.sent.size(), "per minute one round and three questions");
        sim.sees(S2, HERE);
        sim.runUntilMillis(306_000);
        assertEquals("mapped " + HERE, sim.news.getLast().replaceFirst("\\d+ ", ""));
    }

    @Test
    void serverThatKnowsOnlyMappedAddressCounts() {
        for (InetSocketAddress server : List.of(S1, S2)) {
            sim.answersWith(
                    server,
                    request ->
                            MessageBuilder.to(request, MessageBuilder.SUCCESS)
                                    .plain(MessageBuilder.MAPPED_ADDRESS, SimServers.address(HERE))
                                    .plain(0x0004, S1)
                                    .plain(0x0005, S2)
                                    .bytes());
        }
        sim.use(S1, S2, S3);
        sim.runUntilMillis(100);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
    }

    @Test
    void ipv6AddressesAreFoundTheSameWay() {
        var server = new InetSocketAddress("2001:db8::53", 3478);
        sim.sees(server, "2001:db8:1:0:0:0:0:7:41233");
        sim.use(server);
        sim.runUntilMillis(100);
        assertEquals(List.of("20 mapped 2001:db8:1:0:0:0:0:7:41233"), sim.news);
    }

    @Test
    void serverNamedTwiceHasOneVote() throws Exception {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, (byte) 192, 0, 2, 1};
        var sameServer = new InetSocketAddress(Inet6Address.getByAddress(null, mapped, -1), 3478);
        sim.sees(S1, HERE);
        sim.use(S1, sameServer, new InetSocketAddress("192.0.2.1", 3478), S2);
        sim.runUntilMillis(3500);
        assertEquals(List.of("3500 unanswered 1/2"), sim.news);
        assertEquals(List.of(0L), sim.sentTo(S1));
        assertEquals(List.of(0L, 500L, 1500L, 3500L), sim.sentTo(S2));
        assertEquals(5, sim.sent.size());
    }

    @Test
    void serversWhoseNamesDoNotResolveCountAgainstTheMajority() {
        sim.sees(S1, HERE);
        sim.useOf(3, S1);
        sim.runUntilMillis(500);
        assertEquals(List.of("20 unanswered 1/3"), sim.news);
        sim.sees(S2, HERE);
        sim.useOf(3, S1, S2);
        sim.runUntilMillis(600);
        assertEquals("520 mapped " + HERE, sim.news.getLast());
    }

    @Test
    void unresolvedServerIsTheCallersMistake() {
        var unresolved = InetSocketAddress.createUnresolved("stun.example.net", 3478);
        assertThrows(IllegalArgumentException.class, () -> sim.use(unresolved));
        var withoutPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        assertThrows(IllegalArgumentException.class, () -> sim.use(withoutPort));
    }

    @Test
    void withoutServersNothingIsKnownAndNothingIsDue() {
        sim.sees(S1, HERE);
        sim.use(S1);
        sim.runUntilMillis(1000);
        sim.use();
        sim.runUntilMillis(3_600_000);
        assertEquals(List.of("20 mapped " + HERE, "1000 unanswered 0/0"), sim.news);
        assertEquals(List.of(0L), sim.sentTo(null));
    }

    @Test
    void newServersAreAskedAtOnceAndOldOnesForgotten() {
        sim.allSee(HERE);
        sim.silence(S1);
        sim.use(S1);
        sim.runUntilMillis(5000);
        byte[] toFormer = sim.sent.getFirst().datagram();
        sim.use(S2, S3);
        sim.runUntilMillis(6000);
        assertEquals(List.of("3500 unanswered 0/1", "5020 mapped " + HERE), sim.news);
        assertTrue(!sim.deliver(S1, SimServers.answer(toFormer, OTHER_IP)));
        assertEquals(1, sim.counter("abandoned"));
    }

    @Test
    void knownLiarIsNotReportedAgainWhenTheSetChanges() {
        sim.allSee(HERE);
        sim.sees(S1, OTHER_IP);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(1000);
        var fourth = new InetSocketAddress("192.0.2.4", 3478);
        sim.sees(fourth, HERE);
        sim.use(S1, S2, fourth);
        sim.runUntilMillis(2000);
        assertEquals(2, sim.news.size());
        assertEquals(2, sim.counter("outvoted"));
    }

    @Test
    void errorResponseEndsTheTransactionWithoutAVote() {
        sim.allSee(HERE);
        sim.answersWith(
                S1,
                request ->
                        MessageBuilder.to(request, MessageBuilder.ERROR)
                                .attribute(
                                        MessageBuilder.ERROR_CODE,
                                        (byte) 0,
                                        (byte) 0,
                                        (byte) 5,
                                        (byte) 0)
                                .bytes());
        sim.use(S1, S2, S3);
        sim.runUntilMillis(40_000);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
        assertEquals(List.of(0L), sim.sentTo(S1));
        assertEquals(1, sim.counter("errorResponses"));
    }

    @Test
    void refusalByAllIsKnownAtOnce() {
        for (InetSocketAddress server : List.of(S1, S2, S3)) {
            sim.answersWith(
                    server, request -> MessageBuilder.to(request, MessageBuilder.ERROR).bytes());
        }
        sim.use(S1, S2, S3);
        sim.runUntilMillis(1019);
        assertEquals(List.of("20 unanswered 0/3"), sim.news);
        assertEquals(3, sim.sent.size());
        sim.runUntilMillis(1020);
        assertEquals(6, sim.sent.size());
    }
}
