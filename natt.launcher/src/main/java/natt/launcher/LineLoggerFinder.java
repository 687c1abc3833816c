package natt.launcher;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Locale;
import java.util.ResourceBundle;

/// Writes each event as one line to standard error, as text or as JSON.
public final class LineLoggerFinder extends System.LoggerFinder {

    /// How lines look.
    enum Format {
        TEXT,
        JSON
    }

    private static final long SECONDS_OF_DAY = 86_400;

    private static volatile Level threshold = Level.INFO;
    private static volatile Format format = Format.TEXT;

    public LineLoggerFinder() {}

    static void configure(Level least, Format wanted) {
        threshold = least;
        format = wanted;
    }

    @Override
    public Logger getLogger(String name, Module module) {
        return new LineLogger(name);
    }

    private record LineLogger(String name) implements Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            Level least = name.equals("natt") ? threshold : Level.ERROR;
            return level.getSeverity() >= least.getSeverity();
        }

        @Override
        public void log(
                Level level,
                @Nullable ResourceBundle bundle,
                @Nullable String message,
                @Nullable Throwable thrown) {
            if (isLoggable(level)) {
                String why = thrown == null ? "" : ": " + thrown;
                write(System.err, level, message + why);
            }
        }

        @Override
        public void log(
                Level level,
                @Nullable ResourceBundle bundle,
                @Nullable String pattern,
                @Nullable Object... parameters) {
            if (isLoggable(level) && pattern != null) {
                boolean plain = parameters == null || parameters.length == 0;
                write(System.err, level, plain ? pattern : fill(pattern, parameters));
            }
        }

        /// Puts the parameters in place of `{0}` and so on, numbers as they are, without the
        /// grouping of a locale. `MessageFormat` would take longer to load than a lookup takes.
        private static String fill(String pattern, @Nullable Object[] parameters) {
            var out = new StringBuilder(pattern.length() + 64);
            for (int i = 0; i < pattern.length(); i++) {
                char c = pattern.charAt(i);
                int close = c == '{' ? pattern.indexOf('}', i) : -1;
                int index = close == i + 2 ? pattern.charAt(i + 1) - '0' : -1;
                if (index >= 0 && index < parameters.length) {
                    out.append(parameters[index]);
                    i = close;
                } else {
                    out.append(c);
                }
            }
            return out.toString();
        }
    }

    private static void write(PrintStream out, Level level, String message) {
        String time = time(Instant.now());
        String line = oneLine(message);
        out.println(
                switch (format) {
                    case TEXT -> padded(time + " " + level, time.length() + 8) + " " + line;
                    case JSON ->
                            "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}"
                                    .formatted(
                                            time,
                                            level.name().toLowerCase(Locale.ROOT),
                                            json(line));
                });
    }

    /// As ISO 8601 says, in milliseconds and UTC, without the formatters of `java.time`, which take
    /// longer to load than all else that a line needs.
    static String time(Instant instant) {
        long seconds = instant.getEpochSecond();
        int ofDay = (int) Math.floorMod(seconds, SECONDS_OF_DAY);
        var out = new StringBuilder(24);
        out.append(LocalDate.ofEpochDay(Math.floorDiv(seconds, SECONDS_OF_DAY)));
        digits(out.append('T'), ofDay / 3600, 10);
        digits(out.append(':'), ofDay / 60 % 60, 10);
        digits(out.append(':'), ofDay % 60, 10);
        digits(out.append('.'), instant.getNano() / 1_000_000, 100);
        return out.append('Z').toString();
    }

    private static void digits(StringBuilder out, int value, int first) {
        for (int unit = first; unit > 0; unit /= 10) {
            out.append((char) ('0' + value / unit % 10));
        }
    }

    private static String padded(String text, int length) {
        return text + " ".repeat(Math.max(0, length - text.length()));
    }

    /// The text without what could end the line or steer a terminal. What is foreign in it has been
    /// escaped before; this is for what slipped through.
    static String oneLine(String text) {
        if (text.chars().noneMatch(LineLoggerFinder::steers)) {
            return text;
        }
        var out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (steers(c)) {
                out.append("\\x%02x".formatted((int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static boolean steers(int c) {
        return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
    }

    /// The content of a JSON string, of text that is one line.
    private static String json(String text) {
        var out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\');
            }
            out.append(c);
        }
        return out.toString();
    }
}
