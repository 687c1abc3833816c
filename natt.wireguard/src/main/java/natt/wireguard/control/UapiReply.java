package natt.wireguard.control;

import org.jspecify.annotations.Nullable;

import java.io.IOException;

/// Reads the reply to an operation of WireGuard's cross-platform userspace protocol, line by line:
/// `KEY=VALUE`, of which `public_key` begins a peer and `errno` is the last; then an empty line.
final class UapiReply {
    private final StateBuilder state = new StateBuilder();
    private StateBuilder.@Nullable Peer peer;
    private int errno = -1;
    private boolean complete;

    /// Takes a line without its end.
    ///
    /// @throws IllegalArgumentException if it is none of a reply; without the line, which may hold
    ///     the private key
    void line(String line) {
        if (line.isEmpty()) {
            if (errno < 0) {
                throw new IllegalArgumentException("an end without a result");
            }
            complete = true;
            return;
        }
        int equals = line.indexOf('=');
        if (equals <= 0 || errno >= 0) {
            throw new IllegalArgumentException("a wrong line");
        }
        String key = line.substring(0, equals);
        String value = line.substring(equals + 1);
        if (peer == null && !key.equals("public_key")) {
            ofInterface(key, value);
        } else {
            ofPeer(key, value);
        }
    }

    private void ofInterface(String key, String value) {
        switch (key) {
            case "private_key" -> state.privateKey(bytes(value));
            case "listen_port" -> state.listenPort(value);
            case "fwmark" -> state.mark(value, 10);
            case "errno" -> errno(value);
            default -> {} // Others may come with later versions.
        }
    }

    private void ofPeer(String key, String value) {
        if (key.equals("public_key")) {
            peer = state.peer(bytes(value));
            return;
        }
        StateBuilder.Peer of = peer;
        if (of == null) {
            throw new AssertionError("a peer's values come after its key");
        }
        switch (key) {
            case "endpoint" -> of.endpoint(value);
            case "allowed_ip" -> of.allowedIp(value);
            case "last_handshake_time_sec" -> of.handshakeSeconds(value);
            case "rx_bytes" -> of.received(value);
            case "tx_bytes" -> of.sent(value);
            case "persistent_keepalive_interval" -> of.keepaliveSeconds(value);
            case "errno" -> errno(value);
            default -> {} // Among them the shared secret, which nobody needs to know here.
        }
    }

    private static byte[] bytes(String hex) {
        try {
            return WireGuardKey.bytesOfHex(hex);
        } catch (IllegalArgumentException notHex) {
            throw StateBuilder.malformed("key");
        }
    }

    private void errno(String value) {
        // wireguard-go has negative ones.
        if (!value.matches("-?[0-9]{1,9}")) {
            throw StateBuilder.malformed("result");
        }
        errno = Math.abs(Integer.parseInt(value));
    }

    boolean isComplete() {
        return complete;
    }

    /// What was told.
    ///
    /// @throws IOException with one line for the user, if the operation failed
    InterfaceState result() throws IOException {
        if (errno != 0) {
            throw new IOException("error %d".formatted(errno));
        }
        return state.build();
    }
}
