package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.NodeKey;
import natt.core.spi.NameLookup.Answer;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class OwnRecordWatchTests {
    private static final long MINUTE = 60_000_000_000L;

    private final List<String> done = new ArrayList<>();
    private long publishedFor = MINUTE;
    private final OwnRecordWatch watch =
            new OwnRecordWatch(
                    "pc.example.com",
                    key(1),
                    (name, type, source) -> new Answer.TimedOut(),
                    new OwnRecordWatch.Remedy() {
                        @Override
                        public long publishedFor(long nowNanos) {
                            return publishedFor;
                        }

                        @Override
                        public void overwrite() {
                            done.add("overwrite");
                        }

                        @Override
                        public void giveUp() {
                            done.add("give up");
                        }
                    });

    private static NodeKey key(int first) {
        var bytes = new byte[NodeKey.LENGTH];
        bytes[0] = (byte) first;
        return NodeKey.of(bytes);
    }

    @Test
    void theOwnKeyIsLeftAlone() {
        watch.seen(key(1), 0);
        assertEquals(List.of(), done);
    }

    @Test
    void aForeignKeyThatComesBackSoonIsASecondNode() {
        watch.seen(key(2), 0);
        watch.seen(key(1), MINUTE);
        assertEquals(List.of("overwrite"), done);
        watch.seen(key(2), 10 * MINUTE - 1);
        assertEquals(List.of("overwrite", "give up"), done);
    }

    @Test
    void aForeignKeyThatCouldNotBeOverwrittenYetIsNoSecondNode() {
        publishedFor = -1;
        watch.seen(key(2), 0);
        watch.seen(key(2), MINUTE);
        watch.seen(key(2), 2 * MINUTE);
        publishedFor = MINUTE / 2 - 1;
        watch.seen(key(2), 3 * MINUTE);
        assertEquals(List.of("overwrite"), done);
        publishedFor = MINUTE / 2;
        watch.seen(key(2), 4 * MINUTE);
        assertEquals(List.of("overwrite", "give up"), done);
    }

    @Test
    void aForeignKeyThatComesBackLateIsOverwrittenAgain() {
        watch.seen(key(2), 0);
        watch.seen(key(2), 10 * MINUTE);
        assertEquals(List.of("overwrite", "overwrite"), done);
    }
}
