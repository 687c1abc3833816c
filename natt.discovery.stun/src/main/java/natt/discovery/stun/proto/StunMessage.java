package natt.discovery.stun.proto;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.CRC32;

/// What natt understands of a STUN message (RFC 8489, section 5), all of it big-endian:
///
/// ```text
/// 0      2        4        8                20
/// | type | length | cookie | transaction id | attributes, each type 2, length 2, value, padding
/// ```
///
/// The length counts what follows the header. MESSAGE-INTEGRITY is skipped: a public server
/// shares no key with its clients.
///
/// @param method 12 bits; [#BINDING] is the only one defined for address discovery
/// @param mappedAddress from XOR-MAPPED-ADDRESS, else its predecessor of type 0x8020, else
///     MAPPED-ADDRESS, which some NATs rewrite in passing
/// @param responseOrigin where the server says the answer came from (RFC 5780, section 7.3);
///     empty if absent or malformed, since nothing but behavior discovery needs it
/// @param otherAddress what both flags of CHANGE-REQUEST would change that to (section 7.4);
///     likewise
/// @param errorCode 300 to 699
/// @param unknownRequired the first attribute that must be understood (section 14) but is not
record StunMessage(
        Kind kind,
        int method,
        TransactionId transactionId,
        Optional<InetSocketAddress> mappedAddress,
        Optional<InetSocketAddress> responseOrigin,
        Optional<InetSocketAddress> otherAddress,
        OptionalInt errorCode,
        OptionalInt unknownRequired) {

    static final int HEADER_LENGTH = 20;
    static final int MAGIC_COOKIE = 0x2112_A442;
    static final int BINDING = 0x001;

    /// The message class, in the order of its two bits.
    enum Kind {
        REQUEST,
        INDICATION,
        SUCCESS,
        ERROR
    }

    sealed interface Decoded {
        record Ok(StunMessage message) implements Decoded {}

        record Malformed(Flaw flaw) implements Decoded {}
    }

    enum Flaw {
        TRUNCATED_HEADER,
        NOT_STUN,
        LENGTH_IS_NOT_THE_DATAGRAMS,
        TRUNCATED_ATTRIBUTE,
        BAD_ADDRESS,
        BAD_ERROR_CODE,
        BAD_FINGERPRINT
    }

    private static final int COOKIE_INDEX = 4;
    private static final int TRANSACTION_ID_INDEX = 8;
    private static final int BINDING_REQUEST = 0x0001;

    private static final int MAPPED_ADDRESS = 0x0001;
    private static final int CHANGE_REQUEST = 0x0003;
    private static final int SOURCE_ADDRESS = 0x0004;
    private static final int CHANGED_ADDRESS = 0x0005;
    private static final int USERNAME = 0x0006;
    private static final int MESSAGE_INTEGRITY = 0x0008;
    private static final int ERROR_CODE = 0x0009;
    private static final int UNKNOWN_ATTRIBUTES = 0x000A;
    private static final int REFLECTED_FROM = 0x000B;
    private static final int REALM = 0x0014;
    private static final int NONCE = 0x0015;
    private static final int MESSAGE_INTEGRITY_SHA256 = 0x001C;
    private static final int PASSWORD_ALGORITHM = 0x001D;
    private static final int USERHASH = 0x001E;
    private static final int XOR_MAPPED_ADDRESS = 0x0020;
    private static final int FIRST_OPTIONAL = 0x8000;
    private static final int OLD_XOR_MAPPED_ADDRESS = 0x8020;
    private static final int FINGERPRINT = 0x8028;
    private static final int RESPONSE_ORIGIN = 0x802B;
    private static final int OTHER_ADDRESS = 0x802C;

    private static final int FINGERPRINT_LENGTH = 4;
    private static final int FINGERPRINT_MASK = 0x5354_554E;

    /// Writes a Binding request without attributes.
    static void writeBindingRequest(TransactionId id, ByteBuffer into) {
        into.putShort((short) BINDING_REQUEST).putShort((short) 0).putInt(MAGIC_COOKIE);
        id.write(into);
    }

    /// Writes a Binding request with CHANGE-REQUEST (RFC 5780, section 7.2).
    ///
    /// @param flags 4 to change the address, 2 to change the port, or both, or neither
    static void writeChangeRequest(TransactionId id, int flags, ByteBuffer into) {
        into.putShort((short) BINDING_REQUEST).putShort((short) 8).putInt(MAGIC_COOKIE);
        id.write(into);
        into.putShort((short) CHANGE_REQUEST).putShort((short) 4).putInt(flags);
    }

    /// Whether the datagram begins like a STUN message with this transaction id.
    static boolean carries(TransactionId id, ByteBuffer datagram) {
        ByteBuffer in = datagram.slice();
        return in.limit() >= HEADER_LENGTH
                && (in.get(0) & 0xC0) == 0
                && in.getInt(COOKIE_INDEX) == MAGIC_COOKIE
                && TransactionId.read(in, TRANSACTION_ID_INDEX).equals(id);
    }

    /// Reads a datagram that is one whole message. Anyone can send these bytes, so a flaw is an
    /// ordinary result.
    static Decoded decode(ByteBuffer datagram) {
        ByteBuffer in = datagram.slice();
        if (in.limit() < HEADER_LENGTH) {
            return new Decoded.Malformed(Flaw.TRUNCATED_HEADER);
        }
        int type = unsignedShort(in, 0);
        if ((type & 0xC000) != 0 || in.getInt(COOKIE_INDEX) != MAGIC_COOKIE) {
            return new Decoded.Malformed(Flaw.NOT_STUN);
        }
        int length = unsignedShort(in, 2);
        if (length % 4 != 0 || length != in.limit() - HEADER_LENGTH) {
            return new Decoded.Malformed(Flaw.LENGTH_IS_NOT_THE_DATAGRAMS);
        }
        return new Attributes(in).decode(type);
    }

    private static int unsignedShort(ByteBuffer in, int index) {
        return Short.toUnsignedInt(in.getShort(index));
    }

    /// Reads the attributes of one message; of several with one type the first counts
    /// (section 14).
    private static final class Attributes {
        private final ByteBuffer in;
        private @Nullable InetSocketAddress xorMapped;
        private @Nullable InetSocketAddress oldXorMapped;
        private @Nullable InetSocketAddress mapped;
        private @Nullable InetSocketAddress origin;
        private @Nullable InetSocketAddress other;
        private OptionalInt errorCode = OptionalInt.empty();
        private OptionalInt unknownRequired = OptionalInt.empty();
        private boolean afterIntegrity;

        Attributes(ByteBuffer in) {
            this.in = in;
        }

        Decoded decode(int messageType) {
            int at = HEADER_LENGTH;
            while (at < in.limit()) {
                int type = unsignedShort(in, at);
                int length = unsignedShort(in, at + 2);
                int value = at + 4;
                int paddedLength = (length + 3) & ~3;
                if (paddedLength > in.limit() - value) {
                    return new Decoded.Malformed(Flaw.TRUNCATED_ATTRIBUTE);
                }
                Optional<Flaw> flaw =
                        type == FINGERPRINT
                                ? checkFingerprint(at, length)
                                : afterIntegrity ? Optional.empty() : take(type, value, length);
                if (flaw.isPresent()) {
                    return new Decoded.Malformed(flaw.get());
                }
                at = value + paddedLength;
            }
            int kind = (messageType >> 7 & 0b10) | (messageType >> 4 & 0b01);
            int method =
                    (messageType & 0x00F) | (messageType >> 1 & 0x070) | (messageType >> 2 & 0xF80);
            return new Decoded.Ok(
                    new StunMessage(
                            Kind.values()[kind],
                            method,
                            TransactionId.read(in, TRANSACTION_ID_INDEX),
                            Optional.ofNullable(xorMapped)
                                    .or(() -> Optional.ofNullable(oldXorMapped))
                                    .or(() -> Optional.ofNullable(mapped)),
                            Optional.ofNullable(origin),
                            Optional.ofNullable(other),
                            errorCode,
                            unknownRequired));
        }

        private Optional<Flaw> take(int type, int value, int length) {
            switch (type) {
                case XOR_MAPPED_ADDRESS -> {
                    InetSocketAddress address = readAddress(value, length, true);
                    xorMapped = xorMapped == null ? address : xorMapped;
                    return address == null ? Optional.of(Flaw.BAD_ADDRESS) : Optional.empty();
                }
                case OLD_XOR_MAPPED_ADDRESS -> {
                    InetSocketAddress address = readAddress(value, length, true);
                    oldXorMapped = oldXorMapped == null ? address : oldXorMapped;
                    return address == null ? Optional.of(Flaw.BAD_ADDRESS) : Optional.empty();
                }
                case MAPPED_ADDRESS -> {
                    InetSocketAddress address = readAddress(value, length, false);
                    mapped = mapped == null ? address : mapped;
                    return address == null ? Optional.of(Flaw.BAD_ADDRESS) : Optional.empty();
                }
                case RESPONSE_ORIGIN -> {
                    origin = origin == null ? readAddress(value, length, false) : origin;
                }
                case OTHER_ADDRESS -> {
                    other = other == null ? readAddress(value, length, false) : other;
                }
                case ERROR_CODE -> {
                    OptionalInt code = readErrorCode(value, length);
                    errorCode = errorCode.isPresent() ? errorCode : code;
                    return code.isEmpty() ? Optional.of(Flaw.BAD_ERROR_CODE) : Optional.empty();
                }
                // What follows these is not covered by them and does not count (section 14.5).
                case MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256 -> afterIntegrity = true;
                // Understood, without consequence; RFC 3489 servers send the first three.
                case SOURCE_ADDRESS,
                        CHANGED_ADDRESS,
                        REFLECTED_FROM,
                        USERNAME,
                        UNKNOWN_ATTRIBUTES,
                        REALM,
                        NONCE,
                        PASSWORD_ALGORITHM,
                        USERHASH -> {}
                default -> {
                    if (type < FIRST_OPTIONAL && unknownRequired.isEmpty()) {
                        unknownRequired = OptionalInt.of(type);
                    }
                }
            }
            return Optional.empty();
        }

        /// Reads `zero 1, family 1, port 2, address 4 or 16`; the XOR mask is the header from
        /// the cookie on (section 14.2).
        private @Nullable InetSocketAddress readAddress(int value, int length, boolean xor) {
            if (length != 8 && length != 20) {
                return null;
            }
            int family = in.get(value + 1);
            if (family != (length == 8 ? 1 : 2)) {
                return null;
            }
            int port = unsignedShort(in, value + 2);
            byte[] address = new byte[length - 4];
            in.get(value + 4, address);
            if (xor) {
                port ^= MAGIC_COOKIE >>> 16;
                for (int i = 0; i < address.length; i++) {
                    address[i] ^= in.get(COOKIE_INDEX + i);
                }
            }
            try {
                return new InetSocketAddress(InetAddress.getByAddress(address), port);
            } catch (UnknownHostException e) {
                throw new AssertionError("only a length other than 4 and 16 is refused", e);
            }
        }

        /// Reads `zero 2, class 1, number 1, reason` (section 14.8); the reason is ignored.
        private OptionalInt readErrorCode(int value, int length) {
            if (length < 4) {
                return OptionalInt.empty();
            }
            int hundreds = in.get(value + 2) & 0b111;
            int number = Byte.toUnsignedInt(in.get(value + 3));
            return hundreds < 3 || hundreds > 6 || number > 99
                    ? OptionalInt.empty()
                    : OptionalInt.of(hundreds * 100 + number);
        }

        /// The fingerprint is the last attribute and covers all bytes before it (section 14.7).
        private Optional<Flaw> checkFingerprint(int at, int length) {
            int value = at + 4;
            if (length != FINGERPRINT_LENGTH || value + length != in.limit()) {
                return Optional.of(Flaw.BAD_FINGERPRINT);
            }
            CRC32 crc = new CRC32();
            crc.update(in.slice(0, at));
            return in.getInt(value) == ((int) crc.getValue() ^ FINGERPRINT_MASK)
                    ? Optional.empty()
                    : Optional.of(Flaw.BAD_FINGERPRINT);
        }
    }
}
