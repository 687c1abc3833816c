package natt.dns.client;

import natt.core.DnsRecord;
import natt.core.HostAndPort;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;
import natt.core.time.Ticker;
import natt.dns.client.DnsMessage.Question;
import natt.dns.client.DnsMessage.Resource;
import natt.dns.client.Exchange.Reply;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Answers lookups from one or several servers, without a cache. Has no state of its own, so
/// any number of threads may ask. No switches over types: the first of a program takes longer
/// than a lookup.
final class DnsResolver implements Resolver {
    /// RFC 1034 leaves the length of a chain of aliases open; this is what resolvers follow.
    private static final int MAX_ALIASES = 8;

    private static final int MAX_AUTHORITATIVE_SERVERS = 8;

    private static final Path RESOLVER_FILE = Path.of("/etc/resolv.conf");

    private final Configuration configuration;
    private final RandomGenerator random;
    private final Ticker ticker;

    DnsResolver(Configuration configuration, RandomGenerator random, Ticker ticker) {
        this.configuration = configuration;
        this.random = random;
        this.ticker = ticker;
    }

    @Override
    public Answer lookup(String name, DnsRecord.Type type, Source source)
            throws InterruptedException {
        DnsName asked;
        try {
            asked = DnsName.parse(name);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not a DNS name: '" + name + "'", e);
        }
        long deadlineNanos = ticker.nanoTime() + configuration.totalTime().toNanos();
        List<InetSocketAddress> servers;
        try {
            servers = servers();
        } catch (UnknownHostException _) {
            return new Answer.ServerFailure("the DNS server's own name is unknown");
        }
        return new Lookup(servers, deadlineNanos).follow(asked, type(type), source);
    }

    private List<InetSocketAddress> servers() throws UnknownHostException {
        if (configuration.server().isEmpty()) {
            return systemServers();
        }
        HostAndPort server = configuration.server().get();
        return List.of(new InetSocketAddress(InetAddress.getByName(server.host()), server.port()));
    }

    /// Reads them anew each time, because a laptop changes its network. Where none are named, this
    /// machine is asked (resolv.conf(5)).
    private static List<InetSocketAddress> systemServers() {
        List<InetSocketAddress> servers = ResolverFile.servers(RESOLVER_FILE);
        return servers.isEmpty()
                ? List.of(
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), Configuration.DNS_PORT))
                : servers;
    }

    private static int type(DnsRecord.Type type) {
        return switch (type) {
            case A -> DnsMessage.A;
            case AAAA -> DnsMessage.AAAA;
            case TXT -> DnsMessage.TXT;
            case SRV -> DnsMessage.SRV;
        };
    }

    /// The names of the zone's servers, if the message lists them.
    static List<DnsName> nameServers(DnsMessage message, DnsName zone) {
        var names = new ArrayList<DnsName>();
        for (Resource each : message.answers()) {
            if (each.type() == DnsMessage.NS && each.name().equals(zone)) {
                names.add(each.target());
            }
        }
        return names;
    }

    /// The zone that a negative answer says the name is in (RFC 2308, section 3).
    static Optional<DnsName> apexAbove(DnsMessage message, DnsName name) {
        return message.authorities().stream()
                .filter(each -> each.type() == DnsMessage.SOA)
                .map(Resource::name)
                .filter(apex -> name.isWithin(apex) && !name.equals(apex))
                .findFirst();
    }

    /// Follows the aliases within one message.
    static DnsName endOfAliases(DnsMessage message, DnsName start) {
        DnsName name = start;
        for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
            DnsName next = alias(message, name);
            if (next == null) {
                return name;
            }
            name = next;
        }
        return name;
    }

    private static @Nullable DnsName alias(DnsMessage message, DnsName name) {
        for (Resource each : message.answers()) {
            if (each.type() == DnsMessage.CNAME && each.name().equals(name)) {
                return each.target();
            }
        }
        return null;
    }

    static List<String> contents(DnsMessage message, DnsName name, int type) {
        var contents = new ArrayList<String>();
        for (Resource each : message.answers()) {
            if (each.type() == type && each.name().equals(name)) {
                contents.add(each.content());
            }
        }
        return contents;
    }

    /// Why the message is no answer, if it is none.
    static Optional<String> fault(DnsMessage message, boolean recursion) {
        if (message.code() != DnsMessage.NO_ERROR && message.code() != DnsMessage.NO_SUCH_NAME) {
            return Optional.of("answered " + message.codeName());
        }
        boolean authoritative = message.has(DnsMessage.AUTHORITATIVE);
        if (!recursion && !authoritative) {
            return Optional.of("is not authoritative for the name");
        }
        boolean referral =
                !authoritative
                        && !message.has(DnsMessage.RECURSION_AVAILABLE)
                        && message.answers().isEmpty();
        return referral ? Optional.of("refers to other servers") : Optional.empty();
    }

    private static Outcome failed(String said) {
        return new Outcome.Failed(new Answer.ServerFailure(said));
    }

    private static String print(InetSocketAddress server) {
        String host = server.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getPort();
    }

    /// What came of one question.
    private sealed interface Outcome {
        record Told(DnsMessage message) implements Outcome {}

        record Failed(Answer answer) implements Outcome {}
    }

    /// One lookup within its time.
    private final class Lookup {
        private final List<InetSocketAddress> servers;
        private final long deadlineNanos;

        Lookup(List<InetSocketAddress> servers, long deadlineNanos) {
            this.servers = servers;
            this.deadlineNanos = deadlineNanos;
        }

        Answer follow(DnsName asked, int type, Source source) throws InterruptedException {
            DnsName name = asked;
            for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
                Outcome outcome =
                        source == Source.RESOLVER
                                ? ask(servers, true, name, type)
                                : askAuthorities(name, type);
                if (outcome instanceof Outcome.Failed(var answer)) {
                    return answer;
                }
                DnsMessage message = ((Outcome.Told) outcome).message();
                DnsName end = endOfAliases(message, name);
                List<String> contents = contents(message, end, type);
                if (!contents.isEmpty()) {
                    return new Answer.Found(contents);
                }
                if (message.code() == DnsMessage.NO_SUCH_NAME) {
                    return new Answer.NoSuchName();
                }
                if (end.equals(name)) {
                    return new Answer.NoData();
                }
                name = end;
            }
            return new Answer.ServerFailure("too many aliases (CNAME)");
        }

        /// Asks the servers of the zone that the name is in, found by walking up from it.
        private Outcome askAuthorities(DnsName name, int type) throws InterruptedException {
            List<DnsName> nameServers = List.of();
            DnsName zone = name;
            while (nameServers.isEmpty() && !zone.isRoot()) {
                switch (ask(servers, true, zone, DnsMessage.NS)) {
                    case Outcome.Failed failed -> {
                        return failed;
                    }
                    case Outcome.Told(var message) -> {
                        nameServers = nameServers(message, zone);
                        zone = apexAbove(message, zone).orElse(zone.parent());
                    }
                }
            }
            Outcome outcome = failed("no name servers are known for " + name);
            for (int addressType : new int[] {DnsMessage.A, DnsMessage.AAAA}) {
                List<InetSocketAddress> addresses = addresses(nameServers, addressType);
                if (!addresses.isEmpty()) {
                    outcome = ask(addresses, false, name, type);
                    if (outcome instanceof Outcome.Told) {
                        return outcome;
                    }
                }
            }
            return outcome;
        }

        /// Where to ask a zone's server that has the given address.
        private InetSocketAddress authority(InetAddress address) {
            return configuration.server().stream()
                    .flatMap(_ -> servers.stream())
                    .filter(server -> server.getAddress().equals(address))
                    .findFirst()
                    .orElse(new InetSocketAddress(address, configuration.authoritativePort()));
        }

        private List<InetSocketAddress> addresses(List<DnsName> nameServers, int type)
                throws InterruptedException {
            var addresses = new ArrayList<InetSocketAddress>();
            for (DnsName nameServer : nameServers) {
                if (addresses.size() >= MAX_AUTHORITATIVE_SERVERS || remaining() <= 0) {
                    break;
                }
                if (follow(nameServer, type, Source.RESOLVER) instanceof Answer.Found(var texts)) {
                    texts.stream()
                            .limit(MAX_AUTHORITATIVE_SERVERS - addresses.size())
                            .map(text -> authority(InetAddress.ofLiteral(text)))
                            .forEach(addresses::add);
                }
            }
            return addresses;
        }

        /// Asks one server after the other until one knows.
        private Outcome ask(
                List<InetSocketAddress> servers, boolean recursion, DnsName name, int type)
                throws InterruptedException {
            Outcome outcome = new Outcome.Failed(new Answer.TimedOut());
            for (int i = 0; i < servers.size(); i++) {
                InetSocketAddress server = servers.get(i);
                long share = remaining() / Math.min(2, servers.size() - i);
                long time = Math.min(share, configuration.tryTime().toNanos());
                var exchange =
                        new Exchange(server, recursion, random, ticker, ticker.nanoTime() + time);
                Reply reply = exchange.ask(new Question(name, type));
                if (reply instanceof Reply.Answered(var message)) {
                    Optional<String> fault = fault(message, recursion);
                    if (fault.isEmpty()) {
                        return new Outcome.Told(message);
                    }
                    outcome = failed(print(server) + " " + fault.get());
                } else if (reply instanceof Reply.Unusable(var why)) {
                    outcome = failed(print(server) + " " + why);
                }
            }
            return outcome;
        }

        private long remaining() {
            return deadlineNanos - ticker.nanoTime();
        }
    }
}
