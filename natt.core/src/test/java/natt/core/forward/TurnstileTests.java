package natt.core.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.forward.Turnstile.Limits;
import natt.core.forward.Turnstile.Pass;
import natt.core.spi.Engine;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class TurnstileTests {
    private static final long SECOND = 1_000_000_000;
    private static final InetAddress ALICE = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress BOB = InetAddress.ofLiteral("192.0.2.2");

    private final Turnstile turnstile = new Turnstile(new Limits(4, 2, Duration.ofSeconds(30), 5));
    private final List<String> entered = new ArrayList<>();
    private final List<Pass> passes = new ArrayList<>();

    private boolean queue(String name, InetAddress source) {
        return queue(name, source, false);
    }

    private boolean queue(String name, InetAddress source, boolean trusted) {
        return turnstile.queue(
                source,
                trusted,
                pass -> {
                    entered.add(name);
                    passes.add(pass);
                });
    }

    @Test
    void aSourceHasSoManyYoungConnectionsAndOthersPassIt() {
        for (String name : List.of("a1", "a2", "a3")) {
            assertTrue(queue(name, ALICE));
        }
        queue("b1", BOB);
        assertEquals(30 * SECOND, turnstile.serve(0));
        assertEquals(List.of("a1", "a2", "b1"), entered);
        assertEquals(1, turnstile.waiting());
    }

    @Test
    void whoeverWaitsEntersWhenAConnectionIsNoLongerYoung() {
        queue("a1", ALICE);
        turnstile.serve(0);
        queue("a2", ALICE);
        turnstile.serve(10 * SECOND);
        queue("a3", ALICE);
        assertEquals(10 * SECOND, turnstile.serve(20 * SECOND));
        turnstile.serve(30 * SECOND - 1);
        assertEquals(List.of("a1", "a2"), entered);
        turnstile.serve(30 * SECOND);
        assertEquals(List.of("a1", "a2", "a3"), entered);
    }

    @Test
    void whoeverWaitsEntersWhenAnotherHasLeft() {
        queue("a1", ALICE);
        queue("a2", ALICE);
        queue("a3", ALICE);
        turnstile.serve(0);
        passes.getFirst().giveBack();
        assertEquals(Engine.NEVER, turnstile.serve(1));
        assertEquals(List.of("a1", "a2", "a3"), entered);
    }

    @Test
    void allSourcesTogetherHaveALimit() {
        for (int i = 1; i <= 5; i++) {
            queue("s" + i, InetAddress.ofLiteral("198.51.100." + i));
        }
        turnstile.serve(0);
        assertEquals(List.of("s1", "s2", "s3", "s4"), entered);
        assertEquals(4, turnstile.young());
        assertEquals(1, turnstile.waiting());
    }

    @Test
    void theTrustedWaitForNobodyAndStandInNobodysWay() {
        for (int i = 1; i <= 4; i++) {
            queue("s" + i, InetAddress.ofLiteral("198.51.100." + i));
            turnstile.serve(0);
            queue("t" + i, ALICE, true);
            turnstile.serve(0);
        }
        assertEquals(List.of("s1", "t1", "s2", "t2", "s3", "t3", "s4", "t4"), entered);
    }

    @Test
    void onlySoManyWait() {
        for (int i = 0; i < 5; i++) {
            assertTrue(queue("w" + i, ALICE));
        }
        assertFalse(queue("one too many", BOB));
    }

    @Test
    void theSubscribersOfOneIpv6NetworkAreOneSource() {
        Object one = Turnstile.source(InetAddress.ofLiteral("2001:db8:0:1::1"));
        assertEquals(one, Turnstile.source(InetAddress.ofLiteral("2001:db8:0:1:ffff::2")));
        assertFalse(one.equals(Turnstile.source(InetAddress.ofLiteral("2001:db8:0:2::1"))));
    }
}
