package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.Route;
import natt.core.session.Candidate.Type;
import natt.core.session.Offer.Ports;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Whatever an authenticated peer says and an owner does, in any order: nothing is thrown, nothing
/// stays due, no socket is forgotten, and not too much is sent.
class SearchOperationsTests {
    private static final long DAY = 24 * 3600 * World.SECOND;
    private static final String ATTESTED = "198.51.100.7";

    private final Random random = new Random(5);
    private final ArrayDeque<SessionEvent> events = new ArrayDeque<>();
    private final HashSet<Integer> open = new HashSet<>();
    private final ArrayDeque<SessionEvent.SearchNeeds> asked = new ArrayDeque<>();
    private final ArrayDeque<Checklist.Due> sent = new ArrayDeque<>();
    private long now = Long.MAX_VALUE - DAY;
    private Offer offered = new Offer(0, 0, 0, Ports.UNKNOWN, 0, 0, false, false, List.of());
    private int lastSocket;
    private long unattested;

    private InetSocketAddress address() {
        String host = random.nextBoolean() ? ATTESTED : "192.0.2." + random.nextInt(8);
        return World.address(host + ":" + (1000 + random.nextInt(50)));
    }

    private InetSocketAddress path() {
        return switch (random.nextInt(3)) {
            case 0 -> Route.relayed(1);
            case 1 -> address();
            default -> Route.through(1 + random.nextInt(9), address());
        };
    }

    private List<Candidate> candidates() {
        var all = new ArrayList<Candidate>();
        for (int i = random.nextInt(Offer.MOST_CANDIDATES); i > 0; i--) {
            all.add(new Candidate(Type.values()[random.nextInt(4)], address()));
        }
        return all;
    }

    private LocalCandidates local() {
        return new LocalCandidates(
                new NatBehavior(
                        Dependence.values()[random.nextInt(Dependence.values().length)],
                        Dependence.UNKNOWN,
                        random.nextBoolean()
                                ? new PortAllocation.Sequential(random.nextInt(-3, 4))
                                : new PortAllocation.Random(),
                        Optional.empty(),
                        Optional.of(random.nextBoolean()),
                        Optional.empty()),
                candidates());
    }

    private Offer offer() {
        // Often the answer to what was offered last, or the next round.
        boolean fits = random.nextInt(4) > 0;
        return new Offer(
                fits ? offered.search() + random.nextInt(2) : random.nextInt(6),
                random.nextLong(),
                fits && random.nextBoolean() ? offered.round() : random.nextInt(5),
                Ports.values()[random.nextInt(4)],
                random.nextInt(-5, 6),
                random.nextInt(300),
                random.nextBoolean(),
                random.nextBoolean(),
                candidates());
    }

    private void prepare(Search search) {
        SessionEvent.SearchNeeds needs = asked.poll();
        if (needs != null) {
            var made = new ArrayList<Integer>();
            for (int i = random.nextInt(needs.sockets() + 1); i > 0; i--) {
                made.add(++lastSocket % Route.MOST_SOCKETS + 1);
            }
            open.addAll(made);
            search.prepared(needs.request(), made, List.of(address(), address()), now);
        }
    }

    private void operate(Search search) {
        switch (random.nextInt(10)) {
            case 0 -> search.take(offer(), now);
            case 1 -> search.offer(local(), now);
            case 2 -> search.pathIs(path(), now);
            case 3 -> search.heardFrom(path(), now);
            case 4 -> search.pause();
            case 5 -> {
                if (!sent.isEmpty()) {
                    search.answered(sent.getLast().token(), sent.getLast().address(), now);
                }
            }
            case 6 -> search.acknowledged(random.nextInt(200));
            default -> prepare(search);
        }
    }

    private void serve(Search search) {
        for (SessionEvent event; (event = events.poll()) != null; ) {
            switch (event) {
                case SessionEvent.SearchNeeds needs -> asked.add(needs);
                case SessionEvent.SearchReleases(var sockets) ->
                        assertTrue(open.removeAll(sockets));
                default -> {}
            }
        }
        search.handleTimeout(now);
        for (Offer next; (next = search.pollOffer(50 * World.MILLI, now)) != null; ) {
            offered = next;
        }
        for (Checklist.Due due; (due = search.poll(now)) != null; ) {
            sent.add(due);
            boolean attested = Route.remote(due.address()).getHostString().equals(ATTESTED);
            unattested += attested ? 0 : 1;
        }
        assertTrue(search.nanosUntilTimeout(now) > 0, "stays due");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anyOrderOfOperationsIsSurvived(boolean initiator) {
        var search = new Search(initiator, random, new CheckLimits(), events::add, now);
        search.attest(World.address(ATTESTED + ":1").getAddress());
        long start = now;
        for (int i = 0; i < 20_000; i++) {
            operate(search);
            serve(search);
            now += random.nextInt(400) * World.MILLI;
            serve(search);
        }
        assertTrue(!sent.isEmpty());
        long seconds = (now - start) / World.SECOND;
        assertTrue(unattested <= 10 * seconds + 1, unattested + " checks");
        while (!asked.isEmpty()) {
            prepare(search);
        }
        search.end();
        serve(search);
        assertTrue(open.isEmpty(), open.size() + " sockets are left");
    }
}
