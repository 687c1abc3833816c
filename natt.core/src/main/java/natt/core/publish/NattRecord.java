package natt.core.publish;

import natt.core.Addresses;
import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Text;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Where a node is, as its TXT record at `_natt._udp.NAME` says: `v=natt1 k=KEY a=ADDRESS... n=N
/// b=KEY@HOST:PORT`.
///
/// @param addresses none if the node has stopped
/// @param number orders the copies of a record: seconds since 1970, or the last number plus one
/// @param broker where the node can be reached through another, `KEY@HOST:PORT`
public record NattRecord(
        NodeKey key, List<InetSocketAddress> addresses, long number, Optional<String> broker) {
    /// The most addresses of one record.
    public static final int MOST_ADDRESSES = 8;

    private static final String VERSION = "v=natt1";
    private static final String ANY_VERSION = "v=natt";
    private static final String KCP_GO = "kcp-port=";
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    public NattRecord {
        addresses = List.copyOf(addresses);
        if (addresses.size() > MOST_ADDRESSES) {
            throw new IllegalArgumentException(
                    "%d addresses, more than %d".formatted(addresses.size(), MOST_ADDRESSES));
        }
    }

    /// The name at which the record of a node's name is.
    public static String name(String target) {
        return "_natt._udp." + target;
    }

    public String text() {
        var out = new StringBuilder(VERSION).append(" k=").append(key);
        addresses.forEach(each -> out.append(" a=").append(HostAndPort.format(each)));
        out.append(" n=").append(number);
        broker.ifPresent(each -> out.append(" b=").append(each));
        return out.toString();
    }

    /// Reads a text. Fields that are unknown or wrong are passed over, and so are addresses after
    /// the eighth; without a key there is no record.
    public static Optional<NattRecord> parse(String text) {
        String[] fields = text.split(" ", -1);
        if (!fields[0].equals(VERSION)) {
            return Optional.empty();
        }
        Optional<NodeKey> key = Optional.empty();
        var addresses = new ArrayList<InetSocketAddress>();
        long number = 0;
        Optional<String> broker = Optional.empty();
        for (String field : fields) {
            String value = field.length() < 2 ? "" : field.substring(2);
            if (field.startsWith("k=") && key.isEmpty()) {
                key = key(value);
            } else if (field.startsWith("a=") && addresses.size() < MOST_ADDRESSES) {
                address(value).ifPresent(addresses::add);
            } else if (field.startsWith("n=") && NUMBER.matcher(value).matches()) {
                number = Long.parseLong(value);
            } else if (field.startsWith("b=") && broker.isEmpty() && isBroker(value)) {
                broker = Optional.of(value);
            }
        }
        long last = number;
        Optional<String> through = broker;
        return key.map(found -> new NattRecord(found, addresses, last, through));
    }

    private static Optional<NodeKey> key(String text) {
        try {
            return Optional.of(NodeKey.parse(text));
        } catch (IllegalArgumentException notAKey) {
            return Optional.empty();
        }
    }

    private static Optional<InetSocketAddress> address(String text) {
        try {
            HostAndPort parsed = HostAndPort.parse(text);
            return Addresses.parse(parsed.host())
                    .filter(ip -> parsed.port() != 0 && isOneHost(ip))
                    .map(ip -> new InetSocketAddress(ip, parsed.port()));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    private static boolean isOneHost(InetAddress ip) {
        boolean broadcast = ip.getHostAddress().equals("255.255.255.255");
        return !broadcast && !ip.isAnyLocalAddress() && !ip.isMulticastAddress();
    }

    private static boolean isBroker(String text) {
        int at = text.indexOf('@');
        try {
            return at >= 0
                    && key(text.substring(0, at)).isPresent()
                    && HostAndPort.parse(text.substring(at + 1)).port() != 0;
        } catch (IllegalArgumentException malformed) {
            return false;
        }
    }

    /// The records that say this.
    ///
    /// @param name the node's
    /// @param courtesy whether people and other software are told as well: `A` and `AAAA` at the
    ///     name, of the first address of each kind, and an `SRV` beside the record, of the first
    public static List<DnsRecord> records(
            String name, NattRecord record, Duration ttl, boolean courtesy) {
        var records = new ArrayList<DnsRecord>();
        records.add(new DnsRecord(name(name), Type.TXT, record.text(), ttl));
        if (courtesy && !record.addresses.isEmpty()) {
            record.first(Inet4Address.class::isInstance)
                    .ifPresent(ip -> records.add(DnsRecord.courtesy(name, Type.A, ip, ttl)));
            record.first(ip -> !(ip instanceof Inet4Address))
                    .ifPresent(ip -> records.add(DnsRecord.courtesy(name, Type.AAAA, ip, ttl)));
            String service = "0 0 %d %s".formatted(record.addresses.getFirst().getPort(), name);
            records.add(DnsRecord.courtesy(name(name), Type.SRV, service, ttl));
        }
        return List.copyOf(records);
    }

    private Optional<String> first(Predicate<InetAddress> kind) {
        return addresses.stream()
                .map(InetSocketAddress::getAddress)
                .filter(kind)
                .findFirst()
                .map(Addresses::format);
    }

    /// What a name leads to.
    public sealed interface Found {
        /// @param record has an address or a broker
        record At(NattRecord record) implements Found {}

        /// There is a record, which says that the node has stopped.
        ///
        /// @param why one line for the user
        record Stopped(NattRecord record, String why) implements Found {}

        /// @param why one line for the user
        record Nowhere(String why) implements Found {}
    }

    /// Looks the record of a name up. Blocks.
    ///
    /// @param pinned the key that the node should have: of several records, one with this key is
    ///     preferred; else the newest counts
    public static Found find(
            Resolver resolver, String name, Optional<NodeKey> pinned, Source source)
            throws InterruptedException {
        Answer answer = resolver.lookup(name(name), Type.TXT, source);
        List<String> texts = answer instanceof Answer.Found(var found) ? found : List.of();
        Optional<NattRecord> record = choose(texts, pinned);
        if (record.isPresent()) {
            return found(name, record.get());
        }
        String shown = Text.escape(name);
        return new Found.Nowhere(
                switch (answer) {
                    case Answer.ServerFailure(var said) ->
                            "looking up %s failed: %s".formatted(shown, said);
                    case Answer.TimedOut() ->
                            "looking up %s: no DNS server answered in time".formatted(shown);
                    case Answer.Found _, Answer.NoData _, Answer.NoSuchName _ ->
                            missing(resolver, name, texts, source);
                });
    }

    private static Found found(String name, NattRecord record) {
        if (!record.addresses.isEmpty() || record.broker.isPresent()) {
            return new Found.At(record);
        }
        return new Found.Stopped(
                record,
                "%s says that its natts has stopped or has no public address yet"
                        .formatted(Text.escape(name)));
    }

    static Optional<NattRecord> choose(List<String> texts, Optional<NodeKey> pinned) {
        NattRecord best = null;
        for (String text : texts) {
            NattRecord each = parse(text).orElse(null);
            if (each != null && (best == null || each.isBetter(best, pinned))) {
                best = each;
            }
        }
        return Optional.ofNullable(best);
    }

    private boolean isBetter(NattRecord other, Optional<NodeKey> pinned) {
        boolean wanted = pinned.equals(Optional.of(key));
        boolean otherWanted = pinned.equals(Optional.of(other.key));
        return wanted == otherWanted ? number > other.number : wanted;
    }

    private static String missing(Resolver resolver, String name, List<String> texts, Source source)
            throws InterruptedException {
        String shown = Text.escape(name);
        if (texts.stream().anyMatch(each -> each.startsWith(ANY_VERSION))) {
            return ("%s has a record of natt that cannot be read: it is damaged or from a newer"
                            + " version")
                    .formatted(shown);
        }
        Answer others = resolver.lookup(name, Type.TXT, source);
        boolean original =
                others instanceof Answer.Found(var found)
                        && found.stream().anyMatch(each -> each.startsWith(KCP_GO));
        if (original) {
            return ("%s is published by an original natts (or natts --compat kcp-go) only:"
                            + " use --compat kcp-go")
                    .formatted(shown);
        }
        return others instanceof Answer.NoSuchName
                ? "%s does not exist in DNS; is natts running for this name?".formatted(shown)
                : "%s has no TXT record of natt; is natts running for this name?"
                        .formatted(Text.escape(name(name)));
    }
}
