package natt.discovery.portmap.proto;

import natt.core.spi.PortMapper.Nonce;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// The messages of PCP, the Port Control Protocol (RFC 6887): MAP and ANNOUNCE.
public final class Pcp {
    /// The UDP port of a gateway, which NAT-PMP shares (RFC 6887, section 19.1).
    public static final int PORT = 5_351;

    /// The longest message (RFC 6887, section 7).
    public static final int LONGEST = 1_100;

    static final int VERSION = 2;
    static final int ANNOUNCE = 0;
    static final int MAP = 1;

    /// Set in the opcode of a response.
    static final int RESPONSE = 0x80;

    private static final int HEADER = 24;
    private static final int MAP_LENGTH = 36;
    private static final int UDP = 17;

    private static final List<String> RESULTS =
            List.of(
                    "success",
                    "unsupported version",
                    "not authorized",
                    "malformed request",
                    "unsupported opcode",
                    "unsupported option",
                    "malformed option",
                    "network failure",
                    "no resources",
                    "unsupported protocol",
                    "user exceeds quota",
                    "cannot provide the external address or port",
                    "address mismatch, there is a NAT before the gateway",
                    "excessive remote peers");

    private Pcp() {}

    /// A mapping of a UDP port.
    ///
    /// @param client the address of this machine towards the gateway, which is mapped
    /// @param suggested what is wanted outside; port 0 or the unspecified address if anything
    /// @param lifetimeSeconds 0 removes the mapping
    public record Map(
            InetAddress client,
            Nonce nonce,
            int port,
            InetSocketAddress suggested,
            long lifetimeSeconds) {}

    /// What a gateway answers.
    public sealed interface Reply {
        /// @param epochSeconds since the gateway lost its mappings last
        record Mapped(InetSocketAddress external, long lifetimeSeconds, long epochSeconds)
                implements Reply {}

        /// The opcode is understood; there is nothing more to say.
        record Announced(long epochSeconds) implements Reply {}

        /// @param retrySeconds how long the error will last
        record Refused(int code, long retrySeconds, long epochSeconds) implements Reply {
            /// A few words for a person.
            public String words() {
                return code < RESULTS.size() ? RESULTS.get(code) : "error " + code;
            }
        }

        /// It answers with another version; NAT-PMP is version 0 (RFC 6887, appendix A).
        record OtherVersion(int version) implements Reply {}
    }

    /// Asks nothing but whether PCP is spoken, and for the epoch.
    public static byte[] announce(InetAddress client) {
        return header(ANNOUNCE, HEADER, 0, client).array();
    }

    public static byte[] map(Map wanted) {
        return header(MAP, HEADER + MAP_LENGTH, wanted.lifetimeSeconds(), wanted.client())
                .putInt(wanted.nonce().high())
                .putLong(wanted.nonce().low())
                .put((byte) UDP)
                .put(new byte[3])
                .putShort((short) wanted.port())
                .putShort((short) wanted.suggested().getPort())
                .put(sixteen(wanted.suggested().getAddress()))
                .array();
    }

    private static ByteBuffer header(int opcode, int length, long lifetime, InetAddress client) {
        return ByteBuffer.allocate(length)
                .put((byte) VERSION)
                .put((byte) opcode)
                .putShort((short) 0)
                .putInt((int) lifetime)
                .put(sixteen(client));
    }

    /// All addresses are IPv6 ones; IPv4 is mapped (RFC 6887, section 5).
    private static byte[] sixteen(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (!(address instanceof Inet4Address)) {
            return bytes;
        }
        return ByteBuffer.allocate(16).putShort(10, (short) 0xffff).position(12).put(bytes).array();
    }

    /// Reads the answer to an ANNOUNCE; empty if it is none.
    public static Optional<Reply> readAnnounce(byte[] datagram) {
        return read(datagram, ANNOUNCE);
    }

    /// Reads the answer to a MAP; empty if it is none, or to another one.
    public static Optional<Reply> readMap(byte[] datagram, Map asked) {
        Optional<Reply> head = read(datagram, MAP);
        boolean version = head.filter(Reply.OtherVersion.class::isInstance).isPresent();
        if (version || head.isEmpty()) {
            return head;
        }
        if (datagram.length < HEADER + MAP_LENGTH || !answers(datagram, asked)) {
            return Optional.empty();
        }
        if (!(head.get() instanceof Reply.Announced(long epoch))) {
            return head;
        }
        var in = ByteBuffer.wrap(datagram);
        int port = Short.toUnsignedInt(in.getShort(HEADER + 18));
        long lifetime = Integer.toUnsignedLong(in.getInt(4));
        if (port == 0 && asked.lifetimeSeconds() > 0) {
            return Optional.empty();
        }
        var external = new InetSocketAddress(address(datagram, HEADER + 20), port);
        return Optional.of(new Reply.Mapped(external, lifetime, epoch));
    }

    /// The nonce keeps out who cannot see the request (RFC 6887, section 11.4).
    private static boolean answers(byte[] datagram, Map asked) {
        var in = ByteBuffer.wrap(datagram, HEADER, MAP_LENGTH);
        return in.getInt() == asked.nonce().high()
                && in.getLong() == asked.nonce().low()
                && Byte.toUnsignedInt(in.get()) == UDP
                && Short.toUnsignedInt(in.getShort(HEADER + 16)) == asked.port();
    }

    private static Optional<Reply> read(byte[] datagram, int opcode) {
        boolean answer = datagram.length >= 4 && (datagram[1] & RESPONSE) != 0;
        if (!answer || datagram.length > LONGEST) {
            return Optional.empty();
        }
        int version = Byte.toUnsignedInt(datagram[0]);
        if (version != VERSION) {
            return Optional.of(new Reply.OtherVersion(version));
        }
        boolean wellFormed =
                datagram.length >= HEADER
                        && datagram.length % 4 == 0
                        && (datagram[1] & ~RESPONSE & 0xff) == opcode;
        if (!wellFormed) {
            return Optional.empty();
        }
        var in = ByteBuffer.wrap(datagram);
        int code = Byte.toUnsignedInt(datagram[3]);
        long lifetime = Integer.toUnsignedLong(in.getInt(4));
        long epoch = Integer.toUnsignedLong(in.getInt(8));
        return Optional.of(
                code == 0 ? new Reply.Announced(epoch) : new Reply.Refused(code, lifetime, epoch));
    }

    private static InetAddress address(byte[] from, int offset) {
        var bytes = new byte[16];
        System.arraycopy(from, offset, bytes, 0, bytes.length);
        try {
            // A mapped one becomes an IPv4 address.
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("sixteen bytes are an address", impossible);
        }
    }
}
