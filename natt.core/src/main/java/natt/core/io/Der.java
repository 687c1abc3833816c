package natt.core.io;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// The little of the Distinguished Encoding Rules (X.690) that a certificate needs.
final class Der {
    static final int UTF8_STRING = 0x0c;
    static final int SEQUENCE = 0x30;
    static final int SET = 0x31;

    /// The tag of a constructed, context-specific value; its number is added.
    static final int EXPLICIT = 0xa0;

    /// The tag of a primitive, context-specific value; its number is added.
    static final int IMPLICIT = 0x80;

    private static final int BOOLEAN = 0x01;
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int OCTET_STRING = 0x04;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int UTC_TIME = 0x17;
    private static final int GENERALIZED_TIME = 0x18;

    private static final DateTimeFormatter YEAR_OF_TWO_DIGITS =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'", Locale.ROOT);
    private static final DateTimeFormatter YEAR_OF_FOUR_DIGITS =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'", Locale.ROOT);

    private Der() {}

    /// Tag, length and the parts one after the other.
    static byte[] value(int tag, byte[]... parts) {
        var content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        var out = new ByteArrayOutputStream();
        out.write(tag);
        int length = content.size();
        if (length < 0x80) {
            out.write(length);
        } else {
            byte[] digits = unsigned(length);
            out.write(0x80 | digits.length);
            out.writeBytes(digits);
        }
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }

    private static byte[] unsigned(int number) {
        int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(number) + 7) / 8;
        var out = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            out[i] = (byte) (number >>> 8 * (bytes - 1 - i));
        }
        return out;
    }

    static byte[] sequence(byte[]... parts) {
        return value(SEQUENCE, parts);
    }

    static byte[] integer(BigInteger number) {
        return value(INTEGER, number.toByteArray());
    }

    static byte[] bool(boolean which) {
        return value(BOOLEAN, new byte[] {(byte) (which ? 0xff : 0)});
    }

    static byte[] octets(byte[] content) {
        return value(OCTET_STRING, content);
    }

    /// A string of bits whose number is a multiple of eight.
    static byte[] bits(byte[] content) {
        return value(BIT_STRING, new byte[] {0}, content);
    }

    static byte[] utf8(String text) {
        return value(UTF8_STRING, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] identifier(int first, int second, int... more) {
        var out = new ByteArrayOutputStream();
        out.write(40 * first + second);
        for (int arc : more) {
            for (int shift = 28; shift > 0; shift -= 7) {
                if (arc >>> shift != 0) {
                    out.write(0x80 | arc >>> shift & 0x7f);
                }
            }
            out.write(arc & 0x7f);
        }
        return value(OBJECT_IDENTIFIER, out.toByteArray());
    }

    /// A time as certificates have it: two digits of the year up to 2049 (RFC 5280, section
    /// 4.1.2.5).
    static byte[] time(Instant when) {
        ZonedDateTime utc = when.atZone(ZoneOffset.UTC);
        boolean twoDigits = utc.getYear() >= 1950 && utc.getYear() < 2050;
        String text = utc.format(twoDigits ? YEAR_OF_TWO_DIGITS : YEAR_OF_FOUR_DIGITS);
        return value(
                twoDigits ? UTC_TIME : GENERALIZED_TIME, text.getBytes(StandardCharsets.US_ASCII));
    }
}
