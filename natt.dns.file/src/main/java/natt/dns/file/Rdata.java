package natt.dns.file;

import natt.core.DnsRecord;
import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.net.Inet6Address;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/// Record data as a zone file writes it, to and from [DnsRecord#content].
final class Rdata {
    /// The most bytes of one TXT record that natt writes, see [DnsRecord#content].
    private static final int TXT_LIMIT = 2_048;

    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern SRV =
            Pattern.compile("([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\\S+)");
    private static final Pattern LABEL = Pattern.compile("\\*|[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})");

    private Rdata() {}

    /// Whether this is a name that needs no escapes, without a final dot (RFC 1035, 2.3.4).
    static boolean isName(String name) {
        if (name.length() > 253) {
            return false;
        }
        for (String label : name.split("\\.", -1)) {
            if (!LABEL.matcher(label).matches()) {
                return false;
            }
        }
        return true;
    }

    static boolean isIpv4(String text) {
        return IPV4.matcher(text).matches();
    }

    static boolean isIpv6(String text) {
        if (!IPV6.matcher(text).matches() || text.indexOf(':') < 0) {
            return false;
        }
        try {
            Inet6Address.ofLiteral(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    static boolean isSrv(String text) {
        var parts = SRV.matcher(text);
        return parts.matches()
                && Integer.parseInt(parts.group(1)) <= 65_535
                && Integer.parseInt(parts.group(2)) <= 65_535
                && Integer.parseInt(parts.group(3)) <= 65_535
                && (parts.group(4).equals(".") || isName(withoutFinalDot(parts.group(4))));
    }

    /// Writes a content as the end of a zone-file line, or returns null if it is no content of
    /// the type.
    static @Nullable String format(DnsRecord.Type type, String content) {
        return switch (type) {
            case A -> isIpv4(content) ? content : null;
            case AAAA -> isIpv6(content) ? content : null;
            case SRV -> {
                if (!isSrv(content)) {
                    yield null;
                }
                yield content.endsWith(".") ? content : content + ".";
            }
            case TXT -> {
                boolean fits = content.getBytes(StandardCharsets.UTF_8).length <= TXT_LIMIT;
                yield fits ? Text.characterStrings(content) : null;
            }
        };
    }

    static String withoutFinalDot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /// Joins character-strings, resolving their escapes (RFC 1035, section 5.1), or returns
    /// null if an escape is wrong or a string too long.
    ///
    /// @param raw Latin-1, one character for each byte
    static @Nullable String joinTxt(List<String> raw) {
        var bytes = new ByteArrayOutputStream();
        for (String each : raw) {
            int before = bytes.size();
            if (!unescape(each, bytes) || bytes.size() - before > Text.LONGEST_CHARACTER_STRING) {
                return null;
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static boolean unescape(String raw, ByteArrayOutputStream out) {
        int at = 0;
        while (at < raw.length()) {
            char c = raw.charAt(at++);
            if (c != '\\') {
                out.write(c);
            } else if (at == raw.length()) {
                return false;
            } else if (isDigit(raw.charAt(at))) {
                int value = 0;
                for (int end = at + 3; at < end; at++) {
                    if (at >= raw.length() || !isDigit(raw.charAt(at))) {
                        return false;
                    }
                    value = value * 10 + (raw.charAt(at) - '0');
                }
                if (value > 255) {
                    return false;
                }
                out.write(value);
            } else {
                out.write(raw.charAt(at++));
            }
        }
        return true;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
