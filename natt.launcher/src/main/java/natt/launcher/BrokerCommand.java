package natt.launcher;

import natt.core.HostAndPort;
import natt.core.PreSharedKey;
import natt.core.Text;
import natt.core.node.Installed;
import natt.core.status.ControlSocket;
import natt.rendezvous.Broker;
import natt.rendezvous.BrokerConfig;
import natt.rendezvous.proto.Limits;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// `natt broker`: joins nodes that cannot reach each other.
final class BrokerCommand {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final String LISTEN = ":30000";

    private BrokerCommand() {}

    static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new BrokerOptions();
        if (!CommandLine.parse("natt broker", options, args, environment)) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        Broker broker;
        BrokerExtras extras;
        try {
            BrokerExtras.check(options);
            Installed installed = Installed.load(CommandLine.plugins());
            BrokerConfig config = config(options, environment, installed);
            broker = Broker.start(config);
            extras = startExtras(options, config, broker);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        var status = new AtomicReference<Optional<ControlSocket>>(Optional.empty());
        stopInOrder(broker, extras, status);
        status.set(
                NodeFiles.controlSocket(
                        "nattbroker", options, environment, Level.WARNING, broker::report));
        throw new IOException(broker.failure().join());
    }

    private static BrokerExtras startExtras(
            BrokerOptions options, BrokerConfig config, Broker broker) throws IOException {
        try {
            return BrokerExtras.start(options, config.identity());
        } catch (IOException | RuntimeException failed) {
            broker.close();
            throw failed;
        }
    }

    private static void stopInOrder(
            Broker broker, BrokerExtras extras, AtomicReference<Optional<ControlSocket>> status) {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    status.get().ifPresent(ControlSocket::close);
                                    extras.close();
                                    broker.close();
                                    if (!broker.failure().isDone()) {
                                        LOG.log(Level.INFO, "stopped");
                                        // An orderly stop is no failure, whatever the signal.
                                        Runtime.getRuntime().halt(CommandLine.DONE);
                                    }
                                }));
    }

    static BrokerConfig config(
            BrokerOptions options, Map<String, String> environment, Installed installed)
            throws IOException {
        boolean guarded = options.authorizedClients != null || options.pskFile != null;
        if (guarded == options.open) {
            throw new UsageException(
                    guarded
                            ? "--open and --authorized-clients or --psk-file contradict each other"
                            : "who may use this broker? Give --authorized-clients FILE, --psk-file"
                                    + " FILE, or --open for anybody");
        }
        var files = new NodeFiles(environment, options.stateDir);
        PreSharedKey secret =
                options.pskFile == null
                        ? PreSharedKey.NONE
                        : files.secret(NodeFiles.path(options.pskFile));
        return new BrokerConfig(
                listen(options.listen),
                tls(options),
                files.hostIdentity(),
                secret,
                Optional.ofNullable(options.authorizedClients).map(NodeFiles::path),
                limits(options),
                files.state(),
                installed.discovery("stun"));
    }

    private static List<InetSocketAddress> listen(List<String> given) {
        List<String> wanted = given.isEmpty() ? List.of(LISTEN) : given;
        return wanted.stream().map(text -> address("--listen", text)).toList();
    }

    private static Optional<BrokerConfig.Tls> tls(BrokerOptions options) {
        if ((options.tlsCert == null) != (options.tlsKey == null)) {
            throw new UsageException("--tls-cert and --tls-key go together");
        }
        if (options.tlsListen == null) {
            if (options.tlsCert != null) {
                throw new UsageException("--tls-cert needs --tls-listen");
            }
            return Optional.empty();
        }
        boolean bare = options.tlsListen.indexOf(':') < 0;
        InetSocketAddress at =
                address("--tls-listen", bare ? ":" + options.tlsListen : options.tlsListen);
        Optional<Path> key = Optional.ofNullable(options.tlsKey).map(NodeFiles::path);
        return Optional.of(
                new BrokerConfig.Tls(
                        at,
                        Optional.ofNullable(options.tlsCert)
                                .map(NodeFiles::path)
                                .flatMap(
                                        cert ->
                                                key.map(
                                                        its ->
                                                                new BrokerConfig.Tls.Files(
                                                                        cert, its)))));
    }

    private static Limits limits(BrokerOptions options) {
        if (options.relayRate < 1 || options.relayDay < 0) {
            throw new UsageException("--relay-rate is from 1, --relay-day from 0");
        }
        return new Limits(Limits.usual().names(), options.relayRate, options.relayDay);
    }

    private static InetSocketAddress address(String option, String text) {
        HostAndPort given = HostAndPort.parse(text);
        if (given.host().isEmpty()) {
            return new InetSocketAddress(InetAddress.ofLiteral("::"), given.port());
        }
        return given.literal()
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "%s is :PORT or ADDRESS:PORT, not '%s'"
                                                .formatted(option, Text.escape(text))));
    }
}
