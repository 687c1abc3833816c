package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

class WgRunTests {
    private final WgRun run = new WgRun();
    private final AtomicInteger closed = new AtomicInteger();
    private final CompletableFuture<String> failure = new CompletableFuture<>();

    private boolean keep() {
        return run.keep(closed::incrementAndGet, failure);
    }

    @Test
    void aStopBeforeAnythingWorksIsOrderly() {
        assertTrue(run.end());
        assertFalse(keep());
        assertEquals(0, closed.get());
    }

    @Test
    void aStopClosesWhatWorks() {
        assertTrue(keep());
        assertTrue(run.end());
        assertEquals(1, closed.get());
    }

    @Test
    void whatIsDoneIsClosedButNotStopped() throws Exception {
        assertEquals(0, run.call(() -> keep() ? 0 : 1));
        assertFalse(run.end());
        assertEquals(1, closed.get());
    }

    @Test
    void whatHasFailedIsNotStopped() {
        assertThrows(
                IOException.class,
                () ->
                        run.call(
                                () -> {
                                    throw new IOException("no such interface");
                                }));
        assertFalse(run.end());
        assertTrue(new WgRun().end());
    }

    @Test
    void aFailureThatNobodyHasSeenYetIsOne() {
        assertTrue(keep());
        failure.complete("another key");
        assertFalse(run.end());
        assertEquals(1, closed.get());
    }
}
