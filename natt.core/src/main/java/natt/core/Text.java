package natt.core;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// What every module needs to show a person text that somebody else wrote.
public final class Text {
    /// The longest text that [#escape] returns, in UTF-16 units.
    public static final int LONGEST_ESCAPED = 200;

    private static final String CUT = "...";
    private static final HexFormat HEX = HexFormat.of();

    private Text() {}

    /// Makes a foreign string fit for one line of a log or a terminal.
    ///
    /// Control characters (C0, DEL, C1), line and paragraph separators, invisible formatting
    /// (bidirectional overrides among it), private, unassigned and unpaired code points become
    /// `\xNN`, one for each byte of their UTF-8 form; a backslash is doubled, so that no text
    /// can pretend to have been escaped. An unpaired surrogate, which UTF-8 cannot write, is
    /// shown as U+FFFD. What does not fit in [#LONGEST_ESCAPED] is cut between two characters
    /// and ends in `...`. Escape once: a second pass doubles the backslashes.
    public static String escape(String foreign) {
        var out = new StringBuilder(Math.min(foreign.length(), LONGEST_ESCAPED) + 16);
        int end = 0;
        for (int at = 0; at < foreign.length(); ) {
            int codePoint = foreign.codePointAt(at);
            at += Character.charCount(codePoint);
            append(out, codePoint);
            if (out.length() <= LONGEST_ESCAPED - CUT.length()) {
                end = out.length();
            } else if (out.length() > LONGEST_ESCAPED) {
                out.setLength(end);
                return out.append(CUT).toString();
            }
        }
        return out.toString();
    }

    private static void append(StringBuilder out, int codePoint) {
        if (codePoint == '\\') {
            out.append("\\\\");
        } else if (isHarmless(codePoint)) {
            out.appendCodePoint(codePoint);
        } else {
            boolean unpaired = Character.getType(codePoint) == Character.SURROGATE;
            String text = unpaired ? "\ufffd" : Character.toString(codePoint);
            for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
                out.append("\\x");
                HEX.toHexDigits(out, each);
            }
        }
    }

    private static boolean isHarmless(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.PRIVATE_USE,
                    Character.SURROGATE,
                    Character.UNASSIGNED ->
                    false;
            default -> true;
        };
    }
}
