package natt.core.keys;

import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

import java.time.Instant;

/// Any text is a time, or refused in one line; a time is read again from how it prints.
public final class ExpiryFuzzer {
    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    private ExpiryFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String text = new Input(bytes).text();
        try {
            Instant at = Expiry.parse(text);
            if (!Expiry.parse(text, NOW).equals(at)) {
                throw new AssertionError("two times: " + at);
            }
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
        }
        try {
            Instant at = Expiry.parse(text, NOW);
            if (at.equals(NOW)) {
                TextFuzzer.requirePrintable(at.toString());
            }
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
        }
    }
}
