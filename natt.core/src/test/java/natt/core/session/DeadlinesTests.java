package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import natt.core.Identity;
import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;

class DeadlinesTests {
    /// Shortly before times wrap.
    private static final long NOW = Long.MAX_VALUE - 50;

    private final Random random = new Random(2);
    private final Deadlines deadlines = new Deadlines();
    private final SessionEngine engine =
            new SessionEngine(
                    new SessionEngine.Config(
                            Identity.generate(random),
                            PreSharedKey.NONE,
                            List.of(),
                            Optional.empty(),
                            random),
                    NOW);

    private Session session() {
        return engine.callBroker(Identity.generate(random).publicKey(), PreSharedKey.NONE, NOW);
    }

    @Test
    void theSessionWithTheLeastWaitIsFirstWhateverIsMovedOrRemoved() {
        var waits = new ArrayList<Long>();
        var sessions = new ArrayList<Session>();
        for (int i = 0; i < 60; i++) {
            sessions.add(session());
            waits.add(Long.MAX_VALUE);
        }
        for (int i = 0; i < 5000; i++) {
            int which = random.nextInt(sessions.size());
            boolean never = random.nextInt(4) == 0;
            waits.set(which, never ? Long.MAX_VALUE : random.nextLong(1000));
            deadlines.put(sessions.get(which), waits.get(which), NOW);
            long least = waits.stream().min(Comparator.naturalOrder()).orElseThrow();
            Session first = deadlines.first();
            long found = first == null ? Long.MAX_VALUE : waits.get(sessions.indexOf(first));
            assertEquals(least, found, "after %d changes".formatted(i));
            assertEquals(waits.stream().filter(w -> w != Long.MAX_VALUE).count(), deadlines.size());
        }
    }

    @Test
    void aSessionThatIsNotThereCanBeRemoved() {
        Session session = session();
        deadlines.remove(session);
        deadlines.put(session, 5, NOW);
        deadlines.remove(session);
        deadlines.remove(session);
        assertNull(deadlines.first());
    }
}
