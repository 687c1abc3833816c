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

    /// What a ProxyCommand is usually given. A test compares this with the parser, which sets the
    /// same fields.
    @Override
    boolean readPlain(List<String> args) {
        return new NattcOptions().take(args) && take(args);
    }

    private boolean take(List<String> args) {
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            int equals = arg.indexOf('=');
            String name = equals < 0 ? arg : arg.substring(0, equals);
            if (!name.startsWith("-")) {
                return false;
            }
            name = name.substring(name.startsWith("--") ? 2 : 1);
            if (equals < 0 && takeFlag(name)) {
                continue;
            }
            if (equals < 0 && ++i == args.size()) {
                return false;
            }
            String value = equals < 0 ? args.get(i) : arg.substring(equals + 1);
            if (!isPlain(value) || !takeValue(name, value)) {
                return false;
            }
        }
        return true;
    }

    /// Whether the parser would take the value as it is.
    private static boolean isPlain(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c <= ' ' || c > '~' || c == '"' || c == ',') {
                return false;
            }
        }
        return !value.isEmpty() && value.charAt(0) != '-';
    }

    /// The parser turns a flag around each time.
    private boolean takeFlag(String name) {
        switch (name) {
            case "proxy" -> proxy = !proxy;
            case "strict" -> strict = !strict;
            case "no-broker" -> noBroker = !noBroker;
            case "verbose" -> verbose = !verbose;
            case "quiet" -> quiet = !quiet;
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean takeValue(String name, String value) {
        switch (name) {
            case "target" -> target = value;
            case "service" -> service = value;
            case "psk-file" -> pskFile = value;
            case "known-hosts" -> knownHosts = value;
            case "state-dir" -> stateDir = value;
            case "runtime-dir" -> runtimeDir = value;
            case "dns-server" -> dnsServer = value;
            case "dns-file" -> dnsFile = value;
            case "broker" -> broker.add(value);
            case "broker-psk-file" -> brokerPskFile = value;
            case "broker-tls" -> brokerTls = value;
            case "log-format" -> logFormat = value;
            default -> {
                return false;
            }
        }
        return true;
    }
}
