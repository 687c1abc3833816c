package natt.discovery.stun.proto;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.Discovery;
import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Outvoted;
import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Finds and watches the mapping of one port with the help of several STUN servers.
///
/// A *round* asks all servers at once. It is decided as soon as a majority agrees on address
/// and port. Without that, it waits one second for servers that could still make a majority,
/// and 3.5 seconds before it calls the silence an answer; answers that come later still amend
/// the finding.
///
/// - A round that the caller orders repeats its requests on the schedule of RFC 8489; one that
///   the engine begins by itself uses its first three repetitions only.
/// - With a mapping found, one server that agreed is asked every refresh interval, each in its
///   turn, which keeps the mapping open. Another answer, an error or silence begins a round at
///   once, and only the round changes the finding. Every five minutes a round takes the place
///   of the refresh, because one server cannot show that a mapping has become
///   address-dependent.
/// - Without a mapping, rounds follow each other with pauses of 1, 2, 4 ... 60 seconds. In the
///   longer pauses one server at a time is asked every refresh interval: the requests keep
///   open what may have been published before, and when a silent server answers, a round
///   begins at once.
/// - A timeout that comes more than five seconds late means that the machine slept: the next
///   thing is a round.
///
/// A finding is reported when it differs from the one reported before; two without a mapping
/// differ only by their kind.
public final class MappingDiscovery implements Discovery {
    private static final long LEAST_REFRESH_NANOS = Duration.ofSeconds(2).toNanos();
    private static final long ROUND_INTERVAL_NANOS = Duration.ofMinutes(5).toNanos();
    private static final long DISAGREEMENT_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long SILENCE_NANOS = Duration.ofMillis(3500).toNanos();
    private static final long FIRST_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(60).toNanos();
    private static final long SLEEP_NANOS = Duration.ofSeconds(5).toNanos();

    private final long refreshNanos;
    private final RandomGenerator random;
    private final EnumMap<Counter, Long> counters = new EnumMap<>(Counter.class);

    private List<StunServer> servers = List.of();

    /// The number of servers of which a majority must agree.
    private int electorate;

    private @Nullable Finding current;
    private @Nullable Finding reported;

    private long roundStartNanos;
    /// What the current round has found so far; null while it is undecided.
    private @Nullable Finding verdict;
    private long judgeNanos;
    private boolean judgeDue;

    /// The server that is asked to refresh the mapping, while it has not answered.
    private @Nullable StunServer refresher;
    private int lastRefresher = -1;

    /// When to ask a server, and when all of them; meaningless while `askScheduled` is false,
    /// because the current round has to end first.
    private long askNanos;
    private long roundNanos;
    private boolean askScheduled;
    private long pauseNanos = FIRST_PAUSE_NANOS;

    /// @param refreshInterval at least two seconds: a refresh takes up to 1.5
    /// @param random cryptographically strong
    public MappingDiscovery(Duration refreshInterval, RandomGenerator random) {
        refreshNanos = refreshInterval.toNanos();
        if (refreshNanos < LEAST_REFRESH_NANOS) {
            throw new IllegalArgumentException(
                    "a refresh interval of " + refreshInterval + " is below 2 seconds");
        }
        this.random = random;
    }

    @Override
    public void useServers(List<InetSocketAddress> addresses, int configured, long nowNanos) {
        var known = new HashMap<InetSocketAddress, StunServer>();
        servers.forEach(server -> known.put(server.address, server));
        var used = new LinkedHashMap<InetSocketAddress, StunServer>();
        for (InetSocketAddress given : addresses) {
            if (given.isUnresolved() || given.getPort() == 0) {
                throw new IllegalArgumentException("no address to send to: " + given);
            }
            InetSocketAddress address = unwrap(given);
            StunServer server = known.remove(address);
            used.putIfAbsent(address, server == null ? new StunServer(address) : server);
        }
        known.values().forEach(this::abandon);
        servers = List.copyOf(used.values());
        electorate = Math.max(configured, servers.size());
        lastRefresher = -1;
        refresh(nowNanos);
    }

    @Override
    public void refresh(long nowNanos) {
        pauseNanos = FIRST_PAUSE_NANOS;
        startRound(Timing.RFC_8489, nowNanos);
    }

    @Override
    public @Nullable Finding pollFinding() {
        if (current == null || sameNews(current, reported)) {
            return null;
        }
        reported = current;
        return current;
    }

    @Override
    public List<Observation> observations() {
        var seen = new ArrayList<Observation>();
        for (StunServer server : servers) {
            if (server.vote != null) {
                seen.add(new Observation(server.address, server.vote, server.voteNanos));
            }
        }
        return seen;
    }

    @Override
    public @Nullable Outvoted pollOutvoted() {
        for (StunServer server : servers) {
            InetSocketAddress lie = server.unreportedLie;
            if (lie != null) {
                server.unreportedLie = null;
                return new Outvoted(server.address, lie);
            }
        }
        return null;
    }

    @Override
    public Map<String, Long> counters() {
        var byName = new LinkedHashMap<String, Long>();
        for (Counter counter : Counter.values()) {
            byName.put(counter.key, counters.getOrDefault(counter, 0L));
        }
        return byName;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        InetSocketAddress source = unwrap(from);
        for (StunServer server : servers) {
            if (server.transaction != null && server.transaction.matches(source, datagram)) {
                handleMessage(server, StunMessage.decode(datagram), nowNanos);
                return true;
            }
        }
        return false;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        long left = nanosUntilTimeout(nowNanos);
        if (left > 0) {
            return;
        }
        if (left < -SLEEP_NANOS) {
            refresh(nowNanos);
            return;
        }
        for (StunServer server : servers) {
            if (server.transaction != null && !server.transaction.handleTimeout(nowNanos)) {
                end(server, Counter.TIMED_OUT, null, nowNanos);
            }
        }
        if (judgeDue && nowNanos - judgeNanos >= 0) {
            judge(nowNanos);
        }
        if (askScheduled && nowNanos - askNanos >= 0) {
            ask(nowNanos);
        }
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        for (StunServer server : servers) {
            if (server.transaction != null && server.transaction.pollTransmit(into)) {
                count(Counter.REQUESTS);
                return server.address;
            }
        }
        return null;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least = NEVER;
        for (StunServer server : servers) {
            if (server.transaction != null) {
                least = Math.min(least, server.transaction.nanosUntilTimeout(nowNanos));
            }
        }
        if (judgeDue) {
            least = Math.min(least, judgeNanos - nowNanos);
        }
        if (askScheduled) {
            least = Math.min(least, askNanos - nowNanos);
        }
        return least;
    }

    private void handleMessage(StunServer server, StunMessage.Decoded decoded, long nowNanos) {
        switch (decoded) {
            case StunMessage.Decoded.Malformed _ -> count(Counter.MALFORMED);
            case StunMessage.Decoded.Ok(var message) when message.method() != StunMessage.BINDING ->
                    count(Counter.MALFORMED);
            case StunMessage.Decoded.Ok(var message) -> {
                switch (message.kind()) {
                    case REQUEST, INDICATION -> count(Counter.MALFORMED);
                    case ERROR -> end(server, Counter.ERROR_RESPONSES, null, nowNanos);
                    case SUCCESS -> {
                        Optional<InetSocketAddress> usable =
                                message.mappedAddress()
                                        .filter(_ -> message.unknownRequired().isEmpty())
                                        .filter(MappingDiscovery::usable);
                        Counter outcome =
                                usable.isPresent() ? Counter.ANSWERS : Counter.UNUSABLE_ANSWERS;
                        end(server, outcome, usable.orElse(null), nowNanos);
                    }
                }
            }
        }
    }

    /// Ends the server's transaction, with an address or without.
    private void end(
            StunServer server, Counter outcome, @Nullable InetSocketAddress seen, long nowNanos) {
        count(outcome);
        server.transaction = null;
        if (server == refresher) {
            refresher = null;
            boolean news =
                    verdict instanceof Finding.Mapped(var majority)
                            ? !majority.equals(seen)
                            : seen != null && server.vote == null;
            if (news) {
                startRound(Timing.ROUND, nowNanos);
            }
            return;
        }
        server.vote = seen;
        server.voteNanos = nowNanos;
        if (verdict instanceof Finding.Mapped(var majority)) {
            outvoteUnlessEqual(server, majority);
        } else {
            judge(nowNanos);
        }
    }

    private void startRound(Timing timing, long nowNanos) {
        count(Counter.ROUNDS);
        refresher = null;
        for (StunServer server : servers) {
            abandon(server);
            server.vote = null;
            server.transaction =
                    new BindingTransaction(
                            server.address, TransactionId.random(random), timing, nowNanos);
        }
        roundStartNanos = nowNanos;
        verdict = null;
        askScheduled = false;
        judge(nowNanos);
    }

    /// Decides the round as far as it can be decided now, and when to look again.
    private void judge(long nowNanos) {
        List<Observation> seen = observations();
        int pending = 0;
        for (StunServer server : servers) {
            if (server.vote == null && server.transaction != null) {
                pending++;
            }
        }
        long elapsed = nowNanos - roundStartNanos;
        boolean enough = seen.size() > electorate / 2;
        boolean overdue = elapsed >= (enough ? DISAGREEMENT_NANOS : SILENCE_NANOS);
        Agreement.find(electorate, seen, overdue ? 0 : pending)
                .ifPresent(finding -> conclude(finding, nowNanos));
        if (pending == 0) {
            pauseUnlessScheduled(nowNanos);
        }
        judgeDue = pending > 0 && !(verdict instanceof Finding.Mapped) && elapsed < SILENCE_NANOS;
        judgeNanos =
                roundStartNanos
                        + (elapsed < DISAGREEMENT_NANOS ? DISAGREEMENT_NANOS : SILENCE_NANOS);
    }

    private void conclude(Finding finding, long nowNanos) {
        verdict = finding;
        current = finding;
        switch (finding) {
            case Finding.Mapped(var majority) -> {
                pauseNanos = FIRST_PAUSE_NANOS;
                boolean late = nowNanos - roundStartNanos >= refreshNanos;
                askNanos = (late ? nowNanos : roundStartNanos) + refreshNanos;
                roundNanos = roundStartNanos + ROUND_INTERVAL_NANOS;
                askScheduled = true;
                servers.forEach(server -> outvoteUnlessEqual(server, majority));
            }
            case Finding.AddressDependentMapping _, Finding.Disputed _ ->
                    pauseUnlessScheduled(nowNanos);
            // The silent servers have the rest of their schedule.
            case Finding.Unanswered _ -> {}
        }
    }

    private void outvoteUnlessEqual(StunServer server, InetSocketAddress majority) {
        InetSocketAddress vote = server.vote;
        if (vote == null || vote.equals(majority)) {
            return;
        }
        count(Counter.OUTVOTED);
        if (!server.knownToLie) {
            server.knownToLie = true;
            server.unreportedLie = vote;
        }
    }

    private void ask(long nowNanos) {
        StunServer next = nowNanos - roundNanos < 0 ? nextRefresher() : null;
        if (next == null) {
            startRound(Timing.ROUND, nowNanos);
            return;
        }
        count(Counter.REFRESHES);
        refresher = next;
        next.transaction =
                new BindingTransaction(
                        next.address, TransactionId.random(random), Timing.REFRESH, nowNanos);
        scheduleAsk(nowNanos);
    }

    /// Returns the next server, in turn, that agrees with the mapping, if there is one; null if
    /// none is free.
    private @Nullable StunServer nextRefresher() {
        if (refresher != null) {
            return null;
        }
        for (int i = 1; i <= servers.size(); i++) {
            int index = (lastRefresher + i) % servers.size();
            StunServer server = servers.get(index);
            boolean agrees =
                    !(verdict instanceof Finding.Mapped(var majority))
                            || majority.equals(server.vote);
            if (agrees && server.transaction == null) {
                lastRefresher = index;
                return server;
            }
        }
        return null;
    }

    private void pauseUnlessScheduled(long nowNanos) {
        if (!askScheduled && !servers.isEmpty()) {
            roundNanos = nowNanos + pauseNanos;
            pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
            askScheduled = true;
            scheduleAsk(nowNanos);
        }
    }

    /// The next question comes one refresh interval from now, unless a round is near.
    private void scheduleAsk(long nowNanos) {
        long left = roundNanos - nowNanos;
        askNanos = nowNanos + (left < refreshNanos * 3 / 2 ? left : refreshNanos);
    }

    private void abandon(StunServer server) {
        if (server.transaction != null) {
            count(Counter.ABANDONED);
            server.transaction = null;
        }
    }

    private void count(Counter counter) {
        counters.merge(counter, 1L, Long::sum);
    }

    private static boolean sameNews(Finding now, @Nullable Finding before) {
        return now instanceof Finding.Mapped
                ? now.equals(before)
                : before != null && now.getClass() == before.getClass();
    }

    /// Whether anything could be sent to the address; which addresses may be published is
    /// decided elsewhere.
    static boolean usable(InetSocketAddress seen) {
        InetAddress address = seen.getAddress();
        return seen.getPort() != 0
                && !address.isAnyLocalAddress()
                && !address.isMulticastAddress()
                && !Route.isRoute(seen)
                && !Arrays.equals(address.getAddress(), new byte[] {-1, -1, -1, -1});
    }

    /// Makes an IPv4 address of an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2).
    static InetSocketAddress unwrap(InetSocketAddress given) {
        if (!(given.getAddress() instanceof Inet6Address)) {
            return given;
        }
        try {
            byte[] bytes = given.getAddress().getAddress();
            return InetAddress.getByAddress(bytes) instanceof Inet4Address inner
                    ? new InetSocketAddress(inner, given.getPort())
                    : given;
        } catch (UnknownHostException e) {
            throw new AssertionError("an Inet6Address has 16 bytes", e);
        }
    }
}
