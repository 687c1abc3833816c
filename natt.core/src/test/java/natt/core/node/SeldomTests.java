package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SeldomTests {
    private static final long SECOND = 1_000_000_000;

    private final Seldom seldom = new Seldom(2);

    @Test
    void whatIsTooMuchForOneMinuteIsCountedInTheNext() {
        assertEquals("a", seldom.say("a", 0));
        assertEquals("b", seldom.say("b", SECOND));
        assertEquals("", seldom.say("c", 2 * SECOND));
        assertEquals("", seldom.say("d", 59 * SECOND));
        assertEquals("e (and 2 more before)", seldom.say("e", 60 * SECOND));
        assertEquals("f", seldom.say("f", 61 * SECOND));
    }
}
