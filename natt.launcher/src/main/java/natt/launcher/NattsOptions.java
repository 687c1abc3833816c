package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of natts, and of what looks at its set-up. Those of the original keep their names
/// and meanings.
class NattsOptions extends CommonOptions {
    @Parameter(
            names = {"--target-fqdn", "-target-fqdn"},
            description = "name to publish the address under; or $TARGET_FQDN")
    @Nullable String targetFqdn;

    @Parameter(
            names = {"--ssh-target", "-ssh-target"},
            description = "HOST:PORT of the TCP service 'ssh'")
    String sshTarget = "127.0.0.1:22";

    @Parameter(
            names = {"--expose", "-expose"},
            description = "NAME=HOST:PORT, a further TCP service, several times for several")
    List<String> expose = new ArrayList<>();

    @Parameter(
            names = {"--listen", "-listen"},
            description = "UDP address to listen on: :PORT or ADDRESS:PORT")
    String listen = ":30000";

    @Parameter(
            names = {"--compat-listen", "-compat-listen"},
            description =
                    "with --compat: UDP address for the original's wire, beside sessions on"
                            + " --listen (default: the original's wire alone, on --listen)")
    @Nullable String compatListen;

    @Parameter(
            names = {"--authorized-clients", "-authorized-clients"},
            description =
                    "file of the keys that may connect (default: authorized_clients in the"
                            + " configuration directory, if it exists)")
    @Nullable String authorizedClients;

    @Parameter(
            names = {"--tun", "-tun"},
            description =
                    "name of a TUN device for the packets of clients whose lines have"
                            + " tun=\"PREFIX\"; made (as root) unless it is there")
    @Nullable String tun;

    @Parameter(
            names = {"--tun-local", "-tun-local"},
            description = "ADDRESS[/BITS] of that device, several times for several")
    List<String> tunLocal = new ArrayList<>();

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description =
                    "file of the secret that clients must share (default: psk in the configuration"
                            + " directory, if it exists)")
    @Nullable String pskFile;

    @Parameter(
            names = {"--state-dir", "-state-dir"},
            description = "directory of this node's key (default: the system's or the user's)")
    @Nullable String stateDir;

    @Parameter(
            names = {"--strict", "-strict"},
            description = "refuse a broker whose key is not known yet")
    boolean strict;

    @Parameter(
            names = {"--transport", "-transport"},
            description =
                    "what carries the streams in a session: kcp, or kcp:MODE for how it sends: natt"
                        + " (the default: by a model of the path), or normal, fast, fast2, fast3:"
                        + " as KCP does with the settings of these names")
    String transport = "kcp";

    @Parameter(
            names = {"--stun", "-stun"},
            description =
                    "STUN server HOST:PORT, several times for several (default: three public ones);"
                            + " 'none' publishes the address listened on")
    List<String> stun = new ArrayList<>();

    @Parameter(
            names = {"--port-map", "-port-map"},
            description =
                    "auto: map the port on the gateway by PCP, NAT-PMP or UPnP, if it speaks one;"
                            + " off: do not ask it")
    String portMap = "auto";

    @Parameter(
            names = {"--publish-private", "-publish-private"},
            description = "publish an address even if it is not public, for a LAN or a loopback")
    boolean publishPrivate;

    @Parameter(
            names = {"--ttl", "-ttl"},
            description = "time to live of the records, in seconds")
    int ttl = 60;

    @Parameter(
            names = {"--dns", "-dns"},
            description =
                    "the DNS provider to publish with; 'natt providers' lists them, 'none'"
                            + " publishes nothing")
    String dns = "cloudflare";

    @Parameter(
            names = {"--dns-option", "-dns-option"},
            splitter = Whole.class,
            description = "KEY=VALUE, a setting of the DNS provider, such as path=FILE for 'file'")
    List<String> dnsOption = new ArrayList<>();

    @Parameter(
            names = {"--dns-secret-file", "-dns-secret-file"},
            splitter = Whole.class,
            description = "KEY=FILE, a secret setting of the DNS provider, read from a file")
    List<String> dnsSecretFile = new ArrayList<>();

    @Parameter(
            names = {"--dns-server", "-dns-server"},
            description =
                    "HOST[:PORT] of the DNS server to ask about the own record (default: the"
                            + " system's)")
    @Nullable String dnsServer;

    @Parameter(
            names = {"--cf-token", "-cf-token"},
            description = "Cloudflare API token; or $CF_API_TOKEN, or --cf-token-file")
    @Nullable String cfToken;

    @Parameter(
            names = {"--cf-token-file", "-cf-token-file"},
            description = "file that holds the Cloudflare API token")
    @Nullable String cfTokenFile;

    @Parameter(
            names = {"--cf-zone-id", "-cf-zone-id"},
            description = "id of the Cloudflare zone, if the token may not list zones")
    @Nullable String cfZoneId;

    @Parameter(
            names = {"--cf-api-url", "-cf-api-url"},
            description = "base URL of the Cloudflare API (default: the public one)")
    @Nullable String cfApiUrl;
}
