package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of nattc. Those of the original keep their names and meanings.
final class NattcOptions extends CommonOptions {
    @Parameter(
            names = {"--target", "-target"},
            description =
                    "name under which natts publishes, or a ticket natt://KEY@NAME; or"
                            + " $TARGET_FQDN")
    @Nullable String target;

    @Parameter(
            names = {"--listen", "-listen"},
            description =
                    "TCP address to accept on for --service; :PORT binds the loopback addresses"
                            + " (default: :10022, without --proxy and --forward)")
    @Nullable String listen;

    @Parameter(
            names = {"--forward", "-forward", "-L"},
            description =
                    "[BIND:]PORT:SERVICE, a TCP address to accept on for another service, several"
                            + " times for several")
    List<String> forward = new ArrayList<>();

    @Parameter(
            names = {"--service", "-service"},
            description = "service for --proxy and --listen")
    String service = "ssh";

    @Parameter(
            names = {"--proxy", "-proxy"},
            description = "carry standard input and output, as an ssh ProxyCommand")
    boolean proxy;

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description = "file of the secret that the host wants (default: that of the ticket)")
    @Nullable String pskFile;

    @Parameter(
            names = {"--known-hosts", "-known-hosts"},
            description = "file of the hosts' keys (default: known_hosts in the state directory)")
    @Nullable String knownHosts;

    @Parameter(
            names = {"--strict", "-strict"},
            description = "refuse a host that is not known yet")
    boolean strict;

    @Parameter(
            names = {"--no-broker", "-no-broker"},
            description = "use no broker, not even that of the record or the ticket")
    boolean noBroker;

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description = "directory of this node's key (default: the system's or the user's)")
    @Nullable String stateDir;

    @Parameter(
            names = {"--transport", "-transport"},
            description =
                    "what carries the streams in the session: kcp, or kcp:MODE for how it sends:"
                            + " natt (the default: by a model of the path), or normal, fast, fast2,"
                            + " fast3: as KCP does with the settings of these names")
    String transport = "kcp";

    @Parameter(
            names = {"--dns-server", "-dns-server"},
            description = "HOST[:PORT] of the DNS server to ask (default: the system's)")
    @Nullable String dnsServer;

    @Parameter(
            names = {"--dns-file", "-dns-file"},
            description = "read the records from this zone-file fragment instead of DNS")
    @Nullable String dnsFile;
}
