package natt.launcher;

import org.jspecify.annotations.Nullable;

import java.io.PrintStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.text.MessageFormat;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.ResourceBundle;

/// Writes each event as one line to standard error, as text or as JSON.
public final class LineLoggerFinder extends System.LoggerFinder {

    /// How lines look.
    enum Format {
        TEXT,
        JSON
    }

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

        private static String fill(String pattern, @Nullable Object[] parameters) {
            // Numbers are shown as they are, without the grouping of a locale.
            var shown = new Object[parameters.length];
            for (int i = 0; i < shown.length; i++) {
                shown[i] = String.valueOf(parameters[i]);
            }
            return MessageFormat.format(pattern.replace("'", "''"), shown);
        }
    }

    private static void write(PrintStream out, Level level, String message) {
        String time = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        String line = oneLine(message);
        out.println(
                switch (format) {
                    case TEXT -> "%s %-7s %s".formatted(time, level, line);
                    case JSON ->
                            "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}"
                                    .formatted(
                                            time,
                                            level.name().toLowerCase(Locale.ROOT),
                                            json(line));
                });
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
