package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt listen` and `natt forward`.
class PeerOptions extends RunningOptions {
    @Parameter(
            names = {"--name", "-name"},
            description = "name that this node has at the broker, several times for several")
    List<String> name = new ArrayList<>();

    @Parameter(
            names = {"--broker", "-broker"},
            description = "[KEY@]HOST[:PORT] of the broker (port: 30000)")
    @Nullable String broker;

    @Parameter(
            names = {"--broker-psk-file", "-broker-psk-file"},
            description = "file of the secret that the broker wants, if it wants one")
    @Nullable String brokerPskFile;

    @Parameter(
            names = {"--listen", "-listen"},
            description = "UDP address to bind (default: a free port of all addresses)")
    @Nullable String listen;

    @Parameter(
            names = {"--authorized-clients", "-authorized-clients"},
            description =
                    "file of the keys that may reach what is allowed (default: authorized_clients"
                            + " in the configuration directory, if there is one)")
    @Nullable String authorizedClients;

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description = "file of the secret that this node and its peers share")
    @Nullable String pskFile;

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
            names = {"--transport", "-transport"},
            description =
                    "what carries the streams: kcp, or kcp:MODE for how it sends: natt (the"
                        + " default: by a model of the path), or normal, fast, fast2, fast3: as KCP"
                        + " does with the settings of these names")
    String transport = "kcp";

    @Parameter(
            names = {"--control", "-control"},
            description =
                    "path of a Unix domain socket over which programs open connections to peers")
    @Nullable String control;

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description =
                    "directory of this node's key and of the known hosts (default: the system's or"
                            + " the user's)")
    @Nullable String stateDir;

    @Parameter(
            names = {"--allow", "-allow"},
            description =
                    "what peers may reach: PORT of this machine, HOST:PORT, HOST:*, *:PORT, or"
                            + " 'exec:COMMAND ARGS' (a last word ... stands for any further"
                            + " arguments that do not begin with -); several times for several")
    List<String> allow = new ArrayList<>();

    @Parameter(
            names = {"--forward", "-forward", "-L"},
            description = "[BIND:]PORT:PEER:[HOST:]PORT, several times for several")
    List<String> forward = new ArrayList<>();
}
