package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options that nodes of packets share, `natt tun` and `natt wg`.
class NodeOptions extends LogOptions {
    @Parameter(
            names = {"--broker-psk-file", "-broker-psk-file"},
            description = "file of the secret that the broker wants, if it wants one")
    @Nullable String brokerPskFile;

    @Parameter(
            names = {"--name", "-name"},
            description = "name that this node has at the broker, several times for several")
    List<String> name = new ArrayList<>();

    @Parameter(
            names = {"--known-hosts", "-known-hosts"},
            description =
                    "file of the broker's and the peers' keys (default: known_hosts in the state"
                            + " directory)")
    @Nullable String knownHosts;

    @Parameter(
            names = {"--strict", "-strict"},
            description = "refuse a broker and peers that are not known yet")
    boolean strict;

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description =
                    "directory of this node's own key and of the known hosts (default: the"
                            + " system's or the user's)")
    @Nullable String stateDir;

    @Parameter(
            names = {"--runtime-dir", "-runtime-dir"},
            description =
                    "directory of the socket for 'natt status' (default: $RUNTIME_DIRECTORY; else"
                            + " /run/natt for root; else $XDG_RUNTIME_DIR/natt, or the state"
                            + " directory)")
    @Nullable String runtimeDir;
}
