package natt.dns.cloudflare;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// The text of a TXT record as the API writes it: character-strings of up to 255 bytes in
/// quotation marks, separated by spaces (RFC 1035, section 5.1).
final class TxtContent {
    private TxtContent() {}

    /// Joins the strings without their quotation marks and escapes. Content that is not quoted
    /// throughout, as older clients wrote it, is the text itself.
    static String unquote(String content) {
        var out = new ByteArrayOutputStream();
        byte[] in = content.strip().getBytes(StandardCharsets.UTF_8);
        int at = 0;
        while (at < in.length) {
            if (in[at] == ' ' || in[at] == '\t') {
                at++;
            } else if (in[at] == '"') {
                at = unquoteOne(in, at + 1, out);
                if (at < 0) {
                    return content;
                }
            } else {
                return content;
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /// Reads up to and including the closing quotation mark and returns the place after it, or
    /// -1 if there is none or an escape is wrong.
    private static int unquoteOne(byte[] in, int from, ByteArrayOutputStream out) {
        int at = from;
        while (at < in.length && in[at] != '"') {
            if (in[at] != '\\') {
                out.write(in[at++]);
            } else if (at + 1 < in.length && !isDigit(in[at + 1])) {
                out.write(in[at + 1]);
                at += 2;
            } else {
                int value = decimal(in, at + 1);
                if (value < 0) {
                    return -1;
                }
                out.write(value);
                at += 4;
            }
        }
        return at < in.length ? at + 1 : -1;
    }

    private static int decimal(byte[] in, int at) {
        if (at + 3 > in.length) {
            return -1;
        }
        int value = 0;
        for (int i = at; i < at + 3; i++) {
            if (!isDigit(in[i])) {
                return -1;
            }
            value = value * 10 + (in[i] - '0');
        }
        return value <= 255 ? value : -1;
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }
}
