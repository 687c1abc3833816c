package natt.core.keys;

import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

import java.nio.charset.StandardCharsets;

/// Any text is a ticket or refused in one line, and a ticket says again what it was read from.
public final class TicketFuzzer {
    private TicketFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new Input(bytes).text();
        Ticket ticket;
        try {
            ticket = Ticket.parse(text);
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
            return;
        }
        if (!Ticket.looksLikeTicket(text) || !Ticket.parse(ticket.text()).equals(ticket)) {
            throw new AssertionError("another ticket: " + ticket);
        }
        if (ticket.text().getBytes(StandardCharsets.US_ASCII).length != ticket.text().length()) {
            throw new AssertionError("not plain: " + ticket);
        }
        if (ticket.toString().contains("secret=")) {
            throw new AssertionError("shows the secret");
        }
    }
}
