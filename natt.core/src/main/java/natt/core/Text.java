package natt.core;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// Text that somebody else wrote, or will read: escaped for a person, quoted for a zone.
public final class Text {
    /// The longest text that [#escape] returns, in UTF-16 units.
    public static final int LONGEST_ESCAPED = 200;

    /// The most bytes of one character-string of a TXT record (RFC 1035, section 3.3).
    public static final int LONGEST_CHARACTER_STRING = 255;

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

    /// Writes a text as a TXT record's character-strings: up to 255 bytes each, in quotation
    /// marks, separated by spaces, with `"`, `\` and what is not printable ASCII escaped (RFC
    /// 1035, sections 3.3 and 5.1).
    public static String characterStrings(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        var out = new StringBuilder(bytes.length + 16).append('"');
        for (int i = 0; i < bytes.length; i++) {
            if (i > 0 && i % LONGEST_CHARACTER_STRING == 0) {
                out.append("\" \"");
            }
            int b = Byte.toUnsignedInt(bytes[i]);
            if (b == '"' || b == '\\') {
                out.append('\\').append((char) b);
            } else if (b >= 0x20 && b < 0x7f) {
                out.append((char) b);
            } else {
                out.append("\\%03d".formatted(b));
            }
        }
        return out.append('"').toString();
    }
}
