package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt wg`.
final class WgOptions extends NodeOptions {
    @Parameter(
            names = {"--interface", "-interface"},
            description = "the WireGuard interface whose peers are to be found")
    @Nullable String device;

    @Parameter(
            names = {"--broker", "-broker"},
            description =
                    "[KEY@]HOST[:PORT] of a broker (port: 30000), several times for several"
                            + " (default: $NATT_BROKER)")
    List<String> broker = new ArrayList<>();

    @Parameter(
            names = {"--server", "-server"},
            description =
                    "HOST:PORT of a server of natpunch-go, in place of --broker: it is asked from"
                            + " WireGuard's own port where the peers are")
    @Nullable String server;

    @Parameter(
            names = {"--server-key", "-server-key"},
            description = "that server's public key, 44 characters")
    @Nullable String serverKey;

    @Parameter(
            names = {"--wg-identity", "-wg-identity"},
            description =
                    "the interface's key is this node's key, and its peers are the peers: as it is"
                            + " without --config")
    boolean wgIdentity;

    @Parameter(
            names = {"--config", "-config"},
            description =
                    "file of the peers, one 'WIREGUARD-KEY NATT-KEY-OR-NAME' a line; natt's own key"
                            + " is this node's then")
    @Nullable String config;

    @Parameter(
            names = {"--direct", "-direct"},
            description =
                    "search from WireGuard's own port and give it the peers' real endpoints, where"
                            + " there is a direct path")
    boolean direct;

    @Parameter(
            names = {"--continuous", "-continuous", "-c"},
            description =
                    "with --direct or --server: go on when every peer is connected, and follow"
                            + " those that roam")
    boolean continuous;

    @Parameter(
            names = {"--delay", "-delay", "-d"},
            description = "seconds between two looks at the interface, from 0.1")
    String delay = "2";

    @Parameter(description = "")
    List<String> further = new ArrayList<>();
}
