package natt.core.publish;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// The records of the original natts: an `A` with the address and a `TXT` `kcp-port=N` with the
/// port, at the same name.
public final class KcpGoRecords {
    private static final String PORT_FIELD = "kcp-port=";

    private KcpGoRecords() {}

    /// The records that lead to an IPv4 address.
    public static List<DnsRecord> of(String name, InetSocketAddress address, Duration ttl) {
        return List.of(
                new DnsRecord(name, Type.A, address.getAddress().getHostAddress(), ttl),
                new DnsRecord(name, Type.TXT, PORT_FIELD + address.getPort(), ttl));
    }

    /// What a name leads to.
    public sealed interface Found {
        /// @param addresses at least one
        record At(List<InetSocketAddress> addresses) implements Found {}

        /// @param why one line for the user
        record Nowhere(String why) implements Found {}
    }

    /// Asks for both records at once. Blocks.
    public static Found find(Resolver resolver, String name, Source source)
            throws InterruptedException {
        var texts = new FutureTask<>(() -> resolver.lookup(name, Type.TXT, source));
        Thread.startVirtualThread(texts);
        Answer addresses = resolver.lookup(name, Type.A, source);
        Answer ports;
        try {
            ports = texts.get();
        } catch (ExecutionException failed) {
            throw new AssertionError("a lookup answers with a value", failed.getCause());
        }
        return combine(name, addresses, ports);
    }

    static Found combine(String name, Answer addresses, Answer ports) {
        if (!(ports instanceof Answer.Found(var texts))) {
            return new Found.Nowhere(why(name, "TXT record " + PORT_FIELD + "N", ports));
        }
        Optional<String> field = texts.stream().filter(t -> t.startsWith(PORT_FIELD)).findFirst();
        if (field.isEmpty()) {
            return new Found.Nowhere(
                    "%s has no TXT record %sN; is natts running for this name?"
                            .formatted(Text.escape(name), PORT_FIELD));
        }
        int port;
        try {
            port = HostAndPort.parse(":" + field.get().substring(PORT_FIELD.length())).port();
        } catch (IllegalArgumentException notAPort) {
            port = 0;
        }
        if (port == 0) {
            return new Found.Nowhere(
                    "%s has the TXT record '%s', which holds no port from 1 to 65535"
                            .formatted(Text.escape(name), Text.escape(field.get())));
        }
        if (!(addresses instanceof Answer.Found(var literals))) {
            return new Found.Nowhere(why(name, "A record", addresses));
        }
        var found = new ArrayList<InetSocketAddress>();
        for (String literal : literals) {
            var address = new HostAndPort(literal, port).literal();
            if (address.isPresent() && address.get().getAddress() instanceof Inet4Address) {
                found.add(address.get());
            }
        }
        if (found.isEmpty()) {
            return new Found.Nowhere(
                    "%s has the A record '%s', which is no IPv4 address"
                            .formatted(Text.escape(name), Text.escape(literals.getFirst())));
        }
        return new Found.At(List.copyOf(found));
    }

    private static String why(String name, String what, Answer answer) {
        String shown = Text.escape(name);
        return switch (answer) {
            case Answer.Found _ -> throw new AssertionError("what was found is not missing");
            case Answer.NoSuchName() ->
                    "%s does not exist in DNS; is natts running for this name?".formatted(shown);
            case Answer.NoData() ->
                    "%s has no %s; is natts running for this name?".formatted(shown, what);
            case Answer.ServerFailure(var said) ->
                    "looking up %s failed: %s".formatted(shown, said);
            case Answer.TimedOut() ->
                    "looking up %s: no DNS server answered in time".formatted(shown);
        };
    }
}
