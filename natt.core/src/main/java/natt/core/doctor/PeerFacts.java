package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Text;
import natt.core.publish.NattRecord;
import natt.core.status.Report;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A node that a client would look for.
///
/// @param expected the key that this user knows it by
/// @param record where it says it is
/// @param why there is none; empty if there is
/// @param answering where it proved its key
/// @param after how long
record PeerFacts(
        String name,
        Optional<NodeKey> expected,
        Optional<NattRecord> record,
        String why,
        Optional<InetSocketAddress> answering,
        Duration after) {
    private static final String TOPIC = "peer";

    Section judge() {
        var findings = new ArrayList<Finding>();
        String shown = Text.escape(name);
        if (record.isEmpty()) {
            findings.add(Finding.problem(TOPIC, why, "Start natts there, or correct the name."));
        } else {
            judge(shown, record.get(), findings);
        }
        return new Section(TOPIC, report(), findings);
    }

    private void judge(String shown, NattRecord found, List<Finding> findings) {
        var places = new ArrayList<String>();
        found.addresses().forEach(each -> places.add(HostAndPort.format(each)));
        found.broker().ifPresent(each -> places.add("the broker " + Text.escape(each)));
        String at = String.join(", ", places);
        if (expected.isPresent() && !expected.get().equals(found.key())) {
            findings.add(
                    Finding.problem(
                            TOPIC,
                            "%s has the key %s, and this user knows it by %s"
                                    .formatted(shown, found.key(), expected.get()),
                            "If that is right, remove its line from known_hosts; else beware."));
        } else if (answering.isPresent()) {
            findings.add(
                    Finding.ok(
                            TOPIC,
                            "%s answers at %s in %s, with the key %s"
                                    .formatted(
                                            shown,
                                            HostAndPort.format(answering.get()),
                                            BrokerFacts.format(after),
                                            found.key())));
        } else if (found.addresses().isEmpty()) {
            findings.add(
                    Finding.note(
                            TOPIC,
                            "%s is reached by %s only"
                                    .formatted(shown, at.isEmpty() ? "none" : at)));
        } else {
            findings.add(
                    Finding.problem(
                            TOPIC,
                            "%s does not answer at %s".formatted(shown, at),
                            "Check that natts runs there and lets this key in; run natt doctor"
                                    + " there, too."));
        }
    }

    private Report report() {
        var report = Report.builder().text("name", name);
        expected.ifPresent(each -> report.key("expectedKey", each));
        record.ifPresent(
                each ->
                        report.key("key", each.key())
                                .texts(
                                        "addresses",
                                        each.addresses().stream().map(HostAndPort::format).toList())
                                .texts("brokers", each.broker().stream().toList()));
        answering.ifPresent(each -> report.address("answering", each).milliseconds("after", after));
        return report.flag("answers", answering.isPresent()).build();
    }
}
