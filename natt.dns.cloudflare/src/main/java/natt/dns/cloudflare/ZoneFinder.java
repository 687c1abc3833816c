package natt.dns.cloudflare;

import com.google.gson.JsonObject;

import natt.core.Text;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;

import okhttp3.HttpUrl;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// Finds the zone of a name: the longest suffix, of two labels or more, that is a zone which
/// the token may read.
final class ZoneFinder {
    /// What every message about the token asks for.
    static final String RIGHTS = "Zone:Read and DNS:Edit";

    /// @param name empty if only the id is known, because the token may not read zones
    record Zone(String id, Optional<String> name) {
        boolean holds(String recordName) {
            return name.isEmpty()
                    || recordName.equals(name.get())
                    || recordName.endsWith("." + name.get());
        }

        /// For messages.
        String describe() {
            return name.map(each -> "the zone " + Text.escape(each)).orElse("the zone " + id);
        }
    }

    private final ApiClient api;

    /// Names of no zone, so that a search that was cut short goes on where it was.
    private final Set<String> absent = new HashSet<>();

    ZoneFinder(ApiClient api) {
        this.api = api;
    }

    Zone byName(String recordName) throws PublishException, InterruptedException {
        for (String name = recordName; name.indexOf('.') >= 0; name = parent(name)) {
            if (absent.contains(name)) {
                continue;
            }
            HttpUrl url = api.url().addPathSegment("zones").addQueryParameter("name", name).build();
            Reply reply = api.get(url);
            if (!reply.ok()) {
                throw refusal(reply, "the zones");
            }
            for (JsonObject each : api.results(reply)) {
                Optional<String> id = Json.string(each, "id").filter(RemoteRecord::isId);
                Optional<String> found = Json.string(each, "name").map(RemoteRecord::name);
                if (id.isPresent() && found.equals(Optional.of(name))) {
                    return new Zone(id.get(), found);
                }
            }
            absent.add(name);
        }
        absent.clear();
        throw refused(
                "the token sees no zone that holds %s: the zone must exist at Cloudflare, and the"
                                .formatted(Text.escape(recordName))
                        + " token needs %s there".formatted(RIGHTS));
    }

    /// Checks a given id, as far as the token's rights allow.
    Zone byId(String id) throws PublishException, InterruptedException {
        HttpUrl url = api.url().addPathSegment("zones").addPathSegment(id).build();
        Reply reply = api.get(url);
        if (reply.ok()) {
            Optional<String> name =
                    reply.result()
                            .flatMap(each -> Json.string(each, "name"))
                            .map(RemoteRecord::name);
            return new Zone(id, name);
        }
        if (reply.status() == 403) {
            return new Zone(id, Optional.empty());
        }
        throw refusal(reply, "the zone " + id);
    }

    /// Says in one line what the service refused and what the user can do.
    PublishException refusal(Reply reply, String object) {
        if (reply.status() == 401) {
            return refused(
                    "%s does not accept the token (%s)".formatted(api.host(), reply.describe()));
        }
        if (reply.refusesToken()) {
            return refused(
                    "%s refuses the token access to %s (%s): it needs %s"
                            .formatted(api.host(), object, reply.describe(), RIGHTS));
        }
        if (reply.status() == 404
                || reply.errors().stream().anyMatch(each -> each.code() == 7_003)) {
            return refused(
                    "%s does not know %s (%s)".formatted(api.host(), object, reply.describe()));
        }
        return refused(
                "%s refuses the request for %s (%s)"
                        .formatted(api.host(), object, reply.describe()));
    }

    static PublishException refused(String message) {
        return new PublishException(Kind.REFUSED, message, Optional.empty());
    }

    private static String parent(String name) {
        return name.substring(name.indexOf('.') + 1);
    }
}
