package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.List;

class ExpiryTests {
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @Test
    void aDateIsItsFirstMomentInUtc() {
        assertEquals(Instant.parse("2026-12-31T00:00:00Z"), Expiry.parse("2026-12-31"));
    }

    @Test
    void aTimeMayHaveAnOffset() {
        var expected = Instant.parse("2026-12-31T16:30:00Z");
        assertEquals(expected, Expiry.parse("2026-12-31T16:30:00Z"));
        assertEquals(expected, Expiry.parse("2026-12-31T18:30:00+02:00"));
    }

    @Test
    void aTermCountsFromNow() {
        assertEquals(Instant.parse("2026-11-21T11:30:00Z"), Expiry.parse("90m", NOW));
        assertEquals(Instant.parse("2026-11-21T22:00:00Z"), Expiry.parse("12h", NOW));
        assertEquals(Instant.parse("2026-12-21T10:00:00Z"), Expiry.parse("30d", NOW));
        assertEquals(Instant.parse("2026-12-19T10:00:00Z"), Expiry.parse("4w", NOW));
        assertEquals(Instant.parse("2027-01-01T00:00:00Z"), Expiry.parse("2027-01-01", NOW));
    }

    @Test
    void whatIsNoTimeIsRefusedInOneLine() {
        for (String no :
                List.of(
                        "",
                        "30",
                        "0d",
                        "-1d",
                        "2026-13-01",
                        "2026-02-30",
                        "31.12.2026",
                        "never",
                        "2026-12-31T18:00:00",
                        "9999999d",
                        "1y",
                        "\u001b[2J")) {
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> Expiry.parse(no, NOW), no);
            assertTrue(refused.getMessage().chars().noneMatch(c -> c < ' '), no);
        }
    }
}
