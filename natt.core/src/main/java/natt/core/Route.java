package natt.core;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;

/// Ways to a peer that are more than a transport address: through another socket of this port, over
/// a connection, or by a relay. Engines know every way by an [InetSocketAddress]; these have one
/// within 100::/64, the prefix that the Internet discards (RFC 6666), so that it is never mistaken
/// for a host. They mean something on this node only and are never sent to anybody.
///
/// ```text
///  0           2           8      9      10       12             16
///  +-----------+-----------+------+------+--------+--------------+
///  | 0x0100    | zero      | 1    | zero | socket | IPv4 address |  port: the remote one
///  +-----------+-----------+------+------+--------+--------------+
///  | 0x0100    | zero      | 2, 3 | zero          | number       |  port: 1
///  +-----------+-----------+------+---------------+--------------+
/// ```
///
/// All big-endian. The port is the remote port for kind 1, and 1 for the others.
public final class Route {
    private static final int LENGTH = 16;
    private static final int PREFIX = 0x0100;
    private static final int KIND_AT = 8;
    private static final int SOCKET_AT = 10;
    private static final int NUMBER_AT = 12;

    private static final int THROUGH = 1;
    private static final int RELAYED = 2;
    private static final int CONNECTED = 3;

    /// The most sockets that a port has beside its first.
    public static final int MOST_SOCKETS = 0xffff;

    private Route() {}

    /// To a remote transport address through an additional socket of this port.
    ///
    /// @param socket from 1 to [#MOST_SOCKETS]; 0 is the port's own, whose remote addresses are
    ///     written as they are
    /// @param remote IPv4
    public static InetSocketAddress through(int socket, InetSocketAddress remote) {
        if (socket < 1 || socket > MOST_SOCKETS || !(remote.getAddress() instanceof Inet4Address)) {
            throw new IllegalArgumentException("socket %d to %s".formatted(socket, remote));
        }
        ByteBuffer address = begin(THROUGH);
        address.putShort(SOCKET_AT, (short) socket);
        address.put(NUMBER_AT, remote.getAddress().getAddress());
        return new InetSocketAddress(literal(address), remote.getPort());
    }

    /// To a peer by a relay.
    ///
    /// @param channel what this node calls the peer towards the relay
    public static InetSocketAddress relayed(int channel) {
        return numbered(RELAYED, channel);
    }

    /// To whoever is at the other end of a connection, TCP for instance.
    ///
    /// @param number of the connection on this node
    public static InetSocketAddress connected(int number) {
        return numbered(CONNECTED, number);
    }

    private static InetSocketAddress numbered(int kind, int number) {
        ByteBuffer address = begin(kind);
        address.putInt(NUMBER_AT, number);
        return new InetSocketAddress(literal(address), 1);
    }

    private static ByteBuffer begin(int kind) {
        return ByteBuffer.allocate(LENGTH).putShort(0, (short) PREFIX).put(KIND_AT, (byte) kind);
    }

    private static InetAddress literal(ByteBuffer address) {
        try {
            return InetAddress.getByAddress(address.array());
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("16 bytes are an address", wrongLength);
        }
    }

    /// Whether an address is within 100::/64. One that arrives from the network is forged.
    public static boolean isRoute(InetSocketAddress address) {
        return kind(address) >= 0;
    }

    /// Whether a datagram goes straight to the peer: not by a relay, nor over a connection.
    public static boolean isDirect(InetSocketAddress address) {
        int kind = kind(address);
        return kind < 0 || kind == THROUGH;
    }

    /// The channel, if an address is that of a relay.
    public static OptionalInt channel(InetSocketAddress address) {
        return number(RELAYED, address);
    }

    /// The number of the connection, if an address is one.
    public static OptionalInt connection(InetSocketAddress address) {
        return number(CONNECTED, address);
    }

    private static OptionalInt number(int kind, InetSocketAddress address) {
        return kind(address) == kind
                ? OptionalInt.of(bytes(address).getInt(NUMBER_AT))
                : OptionalInt.empty();
    }

    /// The socket through which an address is reached; 0 for the port's own.
    public static int socket(InetSocketAddress address) {
        return kind(address) == THROUGH
                ? Short.toUnsignedInt(bytes(address).getShort(SOCKET_AT))
                : 0;
    }

    /// The remote transport address: the address itself, unless it is reached through another
    /// socket.
    public static InetSocketAddress remote(InetSocketAddress address) {
        if (kind(address) != THROUGH) {
            return address;
        }
        var four = new byte[4];
        bytes(address).get(NUMBER_AT, four);
        try {
            return new InetSocketAddress(InetAddress.getByAddress(four), address.getPort());
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("4 bytes are an address", wrongLength);
        }
    }

    /// What a person is told of an address that is a route: `relay`, `TLS connection` or
    /// `203.0.113.7:4711 through socket 3`; empty for an ordinary one.
    public static Optional<String> describe(InetSocketAddress address) {
        return switch (kind(address)) {
            case -1 -> Optional.empty();
            case THROUGH ->
                    Optional.of(
                            "%s through socket %d"
                                    .formatted(
                                            HostAndPort.format(remote(address)), socket(address)));
            case RELAYED -> Optional.of("relay");
            case CONNECTED -> Optional.of("TLS connection");
            default -> Optional.of("unknown route");
        };
    }

    private static ByteBuffer bytes(InetSocketAddress address) {
        return ByteBuffer.wrap(address.getAddress().getAddress());
    }

    /// The kind, 0 to 255, or -1 if the address is an ordinary one.
    private static int kind(InetSocketAddress address) {
        // Asked for every datagram: a byte of most addresses tells without a copy of them.
        if (!(address.getAddress() instanceof Inet6Address six) || six.isAnyLocalAddress()) {
            return -1;
        }
        byte[] bytes = six.getAddress();
        if (bytes[0] != PREFIX >> 8 || ByteBuffer.wrap(bytes).getLong(0) != (long) PREFIX << 48) {
            return -1;
        }
        return Byte.toUnsignedInt(bytes[KIND_AT]);
    }
}
