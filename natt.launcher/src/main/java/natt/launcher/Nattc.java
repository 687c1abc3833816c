package natt.launcher;

import natt.core.HostAndPort;
import natt.core.node.Client;
import natt.core.node.ClientConfig;
import natt.core.node.Installed;
import natt.core.spi.NameLookup;
import natt.core.spi.Settings;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// nattc: connects to the service behind a name, as an ssh ProxyCommand or on a local port.
public final class Nattc {
    private static final System.Logger LOG = System.getLogger("natt");

    private Nattc() {}

    public static void main(String[] args) {
        CommandLine.exit("nattc", () -> run(args, System.getenv()));
    }

    private static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new NattcOptions();
        if (!CommandLine.parse("nattc", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, options.proxy ? Level.WARNING : Level.INFO);
        String name =
                Natts.name(
                        Natts.first(options.target, environment.get("TARGET_FQDN"))
                                .orElseThrow(
                                        () ->
                                                new UsageException(
                                                        "the name to connect to is missing: give"
                                                                + " --target or $TARGET_FQDN")));
        List<InetSocketAddress> listen = options.proxy ? List.of() : listen(options.listen);
        Installed installed = Installed.load(CommandLine.plugins());
        NameLookup.Resolver resolver;
        try {
            resolver = resolver(options, installed);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        var client =
                new Client(new ClientConfig(name, resolver, installed.transport(options.compat)));
        return options.proxy ? proxy(client) : serve(client, name, listen);
    }

    private static int proxy(Client client) throws IOException {
        CompletableFuture<String> ended =
                client.proxy(
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out));
        var stopping = new AtomicBoolean();
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    stopping.set(true);
                                    // ssh hangs up as soon as it closes its end, so the end of
                                    // standard input is on its way and gets a second to arrive.
                                    ended.copy().completeOnTimeout("", 1, TimeUnit.SECONDS).join();
                                    client.close();
                                }));
        String why = ended.join();
        if (!why.isEmpty() && !stopping.get()) {
            throw new IOException(why);
        }
        return CommandLine.DONE;
    }

    private static int serve(Client client, String name, List<InetSocketAddress> listen)
            throws IOException {
        Runtime.getRuntime().addShutdownHook(new Thread(client::close));
        List<InetSocketAddress> bound = client.listen(listen);
        LOG.log(
                Level.INFO,
                "accepting on TCP {0} for {1}; try: ssh -p {2} localhost",
                String.join(", ", bound.stream().map(HostAndPort::format).toList()),
                name,
                bound.getFirst().getPort());
        throw new IOException(client.failure().join());
    }

    private static NameLookup.Resolver resolver(NattcOptions options, Installed installed) {
        if (options.dnsFile != null) {
            return installed
                    .nameLookup("file")
                    .open(new Settings(Map.of("path", options.dnsFile), Map.of()));
        }
        Map<String, String> values =
                options.dnsServer == null ? Map.of() : Map.of("server", options.dnsServer);
        return installed.nameLookup("dns").open(new Settings(values, Map.of()));
    }

    private static List<InetSocketAddress> listen(String text) throws IOException {
        try {
            HostAndPort given = HostAndPort.parse(text);
            if (!given.host().isEmpty()) {
                return List.of(
                        given.literal()
                                .orElseThrow(
                                        () ->
                                                new IllegalArgumentException(
                                                        "--listen is :PORT or ADDRESS:PORT, not"
                                                                + " '%s'".formatted(text))));
            }
            return loopbacks(given.port());
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    /// The loopback addresses that this machine has: ::1 can be switched off.
    private static List<InetSocketAddress> loopbacks(int port) throws IOException {
        var addresses = new ArrayList<InetSocketAddress>();
        addresses.add(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        InetAddress six = InetAddress.ofLiteral("::1");
        if (NetworkInterface.getByInetAddress(six) != null) {
            addresses.add(new InetSocketAddress(six, port));
        }
        return addresses;
    }
}
