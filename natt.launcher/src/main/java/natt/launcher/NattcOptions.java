package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of nattc. Those of the original keep their names and meanings.
final class NattcOptions extends CommonOptions {
    @Parameter(
            names = {"--target", "-target"},
            description = "name under which natts publishes; or $TARGET_FQDN")
    @Nullable String target;

    @Parameter(
            names = {"--listen", "-listen"},
            description = "TCP address to accept on; :PORT binds the loopback addresses")
    String listen = ":10022";

    @Parameter(
            names = {"--proxy", "-proxy"},
            description = "carry standard input and output, as an ssh ProxyCommand")
    boolean proxy;

    @Parameter(
            names = {"--dns-server", "-dns-server"},
            description = "HOST[:PORT] of the DNS server to ask (default: the system's)")
    @Nullable String dnsServer;

    @Parameter(
            names = {"--dns-file", "-dns-file"},
            description = "read the records from this zone-file fragment instead of DNS")
    @Nullable String dnsFile;
}
