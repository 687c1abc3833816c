package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.session.Session.State;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;

class PeerSessionsTests {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    private static final InetSocketAddress PATH =
            new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 41_233);

    private long now = Long.MAX_VALUE - 3 * SECOND;

    private final class FakeLine implements PeerSessions.Line {
        private final boolean begunHere;
        private State state = State.CONNECTING;
        private long heardAt = now;
        private @Nullable CloseCode closed;

        FakeLine(boolean begunHere) {
            this.begunHere = begunHere;
        }

        @Override
        public boolean begunHere() {
            return begunHere;
        }

        @Override
        public State state() {
            return state;
        }

        @Override
        public long silent(long nowNanos) {
            return nowNanos - heardAt;
        }

        @Override
        public void close(CloseCode why, long nowNanos) {
            closed = why;
            state = State.CLOSED;
        }

        Optional<CloseCode> closed() {
            return Optional.ofNullable(closed);
        }
    }

    private PeerSessions<FakeLine> sessions = of(true);

    private PeerSessions<FakeLine> of(boolean smaller) {
        return new PeerSessions<>(smaller, true, new Random(1), now);
    }

    private void pass(long nanos) {
        now += nanos;
    }

    private FakeLine call() {
        var line = new FakeLine(true);
        sessions.add(line);
        return line;
    }

    private void up(FakeLine line) {
        line.state = State.UP;
        line.heardAt = now;
        sessions.happened(line, new SessionEvent.Established(PATH), now);
    }

    private FakeLine called() {
        var line = new FakeLine(false);
        sessions.add(line);
        up(line);
        return line;
    }

    private FakeLine calledAndUp() {
        FakeLine line = call();
        up(line);
        return line;
    }

    private void hear(FakeLine... lines) {
        for (FakeLine each : lines) {
            each.heardAt = now;
        }
        sessions.review(now);
    }

    private void doubt(FakeLine line) {
        sessions.happened(line, new SessionEvent.Doubtful(Duration.ofSeconds(2)), now);
    }

    private void suspend(FakeLine line) {
        line.state = State.SUSPENDED;
        sessions.happened(line, new SessionEvent.Suspended(Duration.ofSeconds(15)), now);
    }

    private void end(FakeLine line, CloseReason reason) {
        line.state = State.CLOSED;
        sessions.happened(line, new SessionEvent.Closed(reason), now);
    }

    private static CloseReason noAnswer() {
        return new CloseReason.NoAnswer(Duration.ofSeconds(15));
    }

    // ---- calling

    @Test
    void aPeerIsCalledAtOnceAndOnlyOnce() {
        assertTrue(sessions.isCallDue(now));
        call();
        assertFalse(sessions.isCallDue(now));
        assertEquals(Engine.NEVER, sessions.nanosUntilCall(now));
    }

    @Test
    void pausesBetweenCallsInVainDoubleUpToFifteenSeconds() {
        for (long most : new long[] {1, 2, 4, 8, 15, 15}) {
            assertTrue(sessions.isCallDue(now));
            end(call(), noAnswer());
            long pause = sessions.nanosUntilCall(now);
            assertTrue(pause <= most * SECOND && pause > most * SECOND * 3 / 4, "" + pause);
            assertFalse(sessions.isCallDue(now));
            pass(pause);
        }
    }

    @Test
    void newsOfThePeerEndThePause() {
        end(call(), noAnswer());
        sessions.hurry(now);
        assertTrue(sessions.isCallDue(now));
        end(call(), noAnswer());
        assertTrue(sessions.nanosUntilCall(now) <= SECOND);
    }

    @Test
    void aPeerThatHasForgottenALongSessionIsCalledAtOnce() {
        FakeLine line = calledAndUp();
        pass(5 * SECOND);
        end(line, new CloseReason.PeerRestarted());
        assertTrue(sessions.isCallDue(now));
    }

    @Test
    void aPeerThatEndsSessionsAtOnceIsNotCalledInALoop() {
        for (long least : new long[] {750, 1500, 3000}) {
            FakeLine line = calledAndUp();
            pass(100 * MILLI);
            end(line, new CloseReason.SessionClosed(CloseCode.UNKNOWN_KEY));
            assertTrue(sessions.nanosUntilCall(now) >= least * MILLI);
            pass(sessions.nanosUntilCall(now));
        }
    }

    @Test
    void aPeerThatStopsIsCalledASecondLater() {
        FakeLine line = called();
        pass(60 * SECOND);
        end(line, new CloseReason.SessionClosed(CloseCode.SHUTTING_DOWN));
        assertNull(sessions.serving());
        assertFalse(sessions.isCallDue(now));
        pass(SECOND);
        assertTrue(sessions.isCallDue(now));
    }

    @Test
    void aPeerThatHasASessionIsNotCalled() {
        called();
        assertFalse(sessions.isCallDue(now));
    }

    @Test
    void aPeerWhoseOwnSessionHasLostItsPathIsCalled() {
        FakeLine line = called();
        pass(20 * SECOND);
        suspend(line);
        assertNull(sessions.serving());
        assertTrue(sessions.isCallDue(now));
    }

    @Test
    void aSessionBegunHereThatHasLostItsPathLooksForOneItself() {
        suspend(calledAndUp());
        assertNull(sessions.serving());
        assertFalse(sessions.isCallDue(now));
    }

    @Test
    void whoOnlyWaitsCallsNobody() {
        sessions = new PeerSessions<>(true, false, new Random(1), now);
        assertFalse(sessions.isCallDue(now));
        sessions.hurry(now);
        assertEquals(Engine.NEVER, sessions.nanosUntilCall(now));
    }

    // ---- two that call each other

    @Test
    void ofTwoTheOneBegunByTheSmallerKeyStays() {
        FakeLine ours = call();
        FakeLine theirs = called();
        assertEquals(theirs, sessions.serving());
        assertTrue(ours.closed().isEmpty());
        pass(50 * MILLI);
        up(ours);
        assertEquals(ours, sessions.serving());
        pass(PeerSessions.HANDOVER + 1);
        hear(ours, theirs);
        assertEquals(Optional.of(CloseCode.REPLACED), theirs.closed());
        assertTrue(ours.closed().isEmpty());
        assertEquals(1, sessions.lines().size());
    }

    @Test
    void theOtherSideKeepsTheSameOne() {
        sessions = of(false);
        FakeLine ours = calledAndUp();
        pass(50 * MILLI);
        FakeLine theirs = called();
        assertEquals(theirs, sessions.serving());
        pass(PeerSessions.HANDOVER + 1);
        hear(theirs);
        assertEquals(Optional.of(CloseCode.REPLACED), ours.closed());
    }

    @Test
    void theLargerKeysCallEndsAsSoonAsTheSmallersIsThere() {
        sessions = of(false);
        FakeLine ours = call();
        called();
        assertEquals(Optional.of(CloseCode.REPLACED), ours.closed());
    }

    @Test
    void noneIsClosedBeforeTheOneThatServesHasBeenHeardForAWhile() {
        FakeLine ours = call();
        FakeLine theirs = called();
        up(ours);
        for (int i = 0; i < 20; i++) {
            pass(100 * MILLI);
            hear(ours);
            assertTrue(theirs.closed().isEmpty());
        }
        pass(10 * SECOND);
        sessions.review(now);
        assertTrue(theirs.closed().isEmpty());
        hear(ours);
        assertTrue(theirs.closed().isPresent());
    }

    @Test
    void theOneThatStaysIsNotClosedWhileNothingIsHeardOfIt() {
        FakeLine ours = calledAndUp();
        pass(10 * MILLI);
        FakeLine theirs = called();
        for (int i = 0; i < 50; i++) {
            pass(100 * MILLI);
            hear(theirs);
        }
        assertTrue(ours.closed().isEmpty());
        hear(ours);
        assertEquals(ours, sessions.serving());
    }

    // ---- peers that were restarted

    @Test
    void aRestartedPeersSessionServesAtOnceThoughAnotherShouldStay() {
        FakeLine old = calledAndUp();
        pass(60 * SECOND);
        FakeLine fresh = called();
        assertEquals(fresh, sessions.serving());
        pass(3 * SECOND);
        hear(fresh);
        assertTrue(old.closed().isEmpty());
        doubt(old);
        assertEquals(Optional.of(CloseCode.REPLACED), old.closed());
        assertEquals(fresh, sessions.serving());
    }

    @Test
    void ofTwoBegunByOneSideTheNewerServesAndStays() {
        FakeLine old = called();
        pass(60 * SECOND);
        FakeLine fresh = called();
        assertEquals(fresh, sessions.serving());
        pass(PeerSessions.HANDOVER + 1);
        hear(fresh);
        assertTrue(old.closed().isPresent());
    }

    @Test
    void aSuspendedSessionGivesWayAtOnce() {
        FakeLine old = calledAndUp();
        pass(20 * SECOND);
        suspend(old);
        FakeLine fresh = called();
        assertEquals(fresh, sessions.serving());
        assertEquals(Optional.of(CloseCode.REPLACED), old.closed());
    }

    @Test
    void aSessionInDoubtGivesWayToOneThatIsNot() {
        FakeLine theirs = called();
        FakeLine ours = calledAndUp();
        pass(SECOND);
        hear(theirs);
        doubt(ours);
        assertEquals(theirs, sessions.serving());
        assertTrue(ours.closed().isPresent());
    }

    @Test
    void oneThatWasInDoubtServesAgainWhenItIsHeard() {
        FakeLine only = called();
        doubt(only);
        assertEquals(only, sessions.serving());
        pass(SECOND);
        hear(only);
        FakeLine second = called();
        assertEquals(second, sessions.serving());
        assertTrue(only.closed().isEmpty());
    }

    @Test
    void theLastOneServesWhenTheOtherEnds() {
        FakeLine theirs = called();
        FakeLine ours = calledAndUp();
        assertEquals(ours, sessions.serving());
        end(ours, new CloseReason.PeerRestarted());
        assertEquals(theirs, sessions.serving());
        assertFalse(sessions.isCallDue(now));
    }

    @Test
    void newsOfASessionThatIsGoneChangeNothing() {
        FakeLine theirs = called();
        FakeLine stranger = new FakeLine(true);
        end(stranger, noAnswer());
        assertEquals(theirs, sessions.serving());
    }

    @Test
    void theEndClosesAll() {
        FakeLine theirs = called();
        FakeLine ours = call();
        sessions.close(CloseCode.SHUTTING_DOWN, now);
        assertEquals(Optional.of(CloseCode.SHUTTING_DOWN), theirs.closed());
        assertEquals(Optional.of(CloseCode.SHUTTING_DOWN), ours.closed());
        assertNull(sessions.serving());
    }
}
