package natt.core.status;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.NodeKey;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.List;

class RefusalsTests {
    private static final long SECOND = 1_000_000_000L;

    private final Refusals refusals = new Refusals();

    private List<String> at(long nowNanos) {
        return refusals.reports(nowNanos).stream().map(Report::toJson).toList();
    }

    @Test
    void equalRefusalsAreOneEntryAndTheLatestComesFirst() {
        InetAddress address = InetAddress.ofLiteral("192.0.2.1");
        NodeKey key = NodeKey.of(new byte[NodeKey.LENGTH]);
        refusals.note("full", address, 0);
        refusals.note("expired", key, SECOND);
        refusals.note("full", address, 2 * SECOND);
        assertEquals(
                List.of(
                        "{\"reason\":\"full\",\"who\":\"192.0.2.1\",\"count\":2,\"agoSeconds\":1}",
                        "{\"reason\":\"expired\",\"who\":\"%s\",\"count\":1,\"agoSeconds\":2}"
                                .formatted(key)),
                at(3 * SECOND));
    }

    @Test
    void theClockMayWrap() {
        refusals.note("full", "a", Long.MAX_VALUE);
        assertEquals(
                List.of("{\"reason\":\"full\",\"who\":\"a\",\"count\":1,\"agoSeconds\":7}"),
                at(Long.MAX_VALUE + 7 * SECOND));
    }

    @Test
    void theEntryThatWasLongestAgoMakesRoom() {
        for (int i = 0; i < 64; i++) {
            refusals.note("full", "peer " + i, i);
        }
        refusals.note("full", "peer 0", 100);
        refusals.note("full", "peer 64", 101);
        List<String> all = at(101);
        assertEquals(64, all.size());
        assertEquals(
                "{\"reason\":\"full\",\"who\":\"peer 64\",\"count\":1,\"agoSeconds\":0}",
                all.get(0));
        assertEquals(
                "{\"reason\":\"full\",\"who\":\"peer 0\",\"count\":2,\"agoSeconds\":0}",
                all.get(1));
        assertEquals(
                "{\"reason\":\"full\",\"who\":\"peer 2\",\"count\":1,\"agoSeconds\":0}",
                all.getLast());
    }

    @Test
    void foreignTextIsCutAndEscapedWhereItIsWritten() {
        refusals.note("no service '\n'", "x".repeat(100_000), 0);
        assertEquals(
                List.of(
                        "{\"reason\":\"no service '\\u000a'\",\"who\":\"%s\",\"count\":1,\"agoSeconds\":0}"
                                .formatted("x".repeat(200))),
                at(0));
    }
}
