package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt broker`.
final class BrokerOptions extends RunningOptions {
    @Parameter(
            names = {"--listen", "-listen"},
            description =
                    "UDP address to listen on, :PORT or ADDRESS:PORT; the port after it answers"
                            + " STUN too, as does a second IPv4 address, given likewise (default:"
                            + " :30000)")
    List<String> listen = new ArrayList<>();

    @Parameter(
            names = {"--tls-listen", "-tls-listen"},
            description =
                    "TCP address for peers whose UDP is blocked, PORT or ADDRESS:PORT, 443 if it"
                            + " may be; not listened on unless given")
    @Nullable String tlsListen;

    @Parameter(
            names = {"--tls-cert", "-tls-cert"},
            description = "PEM file of the certificate for TCP (default: one made at the start)")
    @Nullable String tlsCert;

    @Parameter(
            names = {"--tls-key", "-tls-key"},
            description = "PEM file of the certificate's key")
    @Nullable String tlsKey;

    @Parameter(
            names = {"--authorized-clients", "-authorized-clients"},
            description = "file of the keys that may have names and be relayed")
    @Nullable String authorizedClients;

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description = "file of the secret that nodes must share to use this broker at all")
    @Nullable String pskFile;

    @Parameter(
            names = {"--open", "-open"},
            description = "anybody may have names and be relayed")
    boolean open;

    @Parameter(
            names = {"--relay-rate", "-relay-rate"},
            description = "bytes a second to relay for each key")
    long relayRate = 2_000_000;

    @Parameter(
            names = {"--relay-day", "-relay-day"},
            description = "bytes a day to relay for each key; 0 relays introductions only")
    long relayDay = 10_000_000_000L;

    @Parameter(
            names = {"--natpunch-go", "-natpunch-go"},
            description =
                    "serve natpunch-go's clients too, on this UDP PORT or IPV4:PORT; anybody may"
                            + " register a key there and ask where any other is")
    @Nullable String natpunchGo;

    @Parameter(
            names = {"--natpunch", "-natpunch"},
            description =
                    "serve NATpunch's clients too, on these two UDP ports, PORT1:PORT2; insecure:"
                            + " nobody proves anything there and its tunnels are not encrypted")
    @Nullable String natpunch;

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description =
                    "directory of this broker's key and of the names (default: the system's or the"
                            + " user's)")
    @Nullable String stateDir;
}
