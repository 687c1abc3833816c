package natt.rendezvous.proto;

import natt.core.Addresses;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.rendezvous.Message;

import java.net.InetSocketAddress;
import java.util.HexFormat;

/// A node that is to be woken after the broker has lost its sessions. As a line: key, address,
/// token.
///
/// @param address where the node was
/// @param token which only that node knows, and which is good for nothing else
public record Sleeper(NodeKey key, InetSocketAddress address, byte[] token) {
    private static final int FIELDS = 3;

    /// A line of a file, without its end.
    public String toLine() {
        return "%s %s %s"
                .formatted(key, HostAndPort.format(address), HexFormat.of().formatHex(token));
    }

    /// Reads a line.
    ///
    /// @throws IllegalArgumentException in a few words if it is none
    public static Sleeper parse(String line) {
        String[] fields = line.split(" ", -1);
        if (fields.length != FIELDS) {
            throw new IllegalArgumentException("not a key, an address and a token");
        }
        HostAndPort at = HostAndPort.parse(fields[1]);
        byte[] token = HexFormat.of().parseHex(fields[2]);
        if (token.length != Message.TOKEN_LENGTH || at.port() == 0) {
            throw new IllegalArgumentException("not a port and a token");
        }
        var address =
                Addresses.parse(at.host())
                        .orElseThrow(() -> new IllegalArgumentException("not an address"));
        return new Sleeper(
                NodeKey.parse(fields[0]), new InetSocketAddress(address, at.port()), token);
    }

    /// For a log: without the token.
    @Override
    public String toString() {
        return "%s at %s".formatted(key, HostAndPort.format(address));
    }
}
