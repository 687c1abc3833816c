package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.DnsRecord;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// A record as the API has it.
///
/// @param type in the API's spelling, `A`, `CNAME`...
/// @param name in lower case, without a final dot
/// @param content in the form of [Wanted#content] for the types that natt writes
/// @param proxied whether the service answers with its own addresses instead
record RemoteRecord(
        String id,
        String type,
        String name,
        String content,
        long ttl,
        boolean proxied,
        String comment) {
    /// What marks a record as ours.
    static final String MARK = "natt";

    private static final Pattern ID = Pattern.compile("[0-9A-Za-z_-]{1,32}");

    /// Whether a text can stand in the path of a request as an id.
    static boolean isId(String text) {
        return ID.matcher(text).matches();
    }

    /// Reads an element of a result; empty if it is none.
    static Optional<RemoteRecord> of(JsonObject json) {
        Optional<String> id = Json.string(json, "id").filter(RemoteRecord::isId);
        Optional<String> type = Json.string(json, "type");
        Optional<String> name = Json.string(json, "name");
        if (id.isEmpty() || type.isEmpty() || name.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new RemoteRecord(
                        id.get(),
                        type.get(),
                        name(name.get()),
                        content(type.get(), json),
                        Json.integer(json, "ttl").orElse(0),
                        Json.isTrue(json, "proxied"),
                        Json.string(json, "comment").orElse("")));
    }

    boolean is(DnsRecord.Type wanted) {
        return type.equals(wanted.name());
    }

    boolean matches(Wanted wanted) {
        return is(wanted.type()) && name.equals(wanted.name()) && content.equals(wanted.content());
    }

    static String name(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    private static String content(String type, JsonObject json) {
        String content = Json.string(json, "content").orElse("");
        return switch (type) {
            case "TXT" -> TxtContent.unquote(content);
            case "AAAA" -> Wanted.ipv6(content).orElse(content);
            case "SRV" -> Json.object(json, "data").map(RemoteRecord::srv).orElse(content);
            default -> content;
        };
    }

    private static String srv(JsonObject data) {
        return "%d %d %d %s"
                .formatted(
                        Json.integer(data, "priority").orElse(-1),
                        Json.integer(data, "weight").orElse(-1),
                        Json.integer(data, "port").orElse(-1),
                        name(Json.string(data, "target").orElse("")));
    }
}
