package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.keys.KnownHosts;
import natt.core.node.AllowList;
import natt.core.node.Ending;
import natt.core.node.ForwardSpec;
import natt.core.node.Installed;
import natt.core.node.Node;
import natt.core.node.NodeConfig;
import natt.core.node.NodeSocket;
import natt.core.rendezvous.BrokerAddress;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/// `natt listen` and `natt forward`: two named peers and a broker. Each does both, if asked to.
final class PeerCommand {
    private static final System.Logger LOG = System.getLogger("natt");

    /// What commands find in their environment, as far as this program has it.
    private static final List<String> ENVIRONMENT =
            List.of("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ");

    private final String program;
    private final PeerOptions options;
    private final Map<String, String> environment;
    private final AllowList allow;
    private final List<ForwardSpec> specs;
    private final List<AutoCloseable> sockets = new CopyOnWriteArrayList<>();
    private volatile boolean serving;
    private volatile boolean stopping;

    private PeerCommand(
            String program,
            PeerOptions options,
            Map<String, String> environment,
            List<String> allow,
            List<String> specs,
            List<String> command) {
        this.program = program;
        this.options = options;
        this.environment = environment;
        this.allow = AllowList.of(allow);
        this.specs = specs.stream().map(each -> ForwardSpec.parse(each, command)).toList();
    }

    static int listen(String[] args, Map<String, String> environment) throws Exception {
        var options = new ListenOptions();
        if (!CommandLine.parse("natt listen", options, args, environment)) {
            return CommandLine.DONE;
        }
        return usage(
                () -> {
                    var allow = new ArrayList<>(options.allow);
                    allow.addAll(arguments(options.further));
                    if (allow.isEmpty()) {
                        throw new UsageException("what may peers reach? Give --allow");
                    }
                    return new PeerCommand(
                            "natt listen", options, environment, allow, options.forward, List.of());
                });
    }

    static int forward(String[] args, Map<String, String> environment) throws Exception {
        var options = new ForwardOptions();
        int words = wordsOfCommand(args);
        String[] before = Arrays.copyOf(args, words);
        if (!CommandLine.parse("natt forward", options, before, environment)) {
            return CommandLine.DONE;
        }
        return usage(
                () -> {
                    var specs = new ArrayList<>(options.forward);
                    specs.addAll(arguments(options.specs));
                    if (specs.isEmpty() && options.control == null) {
                        throw new UsageException(
                                "what is to be forwarded? Give [BIND:]PORT:PEER:[HOST:]PORT");
                    }
                    return new PeerCommand(
                            "natt forward",
                            options,
                            environment,
                            options.allow,
                            specs,
                            List.of(args).subList(words, args.length));
                });
    }

    /// Where the words of a command begin: after the specs that want one.
    private static int wordsOfCommand(String[] args) {
        int at = 0;
        while (at < args.length && !ForwardSpec.wantsCommand(args[at])) {
            at++;
        }
        while (at < args.length && ForwardSpec.wantsCommand(args[at])) {
            at++;
        }
        return at;
    }

    private static List<String> arguments(List<String> arguments) {
        for (String each : arguments) {
            // The parser takes options that it does not know for arguments.
            if (each.startsWith("-")) {
                throw new UsageException("there is no option '" + each + "'");
            }
        }
        return arguments;
    }

    private interface Maker {
        PeerCommand make() throws IOException;
    }

    private static int usage(Maker maker) throws Exception {
        PeerCommand command;
        try {
            command = maker.make();
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        return command.run();
    }

    private Optional<ForwardSpec> stdio() {
        List<ForwardSpec> found = specs.stream().filter(each -> each.local().isEmpty()).toList();
        if (found.size() > 1) {
            throw new UsageException("standard input and output go to one target only");
        }
        return found.stream().findFirst();
    }

    private int run() throws Exception {
        Optional<ForwardSpec> stdio = stdio();
        CommandLine.configureLog(options, stdio.isPresent() ? Level.WARNING : Level.INFO);
        NodeConfig config;
        try {
            config = config(Installed.load(CommandLine.plugins()));
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        Node node = Node.start(config);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(node, stdio.isPresent())));
        try {
            return serve(node, stdio);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
    }

    private void stop(Node node, boolean carries) {
        stopping = true;
        sockets.forEach(PeerCommand::closeQuietly);
        node.close();
        if (!carries && serving && !node.failure().isDone()) {
            LOG.log(Level.INFO, "stopped");
            // An orderly stop is no failure, whatever the signal.
            Runtime.getRuntime().halt(CommandLine.DONE);
        }
    }

    private static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception failed) {
            LOG.log(Level.DEBUG, "not closed: {0}", failed.toString());
        }
    }

    private int serve(Node node, Optional<ForwardSpec> stdio) throws IOException {
        LOG.log(
                Level.INFO,
                "this node's key is {0}, UDP {1}",
                node.key(),
                HostAndPort.format(node.local()));
        if (!allow.isEmpty()) {
            node.listen(allow);
        }
        for (ForwardSpec each : specs) {
            if (each.local().isPresent()) {
                List<InetSocketAddress> bound = node.forward(each);
                LOG.log(
                        Level.INFO,
                        "accepting on TCP {0} for {1} of {2}",
                        String.join(", ", bound.stream().map(HostAndPort::format).toList()),
                        each.target(),
                        each.peer());
            }
        }
        if (options.control != null) {
            sockets.add(NodeSocket.open(NodeFiles.path(options.control), node));
        }
        // Short ones have no status.
        if (stdio.isPresent()) {
            return carry(node, stdio.get());
        }
        NodeFiles.controlSocket("natt", options, environment, Level.INFO, node::report)
                .ifPresent(sockets::add);
        serving = true;
        throw new IOException(node.failure().join());
    }

    private int carry(Node node, ForwardSpec spec) {
        CompletableFuture<Ending> ended =
                node.carry(
                        spec.peer(),
                        spec.target(),
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out),
                        System.err);
        Ending ending = ended.join();
        if (stopping) {
            return CommandLine.DONE;
        }
        if (!ending.orderly()) {
            CommandLine.complain(program, ending.why());
            return CommandLine.FAILED;
        }
        return ending.status().orElse(CommandLine.DONE);
    }

    private NodeConfig config(Installed installed) throws IOException {
        if (options.broker == null) {
            throw new UsageException("--broker [KEY@]HOST[:PORT] is missing");
        }
        boolean listening = !allow.isEmpty();
        var files = new NodeFiles(environment, options.stateDir);
        Identity identity =
                listening || !options.name.isEmpty()
                        ? files.hostIdentity()
                        : files.clientIdentity();
        var builder =
                new NodeConfig.Builder(
                        identity,
                        BrokerAddress.parse(options.broker),
                        new KnownHosts(files.knownHosts(options.knownHosts)));
        options.name.forEach(builder::name);
        builder.brokerSecret(NodeBrokers.secret(options.brokerPskFile, files));
        PreSharedKey secret = PreSharedKey.NONE;
        if (listening) {
            secret = files.hostSecret(options.pskFile);
            Optional<Path> list = files.authorizedClients(options.authorizedClients);
            list.ifPresent(builder::authorizedClients);
        } else if (options.pskFile != null) {
            secret = files.secret(NodeFiles.path(options.pskFile));
        }
        builder.secret(secret)
                .transport(CommandLine.named(installed::transport, options.transport));
        if (options.strict) {
            builder.strict();
        }
        if (options.listen != null) {
            builder.listen(address(options.listen));
        }
        for (String each : ENVIRONMENT) {
            Optional.ofNullable(environment.get(each))
                    .ifPresent(value -> builder.environment(each, value));
        }
        return builder.build();
    }

    private static InetSocketAddress address(String text) {
        HostAndPort given = HostAndPort.parse(text);
        if (given.host().isEmpty()) {
            return new InetSocketAddress(InetAddress.ofLiteral("::"), given.port());
        }
        return given.literal()
                .orElseThrow(
                        () ->
                                new UsageException(
                                        "--listen is :PORT or ADDRESS:PORT, not a host name"));
    }
}
