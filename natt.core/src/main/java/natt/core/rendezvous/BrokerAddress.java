package natt.core.rendezvous;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Text;

import java.util.Locale;
import java.util.Optional;

/// Where a broker is, and its key if that is known: `[KEY@]HOST[:PORT]`.
public record BrokerAddress(Optional<NodeKey> key, HostAndPort place) {
    public static final int DEFAULT_PORT = 30_000;

    /// Reads `[KEY@]HOST[:PORT]`.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static BrokerAddress parse(String text) {
        int at = text.lastIndexOf('@');
        Optional<NodeKey> key = Optional.empty();
        if (at >= 0) {
            try {
                key = Optional.of(NodeKey.parse(text.substring(0, at)));
            } catch (IllegalArgumentException notAKey) {
                throw new IllegalArgumentException(
                        "a broker is [KEY@]HOST[:PORT]: '%s' is no key of 43 characters"
                                .formatted(Text.escape(text.substring(0, at))));
            }
        }
        HostAndPort place = HostAndPort.parse(text.substring(at + 1), DEFAULT_PORT);
        if (place.host().isEmpty() || place.port() == 0) {
            throw new IllegalArgumentException(
                    "a broker is [KEY@]HOST[:PORT], not '%s'".formatted(Text.escape(text)));
        }
        String host = place.host().toLowerCase(Locale.ROOT);
        String plain = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
        return new BrokerAddress(key, new HostAndPort(plain, place.port()));
    }

    /// The same with its key.
    public BrokerAddress with(NodeKey known) {
        return new BrokerAddress(Optional.of(known), place);
    }

    @Override
    public String toString() {
        return key.map(known -> known + "@").orElse("") + place;
    }
}
