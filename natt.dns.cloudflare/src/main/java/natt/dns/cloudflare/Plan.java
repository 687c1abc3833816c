package natt.dns.cloudflare;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import natt.core.DnsRecord.Type;
import natt.core.Text;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Skipped;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What to change so that the wanted records are published, by the rules of
/// [CloudflarePublisher].
///
/// @param patches records of ours that become another
/// @param posts records that are new
/// @param deletes records of ours that must not be there: all but one of those for a wanted
///     record, and those for one that is left out
/// @param skipped optional records that are left out
record Plan(
        List<Patch> patches,
        List<Wanted> posts,
        List<RemoteRecord> deletes,
        List<Skipped> skipped) {

    record Patch(RemoteRecord before, Wanted after) {}

    /// @param present all records at the names of the wanted ones, by name
    /// @param ourIds of records that are ours although their comment may not say so
    /// @throws PublishException if a record of others is in the way of one that is not optional
    static Plan of(List<Wanted> wanted, Map<String, List<RemoteRecord>> present, Set<String> ourIds)
            throws PublishException {
        var plan =
                new Plan(
                        new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (Wanted each : wanted) {
            var there = present.getOrDefault(each.name(), List.of());
            boolean pair = isOriginalsPair(each, wanted, there);
            var ours =
                    there.stream()
                            .filter(one -> one.is(each.type()))
                            .filter(one -> isOurs(one, each, ourIds, pair))
                            .toList();
            try {
                if (!satisfiedByOthers(each, there, ours)) {
                    plan.add(each, ours);
                }
            } catch (PublishException conflict) {
                if (!each.record().optional()) {
                    throw conflict;
                }
                plan.deletes.addAll(ours);
                plan.skipped.add(new Skipped(each.record(), conflict.getMessage()));
            }
        }
        plan.patches.sort(Comparator.comparing(each -> each.after().type() == Type.TXT));
        plan.posts.sort(Comparator.comparing(each -> each.type() == Type.TXT));
        return plan;
    }

    /// Whether there is nothing to change.
    boolean isEmpty() {
        return patches.isEmpty() && posts.isEmpty() && deletes.isEmpty();
    }

    /// Returns the body of the one call that does it all.
    JsonObject toJson() {
        var body = new JsonObject();
        if (!deletes.isEmpty()) {
            var array = new JsonArray();
            for (RemoteRecord each : deletes) {
                var delete = new JsonObject();
                delete.addProperty("id", each.id());
                array.add(delete);
            }
            body.add("deletes", array);
        }
        if (!patches.isEmpty()) {
            var array = new JsonArray();
            for (Patch each : patches) {
                JsonObject patch = each.after().toJson();
                patch.addProperty("id", each.before().id());
                array.add(patch);
            }
            body.add("patches", array);
        }
        if (!posts.isEmpty()) {
            var array = new JsonArray();
            posts.forEach(each -> array.add(each.toJson()));
            body.add("posts", array);
        }
        return body;
    }

    /// Keeps one of our records, that which needs the least change, since the service refuses
    /// to make two records equal.
    private void add(Wanted wanted, List<RemoteRecord> ours) {
        if (ours.isEmpty()) {
            posts.add(wanted);
            return;
        }
        RemoteRecord kept =
                ours.stream()
                        .filter(each -> each.matches(wanted))
                        .findFirst()
                        .orElseGet(ours::getFirst);
        if (!wanted.equalsAll(kept)) {
            patches.add(new Patch(kept, wanted));
        }
        ours.stream().filter(each -> each != kept).forEach(deletes::add);
    }

    private static boolean isOurs(
            RemoteRecord record, Wanted wanted, Set<String> ourIds, boolean originalsPair) {
        if (record.comment().equals(RemoteRecord.MARK) || ourIds.contains(record.id())) {
            return true;
        }
        return switch (wanted.type()) {
            case A -> originalsPair;
            case TXT ->
                    record.matches(wanted)
                            || Wanted.isOriginals(wanted.content())
                                    && Wanted.isOriginals(record.content());
            case AAAA, SRV -> false;
        };
    }

    /// Whether the one address record there was written by the original, together with its
    /// text.
    private static boolean isOriginalsPair(
            Wanted address, List<Wanted> wanted, List<RemoteRecord> there) {
        boolean wantsText =
                wanted.stream()
                        .anyMatch(
                                each ->
                                        each.type() == Type.TXT
                                                && each.name().equals(address.name())
                                                && Wanted.isOriginals(each.content()));
        boolean hasText =
                there.stream()
                        .anyMatch(
                                each ->
                                        each.is(Type.TXT)
                                                && !each.comment().equals(RemoteRecord.MARK)
                                                && Wanted.isOriginals(each.content()));
        var addresses = there.stream().filter(each -> each.is(Type.A)).toList();
        return address.type() == Type.A
                && wantsText
                && hasText
                && addresses.size() == 1
                && !addresses.getFirst().proxied();
    }

    /// Whether a record of others already says what ours would.
    ///
    /// @throws PublishException if one says something else
    private static boolean satisfiedByOthers(
            Wanted wanted, List<RemoteRecord> there, List<RemoteRecord> ours)
            throws PublishException {
        boolean satisfied = false;
        for (RemoteRecord each : there) {
            if (each.type().equals("CNAME")) {
                throw conflict("a CNAME", each);
            }
            if (wanted.type() == Type.TXT || !each.is(wanted.type()) || ours.contains(each)) {
                continue;
            }
            if (!each.matches(wanted) || each.proxied()) {
                throw conflict("an " + each.type(), each);
            }
            satisfied = ours.isEmpty();
        }
        return satisfied;
    }

    private static PublishException conflict(String what, RemoteRecord record) {
        return new PublishException(
                Kind.REFUSED,
                "%s record that is not ours exists at %s: remove it, or choose another name"
                        .formatted(what, Text.escape(record.name())),
                Optional.empty());
    }
}
