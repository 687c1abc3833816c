package natt.discovery.stun.proto;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/// A Binding request as a server reads it: a set of wishes, in the bits of an `int`, so that
/// reading one allocates nothing.
///
/// A server may refuse a request by an error response. This one does not, because the sender is
/// unproven: what it does not understand it leaves unanswered.
final class BindingRequest {
    /// The message is damaged, or not of the length that it claims.
    static final int MALFORMED = -1;

    /// There is an attribute that must be understood but is not (RFC 8489, section 14).
    static final int NOT_UNDERSTOOD = -2;

    /// The answer is to have a fingerprint.
    static final int FINGERPRINTED = 1;

    /// The answer is to come from the other port, or address. The values are those of the wire
    /// (RFC 5780, section 7.2).
    static final int CHANGE_PORT = 2;

    static final int CHANGE_ADDRESS = 4;

    /// The client explores NAT behavior: it has sent CHANGE-REQUEST or PADDING.
    static final int EXPLORING = 8;

    static final int FINGERPRINT_ATTRIBUTE_LENGTH = 8;

    private static final int TYPE = 0x0001;
    private static final int CHANGE_REQUEST = 0x0003;
    private static final int PADDING = 0x0026;
    private static final int FIRST_OPTIONAL = 0x8000;
    private static final int FINGERPRINT = 0x8028;
    private static final int FINGERPRINT_MASK = 0x5354_554E;
    private static final int COOKIE_AT = 4;

    private BindingRequest() {}

    /// Whether a datagram is meant as a Binding request, whatever follows its first 8 bytes.
    static boolean resembles(ByteBuffer datagram) {
        int at = datagram.position();
        return datagram.remaining() >= StunMessage.HEADER_LENGTH
                && datagram.getShort(at) == TYPE
                && datagram.getInt(at + COOKIE_AT) == StunMessage.MAGIC_COOKIE;
    }

    /// Reads a datagram that resembles a Binding request.
    ///
    /// @return the wishes, or one of the two negative numbers
    static int read(ByteBuffer datagram) {
        int start = datagram.position();
        int end = datagram.limit();
        int length = unsignedShort(datagram, start + 2);
        if (length % 4 != 0 || length != end - start - StunMessage.HEADER_LENGTH) {
            return MALFORMED;
        }
        int wishes = 0;
        boolean understood = true;
        // The header's length leaves room for an attribute's type and length wherever one begins.
        for (int at = start + StunMessage.HEADER_LENGTH; at < end; ) {
            int type = unsignedShort(datagram, at);
            int valueLength = unsignedShort(datagram, at + 2);
            int next = at + 4 + (valueLength + 3 & ~3);
            if (next > end) {
                return MALFORMED;
            }
            if (type == FINGERPRINT) {
                if (next != end || !fingerprintMatches(datagram, at, valueLength)) {
                    return MALFORMED;
                }
                wishes |= FINGERPRINTED;
            } else if (type == CHANGE_REQUEST) {
                if (valueLength != 4) {
                    return MALFORMED;
                }
                // Of several attributes with one type the first counts.
                if ((wishes & EXPLORING) == 0) {
                    wishes |= datagram.getInt(at + 4) & (CHANGE_PORT | CHANGE_ADDRESS);
                }
                wishes |= EXPLORING;
            } else if (type == PADDING) {
                wishes |= EXPLORING;
            } else {
                understood &= type >= FIRST_OPTIONAL;
            }
            at = next;
        }
        return understood ? wishes : NOT_UNDERSTOOD;
    }

    private static boolean fingerprintMatches(ByteBuffer datagram, int at, int valueLength) {
        return valueLength == 4 && datagram.getInt(at + 4) == fingerprint(datagram, at);
    }

    /// The value of a fingerprint that begins at an index and covers what is between the buffer's
    /// position and that (RFC 8489, section 14.7).
    static int fingerprint(ByteBuffer message, int at) {
        var crc = new CRC32();
        crc.update(message.slice(message.position(), at - message.position()));
        return (int) crc.getValue() ^ FINGERPRINT_MASK;
    }

    /// Writes a fingerprint at the buffer's position, after a message that begins at an index and
    /// whose length already counts it.
    static void writeFingerprint(ByteBuffer into, int start) {
        int at = into.position();
        int value = fingerprint(into.duplicate().position(start), at);
        into.putShort((short) FINGERPRINT).putShort((short) 4).putInt(value);
    }

    private static int unsignedShort(ByteBuffer in, int index) {
        return Short.toUnsignedInt(in.getShort(index));
    }
}
