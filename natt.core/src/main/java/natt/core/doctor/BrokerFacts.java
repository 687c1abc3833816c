package natt.core.doctor;

import natt.core.NodeKey;
import natt.core.status.Report;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Optional;

/// How one broker is reached.
///
/// @param place as the user wrote it, `HOST:PORT`
/// @param key that was asked for: given, known, or said by the broker itself
/// @param trust why that key
/// @param told the key that the broker says it has, if it was asked
/// @param udp the time from a question to its answer, round trip and computing
/// @param tls likewise over TLS, with that of TLS itself
/// @param tlsPort where; 0 if it was not tried
/// @param failure why it could not be asked at all; empty if it was
record BrokerFacts(
        String place,
        Optional<NodeKey> key,
        Trust trust,
        Optional<NodeKey> told,
        Optional<Duration> udp,
        Optional<Duration> tls,
        int tlsPort,
        String failure) {

    /// Why a key is believed to be the broker's.
    enum Trust {
        GIVEN("as given"),
        KNOWN("as in known_hosts"),
        FIRST("new: it would be remembered");

        private final String words;

        Trust(String words) {
            this.words = words;
        }
    }

    boolean isReached() {
        return udp.isPresent() || tls.isPresent();
    }

    Section judge() {
        var findings = new ArrayList<Finding>();
        if (!isReached()) {
            findings.add(unreached());
        } else {
            findings.add(reached());
            if (udp.isEmpty()) {
                findings.add(
                        Finding.note(
                                "broker",
                                place
                                        + " does not answer over UDP, so all goes over TLS, at its"
                                        + " pace",
                                "Let UDP to it out at the firewall, if you can."));
            } else if (tlsPort != 0 && tls.isEmpty()) {
                findings.add(
                        Finding.note(
                                "broker",
                                "%s does not answer over TLS on port %d: peers whose UDP is blocked"
                                                .formatted(place, tlsPort)
                                        + " cannot use it",
                                "Start it with --tls-listen %d.".formatted(tlsPort)));
            }
        }
        return new Section("broker", report(), findings);
    }

    private Finding reached() {
        var ways = new ArrayList<String>();
        udp.ifPresent(each -> ways.add("over UDP in " + format(each)));
        tls.ifPresent(each -> ways.add("over TLS in " + format(each)));
        String proven =
                key.map(each -> "its key is %s, %s".formatted(each, trust.words)).orElse("");
        return Finding.ok(
                "broker", "%s answers %s; %s".formatted(place, String.join(" and ", ways), proven));
    }

    private Finding unreached() {
        if (!failure.isEmpty()) {
            return Finding.problem(
                    "broker",
                    "%s: %s".formatted(place, failure),
                    "Check the name of the broker and its key.");
        }
        if (told.isPresent() && key.isPresent() && !told.equals(key)) {
            return Finding.problem(
                    "broker",
                    "%s says its key is %s, not %s (%s)"
                            .formatted(place, told.get(), key.get(), trust.words),
                    "If the broker has been set up anew, %s."
                            .formatted(
                                    trust == Trust.GIVEN
                                            ? "give its new key with --broker KEY@HOST"
                                            : "remove its line from known_hosts"));
        }
        if (told.isPresent()) {
            return Finding.problem(
                    "broker",
                    place + " tells its key, but answers no handshake",
                    "If it wants a secret, give it with --broker-psk-file FILE.");
        }
        return Finding.problem(
                "broker",
                "%s does not answer%s"
                        .formatted(
                                place,
                                tlsPort == 0
                                        ? " over UDP"
                                        : ", neither over UDP nor over TLS on port " + tlsPort),
                "Check that natt broker runs there, and that its ports are open.");
    }

    static String format(Duration duration) {
        double millis = duration.toNanos() / 1e6;
        return millis < 10
                ? String.format(Locale.ROOT, "%.1f ms", millis)
                : Math.round(millis) + " ms";
    }

    private Report report() {
        var report = Report.builder().text("place", place);
        key.ifPresent(
                each ->
                        report.key("key", each)
                                .text("trust", trust.name().toLowerCase(Locale.ROOT)));
        udp.ifPresent(each -> report.milliseconds("udpRoundTrip", each));
        tls.ifPresent(each -> report.milliseconds("tlsRoundTrip", each));
        if (tlsPort != 0) {
            report.count("tlsPort", tlsPort);
        }
        return report.flag("reached", isReached()).build();
    }
}
