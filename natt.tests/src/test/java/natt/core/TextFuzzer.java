package natt.core;

import natt.tests.fuzz.Input;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// What [Text#escape] returns is short, printable, and says what was escaped.
public final class TextFuzzer {
    private TextFuzzer() {}

    public static void fuzzerTestOneInput(byte[] input) {
        String text = new Input(input).text();
        String shown = Text.escape(text);
        if (shown.length() > Text.LONGEST_ESCAPED) {
            throw new AssertionError("%d units".formatted(shown.length()));
        }
        requirePrintable(shown);
        // UTF-8 has no unpaired surrogates; escape shows them as U+FFFD.
        String whole = new String(utf8(text), StandardCharsets.UTF_8);
        if (unescape(shown).equals(whole)) {
            return;
        }
        if (!shown.endsWith("...") || shown.length() < Text.LONGEST_ESCAPED - 20) {
            throw new AssertionError("says something else: " + shown);
        }
        if (!whole.startsWith(unescape(shown.substring(0, shown.length() - 3)))) {
            throw new AssertionError("cut to something else: " + shown);
        }
    }

    /// Fails for a text that is not one line for a person.
    public static void requirePrintable(String shown) {
        shown.codePoints()
                .forEach(
                        each -> {
                            int type = Character.getType(each);
                            if (Character.isISOControl(each)
                                    || type == Character.FORMAT
                                    || type == Character.SURROGATE
                                    || type == Character.LINE_SEPARATOR
                                    || type == Character.PARAGRAPH_SEPARATOR
                                    || type == Character.UNASSIGNED) {
                                throw new AssertionError("shows U+%04X".formatted(each));
                            }
                        });
    }

    private static byte[] utf8(String text) {
        var out = new ByteArrayOutputStream();
        text.codePoints()
                .map(each -> Character.getType(each) == Character.SURROGATE ? 0xfffd : each)
                .forEach(
                        each ->
                                out.writeBytes(
                                        Character.toString(each).getBytes(StandardCharsets.UTF_8)));
        return out.toByteArray();
    }

    private static String unescape(String shown) {
        var out = new ByteArrayOutputStream();
        int at = 0;
        while (at < shown.length()) {
            int next = shown.codePointAt(at);
            at += Character.charCount(next);
            if (next != '\\') {
                out.writeBytes(Character.toString(next).getBytes(StandardCharsets.UTF_8));
            } else if (shown.charAt(at) == '\\') {
                out.write('\\');
                at++;
            } else if (shown.charAt(at) == 'x') {
                out.write(Integer.parseInt(shown.substring(at + 1, at + 3), 16));
                at += 3;
            } else {
                throw new AssertionError("a lone backslash: " + shown);
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
