package natt.dns.cloudflare;

import static natt.dns.cloudflare.ZoneFinder.refused;

import com.google.gson.JsonObject;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.core.spi.DnsProvider.Capabilities;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Publisher;
import natt.core.spi.DnsProvider.Skipped;
import natt.core.time.Ticker;
import natt.dns.cloudflare.ZoneFinder.Zone;

import okhttp3.HttpUrl;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Keeps our records in a zone of Cloudflare's.
///
/// **Whose a record is.** Ours are those with the comment `natt`, and those whose id this
/// object wrote. Besides, records that the original natts made are taken over, so that changing
/// from it needs no clean-up: when a TXT `kcp-port=N` is published, every TXT record at the
/// name that says `kcp-port=` and a number and nothing else is ours; and when such a text
/// without our comment is there, so is the A record at the name, if it is the only one and not
/// proxied: the two were written together. A TXT record that already says exactly what is
/// published is ours as well. Nothing else is, and what is not ours is never changed.
///
/// **Conflicts.** A CNAME at a name, or an A, AAAA or SRV record there that is not ours, would
/// lead readers elsewhere. It is named in a refusal, and nothing of that call is written,
/// because the records of one call belong together; but an optional record is left out, and ours
/// there removed. If a call is refused for any other reason, it is tried once more without the
/// optional ones. A record of others with the same content is no conflict: it serves as ours until
/// it has to change. Other TXT records do no harm.
///
/// **Calls.** The zone, and the records at each name, are asked for once and remembered. A
/// change is one call, a transaction of the service's, though its servers show the records one
/// by one; no change is none. Where the API has no such call, A, AAAA and SRV records are
/// written one by one before TXT records, and duplicates of ours are removed last: between the
/// two writes a reader sees the new address with the old port, which leads at worst to another
/// port of this same host, while the old address with the new port may be a stranger's.
/// After a failed change the records are asked for again, since nobody knows what was done;
/// after a refusal the zone too.
final class CloudflarePublisher implements Publisher {
    /// The most records that can be listed in one call.
    private static final int PAGE = 100;

    /// More records than fit on these pages are nobody's to understand at one name.
    private static final int PAGES = 5;

    private final CloudflareSettings settings;
    private final Ticker ticker;

    /// By name, what was there when it was last listed or changed.
    private final Map<String, List<RemoteRecord>> known = new HashMap<>();

    private final Set<String> ourIds = new HashSet<>();
    private volatile @Nullable Session session;
    private volatile boolean closed;
    private boolean withoutBatch;

    /// What exists from the first call on.
    private static final class Session {
        final ApiClient api;
        final ZoneFinder zones;
        @Nullable Zone zone;

        Session(ApiClient api) {
            this.api = api;
            zones = new ZoneFinder(api);
        }
    }

    CloudflarePublisher(CloudflareSettings settings, Ticker ticker) {
        this.settings = settings;
        this.ticker = ticker;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(
                EnumSet.allOf(DnsRecord.Type.class), Duration.ofSeconds(Wanted.LEAST_TTL), false);
    }

    @Override
    public List<Skipped> publish(List<DnsRecord> records)
            throws PublishException, InterruptedException {
        try {
            return publishWithOptional(records);
        } catch (PublishException e) {
            var needed = records.stream().filter(each -> !each.optional()).toList();
            if (e.kind() != Kind.REFUSED || needed.isEmpty() || needed.size() == records.size()) {
                throw e;
            }
            publishWithOptional(needed);
            return records.stream()
                    .filter(DnsRecord::optional)
                    .map(each -> new Skipped(each, e.getMessage()))
                    .toList();
        }
    }

    @Override
    public Optional<String> rights(String name) throws PublishException, InterruptedException {
        Session current = session();
        String token = new TokenCheck(current.api).examine();
        Zone zone = zone(current, Set.of(RemoteRecord.name(name)));
        list(current, zone, RemoteRecord.name(name));
        return Optional.of(
                "%s sees %s and its records; whether it may write, only writing shows"
                        .formatted(token, zone.describe()));
    }

    private List<Skipped> publishWithOptional(List<DnsRecord> records)
            throws PublishException, InterruptedException {
        if (records.isEmpty()) {
            return List.of();
        }
        List<Skipped> skipped = List.of();
        List<Wanted> wanted = wanted(records);
        var names = new TreeSet<String>();
        wanted.forEach(each -> names.add(each.name()));
        Session current = session();
        Zone zone = zone(current, names);
        boolean done = false;
        try {
            for (int round = 1; !done; round++) {
                for (String name : names) {
                    if (!known.containsKey(name)) {
                        known.put(name, list(current, zone, name));
                    }
                }
                Plan plan = Plan.of(wanted, known, ourIds);
                skipped = List.copyOf(plan.skipped());
                if (plan.isEmpty()) {
                    done = true;
                } else {
                    Optional<Reply> stale = write(current, zone, plan);
                    done = stale.isEmpty();
                    if (stale.isPresent() && round == 2) {
                        throw new PublishException(
                                Kind.UNAVAILABLE,
                                "records at %s change while natt writes them (%s)"
                                        .formatted(
                                                Text.escape(String.join(", ", names)),
                                                stale.get().describe()),
                                Optional.empty());
                    }
                    if (stale.isPresent()) {
                        known.keySet().removeAll(names);
                    }
                }
            }
        } catch (PublishException e) {
            if (e.kind() == Kind.REFUSED) {
                current.zone = null;
            }
            throw e;
        } finally {
            if (!done) {
                known.keySet().removeAll(names);
            }
        }
        return skipped;
    }

    @Override
    public void close() {
        closed = true;
        Session current = session;
        if (current != null) {
            current.api.close();
        }
    }

    /// For a log: shows no secret.
    @Override
    public String toString() {
        return "cloudflare at " + settings.apiUrl();
    }

    private static List<Wanted> wanted(List<DnsRecord> records) throws PublishException {
        var wanted = new ArrayList<Wanted>();
        var seen = new HashSet<String>();
        for (DnsRecord record : records) {
            Wanted each = Wanted.of(record);
            if (!seen.add(each.type() + " " + each.name())) {
                throw new IllegalArgumentException(
                        "two %s records at %s".formatted(each.type(), each.name()));
            }
            wanted.add(each);
        }
        return wanted;
    }

    private Session session() {
        if (closed) {
            throw new IllegalStateException("the publisher is closed");
        }
        Session current = session;
        if (current == null) {
            current = new Session(new ApiClient(settings, ticker));
            session = current;
            if (closed) {
                current.api.close();
            }
        }
        return current;
    }

    /// Returns the zone, found by the shortest name, which the others extend.
    private Zone zone(Session current, Set<String> names)
            throws PublishException, InterruptedException {
        Zone zone = current.zone;
        if (zone == null) {
            String shortest =
                    names.stream().min(Comparator.comparingInt(String::length)).orElseThrow();
            zone =
                    settings.zoneId().isPresent()
                            ? current.zones.byId(settings.zoneId().get())
                            : current.zones.byName(shortest);
        }
        for (String name : names) {
            if (!zone.holds(name)) {
                throw refused("%s is not in %s".formatted(Text.escape(name), zone.describe()));
            }
        }
        current.zone = zone;
        return zone;
    }

    private List<RemoteRecord> list(Session current, Zone zone, String name)
            throws PublishException, InterruptedException {
        var found = new ArrayList<RemoteRecord>();
        for (int page = 1; page <= PAGES; page++) {
            HttpUrl url =
                    records(current, zone)
                            .addQueryParameter("name.exact", name)
                            .addQueryParameter("per_page", "" + PAGE)
                            .addQueryParameter("page", "" + page)
                            .build();
            Reply reply = current.api.get(url);
            if (!reply.ok()) {
                throw current.zones.refusal(reply, zone.describe());
            }
            List<JsonObject> results = current.api.results(reply);
            results.stream()
                    .flatMap(each -> RemoteRecord.of(each).stream())
                    .filter(each -> each.name().equals(name))
                    .forEach(found::add);
            long pages = reply.totalPages().orElse(results.size() < PAGE ? page : page + 1);
            if (page >= pages) {
                return found;
            }
        }
        throw refused(
                "there are more than %d records at %s".formatted(PAGE * PAGES, Text.escape(name)));
    }

    /// Carries a plan out, and returns the answer that showed it to be out of date, if any.
    private Optional<Reply> write(Session current, Zone zone, Plan plan)
            throws PublishException, InterruptedException {
        if (!withoutBatch) {
            HttpUrl url = records(current, zone).addPathSegment("batch").build();
            Reply reply = current.api.send("POST", url, plan.toJson());
            if (reply.ok()) {
                var posted =
                        reply.result()
                                .map(each -> Json.objects(Json.array(each, "posts")))
                                .orElse(List.of());
                learn(current, zone, plan, posted);
                return Optional.empty();
            }
            if (reply.stale()) {
                return Optional.of(reply);
            }
            if (reply.status() != 404 && reply.status() != 405) {
                throw current.zones.refusal(reply, zone.describe());
            }
        }
        Optional<Reply> stale = writeOneByOne(current, zone, plan);
        withoutBatch = true;
        return stale;
    }

    private Optional<Reply> writeOneByOne(Session current, Zone zone, Plan plan)
            throws PublishException, InterruptedException {
        var posted = new ArrayList<JsonObject>();
        for (boolean text : new boolean[] {false, true}) {
            for (Plan.Patch each : plan.patches()) {
                if ((each.after().type() == DnsRecord.Type.TXT) == text) {
                    HttpUrl url = records(current, zone).addPathSegment(each.before().id()).build();
                    Reply reply = current.api.send("PATCH", url, each.after().toJson());
                    if (reply.stale()) {
                        return Optional.of(reply);
                    }
                    requireOk(current, zone, reply);
                    ourIds.add(each.before().id());
                }
            }
            for (Wanted each : plan.posts()) {
                if ((each.type() == DnsRecord.Type.TXT) == text) {
                    HttpUrl url = records(current, zone).build();
                    Reply reply = current.api.send("POST", url, each.toJson());
                    if (reply.stale()) {
                        return Optional.of(reply);
                    }
                    requireOk(current, zone, reply);
                    reply.result().ifPresent(posted::add);
                }
            }
        }
        for (RemoteRecord each : plan.deletes()) {
            HttpUrl url = records(current, zone).addPathSegment(each.id()).build();
            Reply reply = current.api.delete(url);
            // The answer to a delete needs no "success"; a record that is gone is what we want.
            if (reply.status() >= 300 && !reply.gone()) {
                throw current.zones.refusal(reply, zone.describe());
            }
        }
        learn(current, zone, plan, posted);
        return Optional.empty();
    }

    /// Remembers what is there now, after a plan was carried out.
    private void learn(Session current, Zone zone, Plan plan, List<JsonObject> posted)
            throws PublishException, InterruptedException {
        plan.deletes().forEach(each -> known(each.name()).remove(each));
        for (Plan.Patch each : plan.patches()) {
            String id = each.before().id();
            ourIds.add(id);
            known(each.after().name()).remove(each.before());
            known(each.after().name()).add(each.after().publishedAs(id));
        }
        var unknown = new HashSet<String>();
        var made = posted.stream().flatMap(each -> RemoteRecord.of(each).stream()).toList();
        refuseStrays(current, zone, plan.posts(), made);
        for (Wanted each : plan.posts()) {
            Optional<RemoteRecord> same =
                    made.stream().filter(one -> one.matches(each)).findFirst();
            if (same.isPresent()) {
                ourIds.add(same.get().id());
                known(each.name()).add(each.publishedAs(same.get().id()));
            } else {
                unknown.add(each.name());
            }
        }
        known.keySet().removeAll(unknown);
    }

    /// Undoes posts into a wrong zone, where the service completes the names with the zone's.
    private void refuseStrays(
            Session current, Zone zone, List<Wanted> posts, List<RemoteRecord> made)
            throws PublishException, InterruptedException {
        Optional<String> astray = Optional.empty();
        for (RemoteRecord each : made) {
            Optional<String> meant =
                    posts.stream()
                            .map(Wanted::name)
                            .filter(name -> each.name().startsWith(name + "."))
                            .findFirst();
            if (meant.isPresent()) {
                astray = meant;
                current.api.delete(records(current, zone).addPathSegment(each.id()).build());
            }
        }
        if (astray.isPresent()) {
            throw refused("%s is not in %s".formatted(Text.escape(astray.get()), zone.describe()));
        }
    }

    private void requireOk(Session current, Zone zone, Reply reply) throws PublishException {
        if (!reply.ok()) {
            throw current.zones.refusal(reply, zone.describe());
        }
    }

    private List<RemoteRecord> known(String name) {
        return known.computeIfAbsent(name, _ -> new ArrayList<>());
    }

    private static HttpUrl.Builder records(Session current, Zone zone) {
        return current.api
                .url()
                .addPathSegment("zones")
                .addPathSegment(zone.id())
                .addPathSegment("dns_records");
    }
}
