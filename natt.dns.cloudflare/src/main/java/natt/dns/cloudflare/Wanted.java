package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.Text;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;

import java.net.Inet6Address;
import java.util.Optional;
import java.util.regex.Pattern;

/// A record to publish, its parts in the form in which they are compared.
///
/// @param name in lower case, without a final dot
/// @param content as in [DnsRecord#content], addresses and targets in one spelling
/// @param ttl in seconds
/// @param record as it was asked for
record Wanted(Type type, String name, String content, long ttl, DnsRecord record) {
    /// What the service allows to zones of every plan.
    static final long LEAST_TTL = 60;

    private static final long LARGEST_TTL = 86_400;
    private static final Pattern ORIGINAL = Pattern.compile("kcp-port=[0-9]{1,5}");
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
    private static final Pattern SRV =
            Pattern.compile("([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\\S+)");

    static Wanted of(DnsRecord record) throws PublishException {
        String content = record.content();
        Optional<String> same =
                switch (record.type()) {
                    case A -> Optional.of(content).filter(each -> IPV4.matcher(each).matches());
                    case AAAA -> ipv6(content);
                    case TXT -> Optional.of(content);
                    case SRV ->
                            Optional.of(content)
                                    .filter(each -> SRV.matcher(each).matches())
                                    .map(RemoteRecord::name);
                };
        if (same.isEmpty()) {
            throw refused(
                    "not the content of a record of type %s: %s"
                            .formatted(record.type(), Text.escape(content)));
        }
        long ttl = record.ttl().toSeconds();
        if (ttl < LEAST_TTL || ttl > LARGEST_TTL) {
            throw refused(
                    "Cloudflare takes a TTL of %d to %d s, not %d"
                            .formatted(LEAST_TTL, LARGEST_TTL, ttl));
        }
        return new Wanted(record.type(), RemoteRecord.name(record.name()), same.get(), ttl, record);
    }

    /// Whether a text is the original's, which says nothing but the port.
    static boolean isOriginals(String text) {
        return ORIGINAL.matcher(text).matches();
    }

    /// Returns one spelling for all of an address; empty if it is none.
    static Optional<String> ipv6(String text) {
        if (!IPV6.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Inet6Address.ofLiteral(text).getHostAddress());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// Whether publishing would change nothing in a record of ours.
    boolean equalsAll(RemoteRecord record) {
        return record.matches(this)
                && record.ttl() == ttl
                && !record.proxied()
                && record.comment().equals(RemoteRecord.MARK);
    }

    /// Returns the record as the API has it once it is published.
    RemoteRecord publishedAs(String id) {
        return new RemoteRecord(id, type.name(), name, content, ttl, false, RemoteRecord.MARK);
    }

    /// Returns the whole record, since fields that are left out fall back to defaults.
    JsonObject toJson() {
        var json = new JsonObject();
        json.addProperty("type", type.name());
        json.addProperty("name", name);
        switch (type) {
            case A, AAAA -> {
                json.addProperty("content", content);
                json.addProperty("proxied", false);
            }
            case TXT -> json.addProperty("content", Text.characterStrings(content));
            case SRV -> json.add("data", srvData());
        }
        json.addProperty("ttl", ttl);
        json.addProperty("comment", RemoteRecord.MARK);
        return json;
    }

    private JsonObject srvData() {
        var parts = SRV.matcher(content);
        if (!parts.matches()) {
            throw new AssertionError("checked when this was made: " + content);
        }
        var data = new JsonObject();
        data.addProperty("priority", Integer.parseInt(parts.group(1)));
        data.addProperty("weight", Integer.parseInt(parts.group(2)));
        data.addProperty("port", Integer.parseInt(parts.group(3)));
        data.addProperty("target", parts.group(4));
        return data;
    }

    private static PublishException refused(String message) {
        return new PublishException(Kind.REFUSED, message, Optional.empty());
    }
}
