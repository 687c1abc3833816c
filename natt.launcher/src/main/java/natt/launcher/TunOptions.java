package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The options of `natt tun`.
final class TunOptions extends NodeOptions {
    @Parameter(
            names = {"--broker", "-broker"},
            description = "[KEY@]HOST[:PORT] of the broker (port: 30000)")
    @Nullable String broker;

    @Parameter(
            names = {"--peer", "-peer"},
            description = "the other end: its name at the broker, or its key")
    @Nullable String peer;

    @Parameter(
            names = {"--target", "-target"},
            description =
                    "the other end, where it publishes itself: its DNS name, or a ticket"
                            + " natt://KEY@NAME; needs no broker")
    @Nullable String target;

    @Parameter(
            names = {"--natpunch", "-natpunch"},
            description =
                    "HOST:PORT of a server of NATpunch that knows the other end, in place of"
                            + " --broker and --peer; insecure: nothing is encrypted and nobody"
                            + " proves who he is")
    @Nullable String natpunch;

    @Parameter(
            names = {"--local", "-local"},
            description = "ADDRESS[/BITS] of the device, IPv4 or IPv6, several times for several")
    List<String> local = new ArrayList<>();

    @Parameter(
            names = {"--remote", "-remote"},
            description = "ADDRESS of the other end's device, several times for several")
    List<String> remote = new ArrayList<>();

    @Parameter(
            names = {"--allowed-ips", "-allowed-ips"},
            description =
                    "ADDRESS[/BITS],... that the other end has beside --remote: they are routed to"
                            + " it, and it may send from them")
    List<String> allowedIps = new ArrayList<>();

    @Parameter(
            names = {"--dev", "-dev"},
            description =
                    "name of the device, which is made (as root) unless it is there (default:"
                            + " natt0)")
    @Nullable String dev;

    @Parameter(
            names = {"--mtu", "-mtu"},
            description = "MTU of the device, 576 to 1440, or auto (default: auto, which is 1420)")
    @Nullable String mtu;

    @Parameter(
            names = {"--config", "-config"},
            description =
                    "file of a device with several peers, in place of --peer, --local, --remote,"
                            + " --allowed-ips, --dev and --mtu: lines 'device NAME', 'local"
                            + " ADDRESS/BITS', 'mtu NUMBER', 'forward yes', 'peer NAME',"
                            + " 'allowed-ips PREFIX ...'")
    @Nullable String config;

    @Parameter(
            names = {"--listen", "-listen"},
            description = "UDP address to bind (default: a free port of all addresses)")
    @Nullable String listen;

    @Parameter(
            names = {"--psk-file", "-psk-file"},
            description = "file of the secret that this node and its peers share")
    @Nullable String pskFile;

    @Parameter(
            names = {"--dns-server", "-dns-server"},
            description =
                    "HOST[:PORT] of the DNS server to ask for --target (default: the system's)")
    @Nullable String dnsServer;

    @Parameter(
            names = {"--dns-file", "-dns-file"},
            description = "read the records for --target from this zone-file fragment")
    @Nullable String dnsFile;

    @Parameter List<String> rest = new ArrayList<>();
}
