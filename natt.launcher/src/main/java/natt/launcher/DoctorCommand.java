package natt.launcher;

import natt.core.HostAndPort;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.doctor.Diagnosis;
import natt.core.doctor.Doctor;
import natt.core.doctor.DoctorConfig;
import natt.core.doctor.DoctorConfig.Broker;
import natt.core.doctor.DoctorConfig.Publication;
import natt.core.doctor.DoctorConfig.Target;
import natt.core.doctor.PeerReport;
import natt.core.keys.Directories;
import natt.core.keys.KnownHosts;
import natt.core.keys.Ticket;
import natt.core.node.Installed;
import natt.core.rendezvous.BrokerAddress;
import natt.core.spi.DnsProvider;
import natt.core.spi.Settings;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// `natt doctor`: tells what this network allows, and whether natts is set up well.
final class DoctorCommand {
    private static final int LONGEST_LIFETIME = 3600;
    private static final int SHORTEST_LIFETIME = 10;

    /// Reports are a few kilobytes.
    private static final long LONGEST_REPORT = 1 << 20;

    private final DoctorOptions options;
    private final Map<String, String> environment;
    private final Installed installed;
    private final NodeFiles files;

    private DoctorCommand(
            DoctorOptions options, Map<String, String> environment, Installed installed) {
        this.options = options;
        this.environment = environment;
        this.installed = installed;
        files = new NodeFiles(environment, options.stateDir);
    }

    static int run(String[] args, Map<String, String> environment)
            throws IOException, InterruptedException {
        var options = new DoctorOptions();
        if (!CommandLine.parse("natt doctor", options, args, environment)) {
            return CommandLine.DONE;
        }
        // What is found is said in the findings.
        CommandLine.configureLog(options, Level.ERROR);
        Installed installed = Installed.load(CommandLine.plugins());
        DoctorConfig config;
        try {
            config = new DoctorCommand(options, environment, installed).config();
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        Diagnosis diagnosis = new Doctor(config).examine(Instant.now());
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.print(
                options.json
                        ? diagnosis.report(CommandLine.version()).toJson() + "\n"
                        : diagnosis.toText());
        out.flush();
        return diagnosis.isWell() ? CommandLine.DONE : CommandLine.FAILED;
    }

    private DoctorConfig config() throws IOException {
        Optional<String> name =
                Natts.first(options.targetFqdn, environment.get("TARGET_FQDN")).map(Natts::name);
        if (options.writeTest && name.isEmpty()) {
            throw new UsageException("--write-test needs a name: --target-fqdn or $TARGET_FQDN");
        }
        HostAndPort ssh = Natts.target("--ssh-target", options.sshTarget);
        return new DoctorConfig(
                Natts.stun(options.stun),
                installed.discovery("stun"),
                Natts.portMapper(options.portMap, installed),
                lifetime(),
                brokers(),
                NodeBrokers.tlsPort(options.brokerTls).orElse(0),
                publication(name),
                new TreeMap<>(Natts.services(ssh, options.expose)),
                name.isPresent(),
                target(),
                peer());
    }

    private Duration lifetime() {
        int seconds = options.lifetime;
        if (seconds != 0 && (seconds < SHORTEST_LIFETIME || seconds > LONGEST_LIFETIME)) {
            throw new UsageException(
                    "--lifetime is %d to %d seconds, not %d"
                            .formatted(SHORTEST_LIFETIME, LONGEST_LIFETIME, seconds));
        }
        return Duration.ofSeconds(seconds);
    }

    private List<Broker> brokers() throws IOException {
        var known = new KnownHosts(files.knownHosts(null));
        PreSharedKey secret = NodeBrokers.secret(options.brokerPskFile, files);
        var brokers = new ArrayList<Broker>();
        for (BrokerAddress each : NodeBrokers.brokers(options.broker, environment)) {
            Optional<NodeKey> key =
                    known.find(KnownHosts.broker(each.place())).map(KnownHosts.Entry::key);
            brokers.add(new Broker(each.place(), each.key(), key, secret));
        }
        return brokers;
    }

    private Optional<Publication> publication(Optional<String> name) throws IOException {
        if (name.isEmpty() || options.dns.equals("none")) {
            return Optional.empty();
        }
        boolean untold =
                options.dns.equals("cloudflare") && Natts.token(options, environment).isEmpty();
        Settings settings = untold ? Settings.none() : Natts.settings(options, environment);
        Optional<DnsProvider.Publisher> publisher =
                untold
                        ? Optional.empty()
                        : Optional.of(installed.dnsProvider(options.dns).open(settings));
        return Optional.of(
                new Publication(
                        name.get(),
                        existing().map(Identity::publicKey),
                        Natts.resolver(options, settings, installed),
                        publisher,
                        "no Cloudflare API token is given: --cf-token-file or $CF_API_TOKEN",
                        Duration.ofSeconds(options.ttl),
                        options.writeTest));
    }

    /// This node's identity, which a look at it does not make.
    private Optional<Identity> existing() throws IOException {
        Path state;
        try {
            state = files.state();
        } catch (IllegalArgumentException nowhere) {
            return Optional.empty();
        }
        boolean there =
                Files.exists(Directories.identityFile(state))
                        || environment.containsKey("CREDENTIALS_DIRECTORY");
        return there ? Optional.of(files.hostIdentity()) : Optional.empty();
    }

    private Optional<Target> target() throws IOException {
        if (options.target == null) {
            return Optional.empty();
        }
        Optional<Ticket> ticket =
                Ticket.looksLikeTicket(options.target)
                        ? Optional.of(Ticket.parse(options.target))
                        : Optional.empty();
        String name = Natts.name(ticket.map(Ticket::name).orElse(options.target));
        Optional<NodeKey> expected = ticket.map(Ticket::key);
        if (expected.isEmpty()) {
            expected = new KnownHosts(files.knownHosts(null)).find(name).map(KnownHosts.Entry::key);
        }
        Settings settings =
                options.dns.equals("file") ? Natts.settings(options, environment) : Settings.none();
        PreSharedKey secret =
                options.pskFile == null
                        ? ticket.flatMap(Ticket::secret).orElse(PreSharedKey.NONE)
                        : files.secret(NodeFiles.path(options.pskFile));
        return Optional.of(
                new Target(
                        name,
                        expected,
                        Natts.resolver(options, settings, installed),
                        existing().orElseGet(() -> Identity.generate(new SecureRandom())),
                        secret,
                        installed.transport(options.transport)));
    }

    private Optional<PeerReport> peer() throws IOException {
        if (options.peer == null) {
            return Optional.empty();
        }
        Path path = NodeFiles.path(options.peer);
        try {
            if (Files.size(path) > LONGEST_REPORT) {
                throw new UsageException("--peer: %s is too long for a report".formatted(path));
            }
            return Optional.of(PeerReport.parse(Files.readString(path)));
        } catch (IOException unreadable) {
            throw new UsageException("--peer: cannot read %s".formatted(path));
        } catch (IllegalArgumentException none) {
            throw new UsageException("--peer: %s %s".formatted(path, none.getMessage()));
        }
    }
}
