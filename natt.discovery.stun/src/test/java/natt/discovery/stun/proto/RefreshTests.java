package natt.discovery.stun.proto;

import static natt.discovery.stun.proto.SimServers.S1;
import static natt.discovery.stun.proto.SimServers.S2;
import static natt.discovery.stun.proto.SimServers.S3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class RefreshTests {
    private static final String HERE = "203.0.113.7:41233";
    private static final String REBOUND = "203.0.113.7:50000";
    private static final String RENUMBERED = "198.51.100.9:41233";

    private final SimServers sim = new SimServers();

    @BeforeEach
    void findTheMapping() {
        sim.allSee(HERE);
        sim.use(S1, S2, S3);
        sim.runUntilMillis(1000);
        assertEquals(List.of("20 mapped " + HERE), sim.news);
        sim.sent.clear();
        sim.news.clear();
    }

    @Test
    void idleHourCostsOneDatagramPerIntervalAndARoundEveryFiveMinutes() {
        sim.runUntilMillis(3_600_100);
        assertEquals(228 + 12 * 3, sim.sent.size());
        assertEquals(228, sim.counter("refreshes"));
        assertEquals(1 + 12, sim.counter("rounds"));
        assertEquals(List.of(), sim.news);
        assertEquals(3 + sim.sent.size(), sim.counter("requests"));
        assertEquals(3 + sim.sent.size(), sim.counter("answers"));
        for (int i = 1; i < sim.sent.size(); i++) {
            long gap = sim.sent.get(i).millis() - sim.sent.get(i - 1).millis();
            assertEquals(gap == 0 ? 0 : 15_000, gap);
        }
    }

    @Test
    void serversTakeTurns() {
        sim.runUntilMillis(90_000);
        assertEquals(List.of(15_000L, 60_000L), sim.sentTo(S1));
        assertEquals(List.of(30_000L, 75_000L), sim.sentTo(S2));
        assertEquals(List.of(45_000L, 90_000L), sim.sentTo(S3));
    }

    @Test
    void reboundMappingIsFoundWithTheNextRefresh() {
        sim.allSee(REBOUND);
        sim.runUntilMillis(20_000);
        assertEquals(List.of("15040 mapped " + REBOUND), sim.news);
        assertEquals(List.of(15_000L, 15_020L, 15_020L, 15_020L), sim.sentTo(null));
    }

    @Test
    void renumberingIsFoundInTimeThoughTheRefreshingServerIsDown() {
        sim.allSee(RENUMBERED);
        sim.silence(S1);
        sim.runUntilMillis(20_000);
        assertEquals(List.of("16520 mapped " + RENUMBERED), sim.news);
        assertEquals(List.of(15_000L, 15_500L, 16_500L, 17_000L, 18_000L), sim.sentTo(S1));
        assertEquals(List.of(16_500L), sim.sentTo(S2));
    }

    @Test
    void oneServersChangeOfMindChangesNothing() {
        sim.sees(S1, RENUMBERED);
        sim.runUntilMillis(61_000);
        assertEquals(List.of("15040 outvoted 192.0.2.1:3478: " + RENUMBERED), sim.news);
        assertEquals(List.of(15_000L, 15_020L), sim.sentTo(S1));
        assertEquals(List.of(15_020L, 30_020L, 60_020L), sim.sentTo(S2));
        assertEquals(List.of(15_020L, 45_020L), sim.sentTo(S3));
    }

    @Test
    void serverThatHidesAChangeDelaysItByOneInterval() {
        sim.allSee(REBOUND);
        sim.sees(S1, HERE);
        sim.runUntilMillis(40_000);
        assertEquals(
                List.of("30040 mapped " + REBOUND, "30040 outvoted 192.0.2.1:3478: " + HERE),
                sim.news);
    }

    @Test
    void roundFindsAMappingThatHasBecomeAddressDependent() {
        sim.runUntilMillis(16_000);
        sim.sees(S2, REBOUND);
        sim.sees(S3, "203.0.113.7:50001");
        sim.runUntilMillis(31_000);
        assertEquals(
                List.of(
                        "30040 address-dependent [%s, %s, %s]"
                                .formatted(HERE, REBOUND, "203.0.113.7:50001")),
                sim.news);
    }

    @Test
    void silentServerIsPassedOverUntilItAnswersInARound() {
        sim.silence(S1);
        sim.runUntilMillis(400_000);
        sim.allSee(HERE);
        sim.runUntilMillis(680_000);
        assertEquals(List.of(), sim.news, "one server down is no news");
        assertEquals(List.of(16_500L, 316_500L, 616_500L), sim.roundStarts());
        assertEquals(
                List.of(
                        15_000L, 15_500L, 16_500L, 17_000L, 18_000L, 316_500L, 317_000L, 318_000L,
                        616_500L, 631_500L, 676_500L),
                sim.sentTo(S1));
    }

    @Test
    void errorResponseToARefreshBeginsARoundAtOnce() {
        sim.answersWith(S1, request -> MessageBuilder.to(request, MessageBuilder.ERROR).bytes());
        sim.runUntilMillis(20_000);
        assertEquals(List.of(15_000L, 15_020L), sim.sentTo(S1));
        assertEquals(List.of(15_020L), sim.sentTo(S2));
        assertEquals(List.of(), sim.news);
    }

    @Test
    void outageIsReportedOnceAndEndsSoonAfterTheServersReturn() {
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(300_000);
        assertEquals(List.of("20000 unanswered 0/3"), sim.news);
        // Each ends 3.5 s after its start; then come pauses of 1, 2, 4, 8, 16, 32, 60, 60, 60 s.
        assertEquals(
                List.of(
                        16_500L, 21_000L, 26_500L, 34_000L, 45_500L, 65_000L, 100_500L, 164_000L,
                        227_500L, 291_000L),
                sim.roundStarts());
        sim.sent.clear();
        sim.allSee(HERE);
        sim.runUntilMillis(330_000);
        assertEquals(List.of("20000 unanswered 0/3", "309540 mapped " + HERE), sim.news);
        assertEquals(List.of(309_500L, 309_520L, 309_520L, 309_520L, 324_520L), sim.sentTo(null));
    }

    @Test
    void mappingIsKeptOpenWhileNoServerAnswers() {
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(1_800_000);
        for (int i = 1; i < sim.sent.size(); i++) {
            long gap = sim.sent.get(i).millis() - sim.sent.get(i - 1).millis();
            assertTrue(gap <= 22_500, () -> "silent for " + gap + " ms");
        }
        sim.sent.clear();
        sim.runUntilMillis(1_800_000 + 635_000);
        assertEquals(10 * (9 + 3 * 2), sim.sent.size(), "in ten cycles of 63.5 s");
    }

    @Test
    void oneServerLeftOfThreeIsNoMajorityAndIsNotAskedMoreForIt() {
        sim.silence(S2, S3);
        sim.runUntilMillis(31_499);
        sim.sent.clear();
        sim.runUntilMillis(300_000);
        assertEquals(List.of("35000 unanswered 1/3"), sim.news);
        assertEquals(
                List.of(
                        31_500L, 36_000L, 41_500L, 49_000L, 60_500L, 80_000L, 115_500L, 179_000L,
                        242_500L),
                sim.roundStarts());
        sim.sees(S3, HERE);
        sim.runUntilMillis(400_000);
        assertEquals("mapped " + HERE, sim.news.getLast().replaceFirst("\\d+ ", ""));
    }

    @Test
    void wokenAfterASleepAllServersAreAskedAtOnceOnTheRfcSchedule() {
        sim.silence(S1, S2, S3);
        sim.sleepUntilMillis(20_001);
        assertEquals(List.of(20_001L, 20_001L, 20_001L), sim.sentTo(null));
        sim.runUntilMillis(20_001 + 39_499);
        assertEquals(3 * 7, sim.sent.size());
        sim.sent.clear();
        sim.allSee(RENUMBERED);
        long morning = 8 * 3_600_000;
        sim.sleepUntilMillis(morning);
        assertEquals(List.of(morning, morning, morning), sim.sentTo(null));
        sim.runUntilMillis(morning + 1000);
        assertEquals(morning + 20 + " mapped " + RENUMBERED, sim.news.getLast());
    }

    @Test
    void secondOutageBeginsWithShortPausesAgain() {
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(150_000);
        sim.allSee(HERE);
        sim.runUntilMillis(165_000);
        assertEquals("164020 mapped " + HERE, sim.news.getLast());
        sim.sent.clear();
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(200_000);
        assertEquals(List.of(180_500L, 185_000L, 190_500L, 198_000L), sim.roundStarts());
        assertEquals("184000 unanswered 0/3", sim.news.getLast());
    }

    @Test
    void shortPauseIsNotInterrupted() {
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(64_999);
        assertEquals(2 + 5 * 9, sim.sent.size(), "one refresh and five rounds");
    }

    @Test
    void slowDriverDoesNotLoseARefresh() {
        var fast = new SimServers(Duration.ofSeconds(2));
        fast.allSee(HERE);
        fast.use(S1, S2, S3);
        fast.runUntilMillis(1000);
        fast.silence(S1, S2, S3);
        fast.runUntilMillis(2499);
        fast.sent.clear();
        fast.sleepUntilMillis(4400);
        assertEquals(List.of(4400L, 4400L, 4400L), fast.sentTo(null));
        assertEveryTransactionEnds(fast);
    }

    @Test
    void silentServerHasOneQuestionAtATime() {
        var fast = new SimServers(Duration.ofSeconds(2));
        fast.sees(S1, HERE);
        fast.sees(S2, RENUMBERED);
        fast.use(S1, S2, S3);
        fast.runUntilMillis(120_000);
        assertEveryTransactionEnds(fast);
    }

    private static void assertEveryTransactionEnds(SimServers sim) {
        sim.use();
        // The last round asked nobody.
        long begun = 3 * (sim.counter("rounds") - 1) + sim.counter("refreshes");
        assertEquals(
                begun, sim.counter("answers") + sim.counter("timedOut") + sim.counter("abandoned"));
    }

    @Test
    void timeoutAFewSecondsLateIsAnOrdinaryOne() {
        sim.sleepUntilMillis(19_000);
        assertEquals(List.of(19_000L), sim.sentTo(null));
        sim.runUntilMillis(40_000);
        assertEquals(List.of(19_000L, 34_000L), sim.sentTo(null));
    }

    @Test
    void timeoutThatIsNotDueDoesNothing() {
        var before = sim.discovery.counters();
        sim.sleepUntilMillis(14_999);
        assertEquals(before, sim.discovery.counters());
        assertEquals(List.of(), sim.sentTo(null));
    }

    @Test
    void changedNetworkIsAskedAboutAtOnceAndFormerAnswersNoLongerCount() {
        sim.silence(S1, S2, S3);
        sim.runUntilMillis(15_100);
        byte[] beforeTheChange = sim.sent.getFirst().datagram();
        sim.refresh();
        assertFalse(sim.deliver(S1, SimServers.answer(beforeTheChange, HERE)));
        sim.allSee(RENUMBERED);
        sim.refresh();
        sim.runUntilMillis(15_200);
        assertEquals(List.of("15120 mapped " + RENUMBERED), sim.news);
        assertEquals(1 + 3, sim.counter("abandoned"));
    }
}
