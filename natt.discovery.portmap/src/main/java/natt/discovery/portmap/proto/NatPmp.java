package natt.discovery.portmap.proto;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// The messages of NAT-PMP (RFC 6886).
///
/// It has no nonce: only the port from which was asked keeps out who cannot see the request.
public final class NatPmp {
    static final int ADDRESS = 0;
    static final int MAP_UDP = 1;

    private static final int ADDRESS_LENGTH = 12;
    private static final int MAP_LENGTH = 16;

    private static final List<String> RESULTS =
            List.of(
                    "success",
                    "unsupported version",
                    "not authorized",
                    "network failure",
                    "out of resources",
                    "unsupported opcode");

    private NatPmp() {}

    /// What a gateway answers.
    public sealed interface Reply {
        record Address(InetAddress external, long epochSeconds) implements Reply {}

        /// @param port outside
        record Mapped(int port, long lifetimeSeconds, long epochSeconds) implements Reply {}

        record Refused(int code) implements Reply {
            /// A few words for a person.
            public String words() {
                return code < RESULTS.size() ? RESULTS.get(code) : "error " + code;
            }
        }

        /// It answers with another version, as a gateway does that speaks PCP only.
        record OtherVersion(int version) implements Reply {}
    }

    /// Asks for the gateway's address outside.
    public static byte[] address() {
        return new byte[2];
    }

    /// Asks for a mapping.
    ///
    /// @param suggested the port outside; 0 if any
    /// @param lifetimeSeconds 0 removes the mapping, and the suggested port must be 0 then
    public static byte[] map(int port, int suggested, long lifetimeSeconds) {
        return ByteBuffer.allocate(12)
                .put(1, (byte) MAP_UDP)
                .putShort(4, (short) port)
                .putShort(6, (short) suggested)
                .putInt(8, (int) lifetimeSeconds)
                .array();
    }

    /// Reads the answer to a question for the address; empty if it is none.
    public static Optional<Reply> readAddress(byte[] datagram) {
        Optional<Reply> refused = read(datagram, ADDRESS, ADDRESS_LENGTH);
        if (refused.isPresent() || !isAnswer(datagram, ADDRESS, ADDRESS_LENGTH)) {
            return refused;
        }
        var in = ByteBuffer.wrap(datagram);
        return Optional.of(new Reply.Address(address(in.getInt(8)), epoch(in)));
    }

    /// Reads the answer to a mapping of a port; empty if it is none, or to another one.
    public static Optional<Reply> readMap(byte[] datagram, int port, boolean removal) {
        Optional<Reply> refused = read(datagram, MAP_UDP, MAP_LENGTH);
        if (refused.isPresent() || !isAnswer(datagram, MAP_UDP, MAP_LENGTH)) {
            return refused;
        }
        var in = ByteBuffer.wrap(datagram);
        int inside = Short.toUnsignedInt(in.getShort(8));
        int outside = Short.toUnsignedInt(in.getShort(10));
        long lifetime = Integer.toUnsignedLong(in.getInt(12));
        boolean usable = removal || outside != 0 && lifetime > 0;
        return inside == port && usable
                ? Optional.of(new Reply.Mapped(outside, lifetime, epoch(in)))
                : Optional.empty();
    }

    private static boolean isAnswer(byte[] datagram, int opcode, int length) {
        return datagram.length == length
                && datagram[0] == 0
                && Byte.toUnsignedInt(datagram[1]) == (Pcp.RESPONSE | opcode);
    }

    /// What is common: another version, or an error, which may be as long as a success.
    private static Optional<Reply> read(byte[] datagram, int opcode, int length) {
        if (datagram.length < 4 || (datagram[1] & Pcp.RESPONSE) == 0) {
            return Optional.empty();
        }
        if (datagram[0] != 0) {
            return Optional.of(new Reply.OtherVersion(Byte.toUnsignedInt(datagram[0])));
        }
        boolean ours = Byte.toUnsignedInt(datagram[1]) == (Pcp.RESPONSE | opcode);
        int code = Short.toUnsignedInt(ByteBuffer.wrap(datagram).getShort(2));
        boolean refused = ours && code != 0 && datagram.length >= 8 && datagram.length <= length;
        return refused ? Optional.of(new Reply.Refused(code)) : Optional.empty();
    }

    private static long epoch(ByteBuffer in) {
        return Integer.toUnsignedLong(in.getInt(4));
    }

    private static Inet4Address address(int bits) {
        try {
            return (Inet4Address)
                    InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(bits).array());
        } catch (UnknownHostException impossible) {
            throw new AssertionError("four bytes are an address", impossible);
        }
    }
}
