package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;
import natt.core.PreSharedKey;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

class TicketTests {
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final String SECRET = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
    private static final String PLAIN = "natt://" + KEY + "@pc.example.com";

    @Test
    void aTicketIsReadAndWritten() {
        for (String text :
                List.of(
                        PLAIN,
                        PLAIN + "?secret=" + SECRET,
                        PLAIN + "?expires=1800000000",
                        PLAIN + "?secret=" + SECRET + "&expires=1800000000")) {
            assertEquals(text, Ticket.parse(text).text());
        }
        var ticket = Ticket.parse(PLAIN + "?expires=1800000000&secret=" + SECRET);
        assertEquals(NodeKey.parse(KEY), ticket.key());
        assertEquals("pc.example.com", ticket.name());
        assertEquals(Optional.of(PreSharedKey.parse(SECRET)), ticket.secret());
        assertEquals(Optional.of(Instant.ofEpochSecond(1_800_000_000)), ticket.expires());
    }

    @Test
    void aTicketPrintsWithoutItsSecret() {
        var ticket = Ticket.parse(PLAIN + "?secret=" + SECRET + "&expires=1800000000");
        assertEquals(PLAIN + "?expires=1800000000", ticket.toString());
    }

    @Test
    void aTicketExpiresAtItsSecond() {
        var ticket = Ticket.parse(PLAIN + "?expires=1800000000");
        assertFalse(ticket.hasExpired(Instant.ofEpochSecond(1_799_999_999)));
        assertTrue(ticket.hasExpired(Instant.ofEpochSecond(1_800_000_000)));
        assertFalse(Ticket.parse(PLAIN).hasExpired(Instant.MAX));
    }

    @Test
    void namesCountWithoutCaseAndFinalDot() {
        assertEquals(PLAIN, Ticket.parse("NATT://" + KEY + "@PC.Example.com.").text());
    }

    @Test
    void whatIsNoTicketIsRefusedWithoutShowingAnyOfIt() {
        for (String no :
                List.of(
                        "natt://",
                        SECRET,
                        "natt://" + SECRET,
                        "natt://" + SECRET + "x@pc.example.com",
                        PLAIN + "&secret=" + SECRET,
                        PLAIN + "/" + SECRET,
                        PLAIN + "?" + SECRET,
                        PLAIN + "?" + SECRET + "=x",
                        PLAIN + "?secret=" + SECRET + "x",
                        PLAIN + "?secret=" + SECRET + "&secret=" + SECRET,
                        PLAIN + "?secret=" + SECRET + "&",
                        PLAIN + "?expires=" + SECRET,
                        PLAIN + "?secret",
                        PLAIN + "?secret=" + "A".repeat(43),
                        PLAIN + "?expires=-1",
                        PLAIN + "?expires=999999999999",
                        PLAIN + "?port=1",
                        PLAIN + "@" + SECRET,
                        "natt://" + KEY + "@",
                        "natt://" + KEY + "@203.0.113.7",
                        "natt://" + KEY + "@a..b",
                        "natt://" + KEY + "@-a.b",
                        "natt://" + KEY + "@a b",
                        "natt://" + KEY + "@b\u00fccher.example",
                        "natt://" + KEY + "@" + "a".repeat(64),
                        "natt://" + KEY + "@" + "abcdefghi.".repeat(25) + "x")) {
            var refused = assertThrows(IllegalArgumentException.class, () -> Ticket.parse(no), no);
            assertFalse(refused.getMessage().contains(SECRET.substring(0, 20)), no);
            assertEquals(1, refused.getMessage().lines().count(), no);
        }
    }

    @Test
    void anUnknownParameterIsNamed() {
        var refused =
                assertThrows(IllegalArgumentException.class, () -> Ticket.parse(PLAIN + "?port=1"));
        assertTrue(refused.getMessage().contains("'port'"), refused.getMessage());
    }

    @Test
    void whatBeginsLikeATicketIsMeantToBeOne() {
        assertTrue(Ticket.looksLikeTicket("natt://nonsense"));
        assertTrue(Ticket.looksLikeTicket("Natt://"));
        assertFalse(Ticket.looksLikeTicket("natt.example.com"));
        assertFalse(Ticket.looksLikeTicket("natt:/"));
    }

    @Test
    void aTicketMayNameABroker() {
        String text =
                "natt://%s@pc.example.com?expires=7&b=%s@[2001:db8::1]:30000".formatted(KEY, KEY);
        Ticket ticket = Ticket.parse(text);
        assertEquals(text, ticket.toString());
        assertEquals(30_000, ticket.broker().orElseThrow().place().port());
        assertThrows(
                IllegalArgumentException.class,
                () -> Ticket.parse("natt://%s@pc.example.com?b=@".formatted(KEY)));
    }
}
