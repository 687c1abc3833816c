package natt.core.node;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.Route;
import natt.core.Text;
import natt.core.io.Driver;
import natt.core.keys.KnownHosts;
import natt.core.keys.KnownHosts.Entry;
import natt.core.keys.KnownHosts.Outcome;
import natt.core.publish.NattRecord;
import natt.core.publish.NattRecord.Found;
import natt.core.publish.SpecialPurpose;
import natt.core.spi.NameLookup.Source;
import natt.core.status.Report;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/// Finds the key and the addresses of one host: in a ticket, among the known hosts, and in DNS.
/// Lives on the driver's thread; files are read and names looked up on threads of their own.
final class HostSearch {
    private static final System.Logger LOG = System.getLogger("natt");

    /// How long an address may stay silent before the zone's own servers are asked for a newer one.
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /// How soon the servers may be asked again: at first, and once the search has become long.
    private static final Duration OFTEN = Duration.ofSeconds(5);

    private static final Duration SELDOM = Duration.ofSeconds(30);
    private static final Duration LONG_SEARCH = Duration.ofMinutes(1);

    /// What the search is for.
    interface Seeker {
        /// The host's key is settled.
        void keyFound(NodeKey key);

        /// @param addresses at which the host may be, the best first
        void addressesFound(List<InetSocketAddress> addresses);

        /// A record says that the host can be reached by a broker, `KEY@HOST:PORT`.
        void brokerFound(String broker);

        /// There is no key to call, or no address.
        ///
        /// @param why one line for the user
        void nothingFound(String why);

        /// Whether it still matters where the host is.
        boolean searching();
    }

    private final ClientConfig.Sessions config;
    private final Driver driver;
    private final Seeker seeker;
    private final SequencedSet<InetSocketAddress> found = new LinkedHashSet<>();
    private @Nullable NodeKey key;
    private Optional<Entry> known = Optional.empty();
    private @Nullable NodeKey otherKey;
    private String lastFailure = "";
    private boolean asked;
    private long askedAt;

    HostSearch(ClientConfig.Sessions config, Driver driver, Seeker seeker) {
        this.config = config;
        this.driver = driver;
        this.seeker = seeker;
    }

    /// The addresses found so far, in the order in which they were.
    List<InetSocketAddress> found() {
        return List.copyOf(found);
    }

    /// What is known of the host, and whence.
    Report report() {
        var report = Report.builder();
        if (key != null) {
            report.key("key", key).text("keyFrom", keyFrom());
        }
        if (otherKey != null) {
            report.key("keyInDns", otherKey);
        }
        report.texts("addresses", found.stream().map(HostAndPort::format).toList());
        if (!lastFailure.isEmpty()) {
            report.text("lastError", lastFailure);
        }
        return report.build();
    }

    private String keyFrom() {
        if (config.ticketKey().isPresent()) {
            return "ticket";
        }
        return known.isPresent() ? "known_hosts line " + known.get().line() : "DNS";
    }

    void start() {
        inBackground(
                () -> {
                    try {
                        Optional<Entry> entry = config.knownHosts().find(config.name());
                        driver.execute(() -> begin(entry));
                    } catch (IOException | RuntimeException failed) {
                        driver.execute(() -> seeker.nothingFound(Client.reason(failed)));
                    }
                });
    }

    /// At first not on a virtual thread: the first of a program that waits for a socket takes it
    /// 10 ms longer. Hundreds of searches that go on and on must not need a thread each.
    private void inBackground(Runnable work) {
        if (asked) {
            Thread.ofVirtual().name("search").start(work);
        } else {
            Thread.ofPlatform().daemon().name("search").start(work);
        }
    }

    private void begin(Optional<Entry> entry) {
        known = entry;
        Optional<NodeKey> pinned = config.ticketKey().or(() -> entry.map(Entry::key));
        if (pinned.isEmpty() && config.strict()) {
            seeker.nothingFound(
                    "%s is not in %s, and --strict is given"
                            .formatted(config.name(), config.knownHosts().path()));
            return;
        }
        if (pinned.isPresent()) {
            NodeKey wanted = pinned.get();
            settle(wanted);
            // The addresses are those of the key beside them.
            offer(
                    entry.filter(e -> e.key().equals(wanted))
                            .map(Entry::addresses)
                            .orElse(List.of()));
        }
        ask(Source.RESOLVER);
        driver.schedule(PATIENCE, this::askAgain);
    }

    private void settle(NodeKey settled) {
        key = settled;
        seeker.keyFound(settled);
    }

    private void offer(List<InetSocketAddress> addresses) {
        if (found.addAll(addresses)) {
            seeker.addressesFound(addresses);
        }
    }

    private void askAgain() {
        if (seeker.searching()) {
            ask(Source.AUTHORITATIVE);
        }
    }

    /// Asks the zone's own servers where the host is now, unless that was done a moment ago.
    void lookAgain() {
        if (!asked || driver.nanoTime() - askedAt >= OFTEN.toNanos()) {
            ask(Source.AUTHORITATIVE);
        }
    }

    /// Asks again and again while that matters.
    void keepLooking() {
        keepLooking(driver.nanoTime());
    }

    private void keepLooking(long since) {
        if (!seeker.searching()) {
            return;
        }
        lookAgain();
        boolean lasting = driver.nanoTime() - since >= LONG_SEARCH.toNanos();
        driver.schedule(lasting ? SELDOM : OFTEN, () -> keepLooking(since));
    }

    private void ask(Source source) {
        if (source == Source.AUTHORITATIVE) {
            asked = true;
            askedAt = driver.nanoTime();
        }
        Optional<NodeKey> pinned = Optional.ofNullable(key);
        inBackground(
                () -> {
                    Found answer = lookup(pinned, source);
                    driver.execute(() -> answered(answer, source));
                });
    }

    private Found lookup(Optional<NodeKey> pinned, Source source) {
        try {
            return NattRecord.find(config.resolver(), config.name(), pinned, source);
        } catch (InterruptedException stopping) {
            return new Found.Nowhere("interrupted");
        } catch (RuntimeException | AssertionError fault) {
            return new Found.Nowhere(
                    "looking up %s failed: %s"
                            .formatted(config.name(), Text.escape(fault.toString())));
        }
    }

    private void answered(Found answer, Source source) {
        if (answer instanceof Found.At(var record)) {
            // Not in the switch, whose first use takes longer than all else here.
            at(record);
            return;
        }
        switch (answer) {
            case Found.At _ -> {}
            case Found.Stopped(var record, var why) -> {
                at(record);
                missing(why, source);
            }
            case Found.Nowhere(var why) -> missing(why, source);
        }
    }

    private void at(NattRecord record) {
        if (key == null) {
            LOG.log(
                    Level.WARNING,
                    "the key of {0} is {1}, says DNS; it is remembered once the host has proven it",
                    config.name(),
                    record.key());
            settle(record.key());
        } else {
            otherKey = record.key().equals(key) ? null : record.key();
        }
        if (otherKey == null) {
            // Anybody's record may name a broker, which learns who calls from where.
            record.broker().ifPresent(seeker::brokerFound);
        }
        offer(order(record.addresses()));
    }

    /// Without any address there is nothing to wait for, once the zone's own servers have said so.
    private void missing(String why, Source source) {
        lastFailure = why;
        if (!found.isEmpty() || !seeker.searching()) {
            return;
        }
        if (source == Source.RESOLVER) {
            ask(Source.AUTHORITATIVE);
        } else {
            seeker.nothingFound(why);
        }
    }

    /// The order in which a record's addresses are tried: IPv6 and IPv4 in turn (RFC 8305, section
    /// 4), and last those that are of use in the host's own network only.
    static List<InetSocketAddress> order(List<InetSocketAddress> addresses) {
        var six = new ArrayDeque<InetSocketAddress>();
        var four = new ArrayDeque<InetSocketAddress>();
        var local = new ArrayList<InetSocketAddress>();
        for (InetSocketAddress each : addresses) {
            if (SpecialPurpose.includes(each.getAddress())) {
                local.add(each);
            } else if (each.getAddress() instanceof Inet4Address) {
                four.add(each);
            } else {
                six.add(each);
            }
        }
        var ordered = new ArrayList<InetSocketAddress>();
        while (!six.isEmpty() || !four.isEmpty()) {
            if (!six.isEmpty()) {
                ordered.add(six.remove());
            }
            if (!four.isEmpty()) {
                ordered.add(four.remove());
            }
        }
        ordered.addAll(local);
        return List.copyOf(ordered);
    }

    /// Says why nobody answered, in one line.
    String failure(Duration waited) {
        String name = config.name();
        if (otherKey != null) {
            if (config.ticketKey().isEmpty() && known.isEmpty()) {
                return "%s: name servers disagree about its key, %s and %s: try again later"
                        .formatted(name, key, otherKey);
            }
            boolean ticket = config.ticketKey().isPresent();
            String where =
                    ticket ? "the ticket" : "known_hosts line " + known.map(Entry::line).orElse(0);
            String remedy = ticket ? "ask for a new ticket" : "remove the line";
            return ("the host key of %s has changed: %s has %s, DNS says %s, and nobody answers"
                            + " with %s; if that is right, %s")
                    .formatted(name, where, key, otherKey, key, remedy);
        }
        if (found.isEmpty()) {
            return lastFailure.isEmpty()
                    ? "no address of %s is known after %d s".formatted(name, waited.toSeconds())
                    : lastFailure;
        }
        String tried = String.join(", ", found.stream().map(HostAndPort::format).toList());
        return ("%s does not answer at %s: natts is not running, its NAT lets no strangers in, or"
                    + " the host key or the shared secret is another, since a host is silent then"
                    + "%s")
                .formatted(name, tried, lastFailure.isEmpty() ? "" : "; " + lastFailure);
    }

    /// Notes that the host has proven its key at an address.
    void remember(InetSocketAddress good) {
        NodeKey proven = key;
        if (proven == null) {
            throw new AssertionError("nobody answers before there is a key");
        }
        var addresses = new ArrayList<InetSocketAddress>();
        if (!Route.isRoute(good)) {
            addresses.add(good);
        }
        known.filter(entry -> entry.key().equals(proven))
                .ifPresent(
                        entry ->
                                entry.addresses().stream()
                                        .filter(each -> !each.equals(good))
                                        .limit(KnownHosts.MOST_ADDRESSES - 1)
                                        .forEach(addresses::add));
        Thread.startVirtualThread(
                () -> {
                    Outcome outcome =
                            config.knownHosts().remember(config.name(), proven, addresses);
                    if (outcome instanceof Outcome.Kept) {
                        // As always; a first switch over types would hold up what is beginning.
                        return;
                    }
                    switch (outcome) {
                        case Outcome.Kept() -> {}
                        case Outcome.OtherKey(var entry) ->
                                LOG.log(
                                        Level.WARNING,
                                        "{0} line {1} has another key for {2} than the ticket",
                                        config.knownHosts().path(),
                                        entry.line(),
                                        config.name());
                        case Outcome.NotKept(var why) -> LOG.log(Level.WARNING, "{0}", why);
                    }
                });
    }
}
