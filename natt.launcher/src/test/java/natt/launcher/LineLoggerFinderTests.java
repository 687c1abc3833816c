package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

class LineLoggerFinderTests {
    private final PrintStream standard = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Logger log =
            new LineLoggerFinder().getLogger("natt", LineLoggerFinder.class.getModule());

    @BeforeEach
    void redirect() {
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setErr(standard);
        LineLoggerFinder.configure(Level.INFO, LineLoggerFinder.Format.TEXT);
    }

    private String line() {
        String text = written.toString(StandardCharsets.UTF_8);
        assertEquals(text.length() - 1, text.indexOf('\n'), text);
        return text;
    }

    @Test
    void bracesAndQuotesInForeignTextAreShownAsTheyAre() {
        log.log(Level.WARNING, "it's {0} of {1}", "{1} '{'", 1_234_567);
        assertTrue(line().endsWith("it's {1} '{' of 1234567\n"), line());
    }

    @Test
    void aFaultIsOneLineWithoutControlCharacters() {
        log.log(Level.ERROR, "failed", new IllegalStateException("a\r\n\u001b[2J\u009b\u2028b"));
        assertTrue(line().endsWith("a\\x0d\\x0a\\x1b[2J\\x9b\\x2028b\n"), line());
    }

    @Test
    void aJsonLineHoldsTheSameTextEscapedOnce() {
        LineLoggerFinder.configure(Level.INFO, LineLoggerFinder.Format.JSON);
        log.log(Level.INFO, "{0}", "a\"b\\\u009bc");
        assertTrue(line().contains("\"message\":\"a\\\"b\\\\\\\\x9bc\"}"), line());
    }

    @Test
    void aTimeHasItsMillisecondsAlways() {
        for (String time :
                List.of(
                        "2026-11-21T00:00:00.000Z",
                        "2026-11-21T20:05:09.007Z",
                        "1969-12-31T23:59:59.999Z")) {
            assertEquals(time, LineLoggerFinder.time(Instant.parse(time)));
        }
    }
}
