package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Text;
import natt.core.publish.NattRecord;
import natt.core.status.Report;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The record of this node as it is published, and as it is seen.
///
/// @param name under which natts publishes
/// @param own this node's key, if it has one yet
/// @param published what the zone's own servers say
/// @param resolved what the ordinary resolver says
/// @param why why one of them says nothing
/// @param ttl that natts would give it
record DnsFacts(
        String name,
        Optional<NodeKey> own,
        Optional<NattRecord> published,
        Optional<NattRecord> resolved,
        String why,
        Duration ttl) {
    private static final String TOPIC = "dns";

    /// By how much a record's number may lie ahead of the clock: it also counts republications.
    private static final long MOST_AHEAD = 300;

    /// @param here the addresses that others see this network at
    Section judge(List<InetAddress> here, Instant now) {
        var findings = new ArrayList<Finding>();
        Optional<NattRecord> newest = published.or(() -> resolved);
        if (newest.isEmpty()) {
            findings.add(Finding.note(TOPIC, why, "Start natts with this name, and look again."));
        } else {
            judge(newest.get(), here, now, findings);
        }
        return new Section(TOPIC, report(now), findings);
    }

    private void judge(
            NattRecord newest, List<InetAddress> here, Instant now, List<Finding> findings) {
        String shown = Text.escape(name);
        String says =
                "%s says %s, published %s".formatted(shown, describe(newest), age(newest, now));
        if (own.isPresent() && !own.get().equals(newest.key())) {
            findings.add(
                    Finding.problem(
                            TOPIC,
                            "%s, with the key %s of another node; this one's is %s"
                                    .formatted(says, newest.key(), own.get()),
                            "Stop the other natts, or give one of them another name."));
        } else {
            String key = own.isPresent() ? ", with this node's key" : "";
            findings.add(Finding.ok(TOPIC, says + key));
        }
        if (published.isPresent()) {
            compare(published.get(), now, findings);
        } else {
            findings.add(Finding.note(TOPIC, "the zone's own servers cannot be asked: " + why));
        }
        boolean elsewhere =
                !here.isEmpty()
                        && !newest.addresses().isEmpty()
                        && newest.addresses().stream()
                                .map(InetSocketAddress::getAddress)
                                .noneMatch(here::contains);
        if (elsewhere) {
            findings.add(
                    Finding.note(
                            TOPIC,
                            "none of these addresses is what others see this network at now",
                            "If natts runs here, wait a minute; else it runs elsewhere."));
        }
    }

    private void compare(NattRecord current, Instant now, List<Finding> findings) {
        if (resolved.isEmpty()) {
            findings.add(
                    Finding.note(
                            TOPIC,
                            "the ordinary resolver does not know it yet: it may remember for up to"
                                    + " 30 minutes that there was none",
                            "Wait, or let clients ask another resolver; natt asks the zone's own"
                                    + " servers after 3 s."));
        } else if (resolved.get().equals(current)) {
            findings.add(Finding.ok(TOPIC, "the ordinary resolver has the same record"));
        } else {
            findings.add(
                    Finding.note(
                            TOPIC,
                            "the ordinary resolver still has an older one, published %s: %s"
                                    .formatted(age(resolved.get(), now), describe(resolved.get())),
                            "It lasts as long as its TTL at most; natts asks for %d s (--ttl)."
                                    .formatted(ttl.toSeconds())));
        }
    }

    private static String describe(NattRecord record) {
        var parts = new ArrayList<String>();
        record.addresses().forEach(each -> parts.add(HostAndPort.format(each)));
        record.broker().ifPresent(each -> parts.add("the broker " + Text.escape(each)));
        return parts.isEmpty() ? "that natts has stopped" : String.join(", ", parts);
    }

    private static String age(NattRecord record, Instant now) {
        long seconds = now.getEpochSecond() - record.number();
        if (seconds < 0) {
            return "%d s in the future".formatted(-seconds);
        }
        if (seconds < 7200) {
            return seconds < 120 ? seconds + " s ago" : seconds / 60 + " min ago";
        }
        return seconds < 172_800 ? seconds / 3600 + " h ago" : seconds / 86_400 + " days ago";
    }

    /// Whether the own record is from the future, so that the clock is behind.
    boolean isAhead(Instant now) {
        return published
                .or(() -> resolved)
                .filter(each -> each.number() - now.getEpochSecond() > MOST_AHEAD)
                .isPresent();
    }

    private Report report(Instant now) {
        var report = Report.builder().text("name", name);
        own.ifPresent(each -> report.key("ownKey", each));
        published.ifPresent(each -> report.report("published", report(each, now)));
        resolved.ifPresent(each -> report.report("resolved", report(each, now)));
        if (!why.isEmpty()) {
            report.text("why", why);
        }
        return report.seconds("ttl", ttl).build();
    }

    private static Report report(NattRecord record, Instant now) {
        return Report.builder()
                .key("key", record.key())
                .texts("addresses", record.addresses().stream().map(HostAndPort::format).toList())
                .texts("brokers", record.broker().stream().toList())
                .count("number", record.number())
                .seconds("age", Duration.ofSeconds(now.getEpochSecond() - record.number()))
                .build();
    }
}
