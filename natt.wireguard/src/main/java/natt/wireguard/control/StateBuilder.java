package natt.wireguard.control;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/// Gathers what an interface tells of itself. Values that are none are refused, without being
/// shown: the private key is among them.
final class StateBuilder {
    /// So that whoever answers for an interface cannot fill the memory.
    static final int MOST_PEERS = 10_000;

    /// Of all peers together.
    static final int MOST_ALLOWED_IPS = 100_000;

    private static final int LONGEST_PREFIX = 64;
    private static final int LONGEST_NUMBER = 20;

    private final Map<NodeKey, Peer> peers = new LinkedHashMap<>();
    private @Nullable Identity identity;
    private int listenPort;
    private int mark;
    private int allowedIps;

    /// A peer that is being read.
    final class Peer {
        private final NodeKey key;
        private final List<String> prefixes = new ArrayList<>();
        private @Nullable InetSocketAddress endpoint;
        private long handshakeSeconds;
        private long received;
        private long sent;
        private int keepaliveSeconds;

        private Peer(NodeKey key) {
            this.key = key;
        }

        void endpoint(String text) {
            endpoint = address(text);
        }

        void allowedIp(String prefix) {
            if (prefix.length() > LONGEST_PREFIX
                    || !prefix.chars().allMatch(c -> "0123456789abcdefABCDEF:./".indexOf(c) >= 0)
                    || ++allowedIps > MOST_ALLOWED_IPS) {
                throw malformed("allowed IP");
            }
            prefixes.add(prefix);
        }

        void handshakeSeconds(String digits) {
            handshakeSeconds = number(digits, Long.MAX_VALUE, "handshake");
        }

        void received(String digits) {
            received = number(digits, Long.MAX_VALUE, "counter");
        }

        void sent(String digits) {
            sent = number(digits, Long.MAX_VALUE, "counter");
        }

        void keepaliveSeconds(String digits) {
            keepaliveSeconds = (int) number(digits, 65_535, "keepalive");
        }

        private PeerState build() {
            return new PeerState(
                    key,
                    Optional.ofNullable(endpoint),
                    prefixes,
                    handshakeSeconds,
                    received,
                    sent,
                    keepaliveSeconds);
        }
    }

    static IllegalArgumentException malformed(String what) {
        return new IllegalArgumentException("a wrong %s".formatted(what));
    }

    void privateKey(byte[] scalar) {
        for (byte each : scalar) {
            if (each != 0) {
                identity = Identity.of(scalar);
                return;
            }
        }
    }

    void listenPort(String digits) {
        listenPort = (int) number(digits, 65_535, "port");
    }

    /// @param radix of the digits
    void mark(String digits, int radix) {
        try {
            mark = Integer.parseUnsignedInt(digits, radix);
        } catch (NumberFormatException wrong) {
            throw malformed("mark");
        }
    }

    Peer peer(byte[] key) {
        var peer = new Peer(NodeKey.of(key));
        if (peers.size() >= MOST_PEERS || peers.putIfAbsent(peer.key, peer) != null) {
            throw malformed("peer");
        }
        return peer;
    }

    InterfaceState build() {
        return new InterfaceState(
                Optional.ofNullable(identity),
                listenPort,
                mark,
                peers.values().stream().map(Peer::build).toList());
    }

    private static long number(String digits, long most, String what) {
        if (digits.isEmpty()
                || digits.length() > LONGEST_NUMBER
                || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw malformed(what);
        }
        try {
            long number = Long.parseLong(digits);
            if (number <= most) {
                return number;
            }
        } catch (NumberFormatException tooLarge) {
            // Said below.
        }
        throw malformed(what);
    }

    private static InetSocketAddress address(String text) {
        try {
            int zone = text.indexOf('%');
            int bracket = text.indexOf(']', zone + 1);
            if (zone < 0 || bracket < 0) {
                return HostAndPort.parse(text).literal().orElseThrow();
            }
            // A zone of another network namespace, in which WireGuard has its socket, is none here.
            var whole = HostAndPort.parse(text.substring(0, zone) + text.substring(bracket));
            String host = whole.host() + text.substring(zone, bracket);
            return new HostAndPort(host, whole.port())
                    .literal()
                    .orElseGet(() -> InetSocketAddress.createUnresolved(host, whole.port()));
        } catch (IllegalArgumentException | NoSuchElementException wrong) {
            throw malformed("endpoint");
        }
    }
}
