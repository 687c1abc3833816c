package natt.core.keys;

import natt.core.Text;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;

/// When a permission ends, as users write it.
public final class Expiry {
    private static final Pattern TERM = Pattern.compile("([1-9][0-9]{0,5})([mhdw])");

    private Expiry() {}

    /// Reads a date, which is its first moment in UTC, or an instant (RFC 3339).
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static Instant parse(String text) {
        try {
            return text.length() <= "2026-12-31".length()
                    ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC)
                    : OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException neither) {
            throw new IllegalArgumentException(
                    "'%s' is not a date like 2026-12-31 or a time like 2026-12-31T18:00:00Z"
                            .formatted(Text.escape(text)));
        }
    }

    /// Reads a date, an instant, or a time from now on: `90m`, `12h`, `30d`, `4w`.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static Instant parse(String text, Instant now) {
        var term = TERM.matcher(text);
        if (!term.matches()) {
            try {
                return parse(text);
            } catch (IllegalArgumentException none) {
                throw new IllegalArgumentException(none.getMessage() + ", nor a term like 30d");
            }
        }
        long count = Long.parseLong(term.group(1));
        Duration length =
                switch (term.group(2)) {
                    case "m" -> Duration.ofMinutes(count);
                    case "h" -> Duration.ofHours(count);
                    case "d" -> Duration.ofDays(count);
                    default -> Duration.ofDays(7 * count);
                };
        return now.plus(length);
    }
}
