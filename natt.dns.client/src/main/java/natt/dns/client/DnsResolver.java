package natt.dns.client;

import natt.core.DnsRecord;
import natt.core.HostAndPort;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;
import natt.core.time.Ticker;
import natt.dns.client.Exchange.Reply;

import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.config.ResolvConfResolverConfigProvider;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Answers lookups from one or several servers, without a cache. Has no state of its own, so
/// any number of threads may ask.
final class DnsResolver implements Resolver {
    /// RFC 1034 leaves the length of a chain of aliases open; this is what resolvers follow.
    private static final int MAX_ALIASES = 8;

    private static final int MAX_AUTHORITATIVE_SERVERS = 8;

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
        Name asked;
        try {
            asked = Name.fromString(name, Name.root);
        } catch (TextParseException e) {
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

    /// Reads them anew each time, because a laptop changes its network.
    private static List<InetSocketAddress> systemServers() {
        var file = new ResolvConfResolverConfigProvider();
        if (file.isEnabled()) {
            file.initialize();
            if (!file.servers().isEmpty()) {
                return List.copyOf(file.servers());
            }
        }
        return List.copyOf(ResolverConfig.getCurrentConfig().servers());
    }

    private static int type(DnsRecord.Type type) {
        return switch (type) {
            case A -> Type.A;
            case AAAA -> Type.AAAA;
            case TXT -> Type.TXT;
            case SRV -> Type.SRV;
        };
    }

    /// The record's content in the form of [DnsRecord#content]; empty for a record that has
    /// the type but not its data, as in a message that is an update.
    private static Optional<String> content(Record record) {
        return switch (record) {
            case ARecord a -> Optional.of(a.rdataToString());
            case AAAARecord aaaa -> Optional.of(aaaa.rdataToString());
            case TXTRecord txt -> Optional.of(joined(txt.getStringsAsByteArrays()));
            case SRVRecord srv ->
                    Optional.of(
                            "%d %d %d %s"
                                    .formatted(
                                            srv.getPriority(),
                                            srv.getWeight(),
                                            srv.getPort(),
                                            srv.getTarget().toString(true)));
            default -> Optional.empty();
        };
    }

    private static String joined(List<byte[]> strings) {
        var all = new ByteArrayOutputStream();
        strings.forEach(all::writeBytes);
        return all.toString(StandardCharsets.UTF_8);
    }

    /// The names of the zone's servers, if the message lists them.
    static List<Name> nameServers(Message message, Name zone) {
        return message.getSection(Section.ANSWER).stream()
                .filter(record -> record instanceof NSRecord && record.getName().equals(zone))
                .map(record -> ((NSRecord) record).getTarget())
                .toList();
    }

    /// The zone that a negative answer says the name is in (RFC 2308, section 3).
    static Optional<Name> apexAbove(Message message, Name name) {
        return message.getSection(Section.AUTHORITY).stream()
                .filter(SOARecord.class::isInstance)
                .map(Record::getName)
                .filter(apex -> name.subdomain(apex) && !name.equals(apex))
                .findFirst();
    }

    /// Follows the aliases within one message.
    static Name endOfAliases(Message message, Name start) {
        Name name = start;
        List<Record> answers = message.getSection(Section.ANSWER);
        for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
            Name from = name;
            Optional<Name> next =
                    answers.stream()
                            .filter(CNAMERecord.class::isInstance)
                            .filter(record -> record.getName().equals(from))
                            .map(record -> ((CNAMERecord) record).getTarget())
                            .findFirst();
            if (next.isEmpty()) {
                return name;
            }
            name = next.get();
        }
        return name;
    }

    static List<String> contents(Message message, Name name, int type) {
        return message.getSection(Section.ANSWER).stream()
                .filter(record -> record.getType() == type && record.getName().equals(name))
                .flatMap(record -> content(record).stream())
                .toList();
    }

    /// Why the message is no answer, if it is none.
    static Optional<String> fault(Message message, boolean recursion) {
        int code = message.getRcode();
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
            return Optional.of("answered " + Rcode.string(code));
        }
        boolean authoritative = message.getHeader().getFlag(Flags.AA);
        if (!recursion && !authoritative) {
            return Optional.of("is not authoritative for the name");
        }
        boolean referral =
                !authoritative
                        && !message.getHeader().getFlag(Flags.RA)
                        && message.getSection(Section.ANSWER).isEmpty();
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
        record Told(Message message) implements Outcome {}

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

        Answer follow(Name asked, int type, Source source) throws InterruptedException {
            Name name = asked;
            for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
                Outcome outcome =
                        switch (source) {
                            case RESOLVER -> ask(servers, true, name, type);
                            case AUTHORITATIVE -> askAuthorities(name, type);
                        };
                switch (outcome) {
                    case Outcome.Failed(var answer) -> {
                        return answer;
                    }
                    case Outcome.Told(var message) -> {
                        Name end = endOfAliases(message, name);
                        List<String> contents = contents(message, end, type);
                        if (!contents.isEmpty()) {
                            return new Answer.Found(contents);
                        }
                        if (message.getRcode() == Rcode.NXDOMAIN) {
                            return new Answer.NoSuchName();
                        }
                        if (end.equals(name)) {
                            return new Answer.NoData();
                        }
                        name = end;
                    }
                }
            }
            return new Answer.ServerFailure("too many aliases (CNAME)");
        }

        /// Asks the servers of the zone that the name is in, found by walking up from it.
        private Outcome askAuthorities(Name name, int type) throws InterruptedException {
            List<Name> nameServers = List.of();
            Name zone = name;
            while (nameServers.isEmpty() && zone.labels() > 1) {
                switch (ask(servers, true, zone, Type.NS)) {
                    case Outcome.Failed failed -> {
                        return failed;
                    }
                    case Outcome.Told(var message) -> {
                        nameServers = nameServers(message, zone);
                        zone = apexAbove(message, zone).orElse(new Name(zone, 1));
                    }
                }
            }
            Outcome outcome = failed("no name servers are known for " + name);
            for (int addressType : new int[] {Type.A, Type.AAAA}) {
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

        private List<InetSocketAddress> addresses(List<Name> nameServers, int type)
                throws InterruptedException {
            var addresses = new ArrayList<InetSocketAddress>();
            for (Name nameServer : nameServers) {
                if (follow(nameServer, type, Source.RESOLVER) instanceof Answer.Found(var texts)) {
                    for (String text : texts) {
                        addresses.add(authority(InetAddress.ofLiteral(text)));
                    }
                }
            }
            return addresses.subList(0, Math.min(addresses.size(), MAX_AUTHORITATIVE_SERVERS));
        }

        /// Asks one server after the other until one knows.
        private Outcome ask(List<InetSocketAddress> servers, boolean recursion, Name name, int type)
                throws InterruptedException {
            Outcome outcome = new Outcome.Failed(new Answer.TimedOut());
            for (int i = 0; i < servers.size(); i++) {
                InetSocketAddress server = servers.get(i);
                long share = remaining() / Math.min(2, servers.size() - i);
                long time = Math.min(share, configuration.tryTime().toNanos());
                var exchange =
                        new Exchange(server, recursion, random, ticker, ticker.nanoTime() + time);
                switch (exchange.ask(Record.newRecord(name, type, DClass.IN))) {
                    case Reply.Answered(var message) -> {
                        Optional<String> fault = fault(message, recursion);
                        if (fault.isEmpty()) {
                            return new Outcome.Told(message);
                        }
                        outcome = failed(print(server) + " " + fault.get());
                    }
                    case Reply.Unusable(var why) -> outcome = failed(print(server) + " " + why);
                    case Reply.Silent _ -> {}
                }
            }
            return outcome;
        }

        private long remaining() {
            return deadlineNanos - ticker.nanoTime();
        }
    }
}
