package natt.dns.client;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// A complete domain name (RFC 1035, section 3.1). Equal to others regardless of the case of ASCII
/// letters.
final class DnsName {
    private static final int MAX_LABEL = 63;
    private static final int MAX_LENGTH = 255;

    /// The labels, each after its length, and the root's length, which is 0.
    private final byte[] wire;

    /// @param wire well-formed, without pointers
    DnsName(byte[] wire) {
        this.wire = wire;
    }

    /// Reads a name as people write it, with `\.` and `\065` for what would mean something else.
    ///
    /// @throws IllegalArgumentException if it is none
    static DnsName parse(String text) {
        var wire = new ByteArrayOutputStream();
        var label = new ByteArrayOutputStream();
        for (int i = 0; i < text.length() && !text.equals("."); i++) {
            char c = text.charAt(i);
            if (c == '.') {
                append(label, wire);
                continue;
            }
            if (c == '\\') {
                int digits = digits(text, i + 1);
                c = digits >= 0 ? (char) digits : i + 1 < text.length() ? text.charAt(i + 1) : 256;
                i += digits >= 0 ? 3 : 1;
            }
            require(c <= 255);
            label.write(c);
        }
        if (label.size() > 0) {
            append(label, wire);
        }
        wire.write(0);
        require(!text.isEmpty() && wire.size() <= MAX_LENGTH);
        return new DnsName(wire.toByteArray());
    }

    private static int digits(String text, int at) {
        if (at + 3 > text.length()) {
            return -1;
        }
        int value = 0;
        for (int i = at; i < at + 3; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + c - '0';
        }
        return value;
    }

    private static void append(ByteArrayOutputStream label, ByteArrayOutputStream wire) {
        require(label.size() > 0 && label.size() <= MAX_LABEL);
        wire.write(label.size());
        wire.writeBytes(label.toByteArray());
        label.reset();
    }

    private static void require(boolean wellFormed) {
        if (!wellFormed) {
            throw new IllegalArgumentException("not a DNS name");
        }
    }

    byte[] wire() {
        return wire.clone();
    }

    boolean isRoot() {
        return wire.length == 1;
    }

    /// The name without its first label.
    DnsName parent() {
        return isRoot() ? this : new DnsName(Arrays.copyOfRange(wire, 1 + wire[0], wire.length));
    }

    /// Whether this name is the other or below it.
    boolean isWithin(DnsName other) {
        DnsName name = this;
        while (name.wire.length > other.wire.length) {
            name = name.parent();
        }
        return name.equals(other);
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
    }

    @Override
    public boolean equals(Object object) {
        if (!(object instanceof DnsName other) || other.wire.length != wire.length) {
            return false;
        }
        // Lengths of labels are less than any letter.
        for (int i = 0; i < wire.length; i++) {
            if (lower(wire[i]) != lower(other.wire[i])) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        int hash = 0;
        for (byte b : wire) {
            hash = 31 * hash + lower(b);
        }
        return hash;
    }

    /// The name as people write it, without a final dot.
    String text() {
        var out = new StringBuilder(wire.length);
        for (int at = 0; wire[at] != 0; at += 1 + wire[at]) {
            if (at > 0) {
                out.append('.');
            }
            for (int i = at + 1; i <= at + wire[at]; i++) {
                append(wire[i] & 0xff, out);
            }
        }
        return out.toString();
    }

    private static void append(int b, StringBuilder out) {
        if (b <= ' ' || b >= 0x7f) {
            out.append('\\').append((char) ('0' + b / 100));
            out.append((char) ('0' + b / 10 % 10)).append((char) ('0' + b % 10));
        } else {
            if ("\"().;\\@$".indexOf(b) >= 0) {
                out.append('\\');
            }
            out.append((char) b);
        }
    }

    @Override
    public String toString() {
        return text() + ".";
    }
}
