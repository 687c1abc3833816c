package natt.core.session;

import natt.core.NatBehavior;
import natt.core.Route;
import natt.core.session.Checklist.Due;
import natt.core.session.Checklist.Pair;
import natt.core.session.Offer.Ports;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/// The search for a direct path inside a session, in rounds. In each, the initiator offers its
/// candidates, the responder answers with its own and starts its checks half a round trip later;
/// the initiator starts when it has the answer: so both start at one time. The first pair that
/// is valid becomes the path if there is no direct one; later the initiator may choose a better.
final class Search {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    // What DESIGN fixes.
    private static final long[] SEARCH_AGAIN = {10 * SECOND, 30 * SECOND, 120 * SECOND};

    /// How long the initiator looks for a better path after the first.
    private static final long CHOICE = 2 * SECOND;

    /// Another direct path has to be so much better, in nanoseconds and as a share.
    private static final long BETTER_BY = 2 * MILLI;

    private static final double BETTER_SHARE = 0.8;

    // What natt chooses.
    private static final long PREPARING = 2 * SECOND;
    private static final long ANSWER = 3 * SECOND;
    private static final long ROUND = 2 * SECOND;

    /// For how long the last checks of a round may still be answered.
    private static final long LAST_ANSWERS = 1500 * MILLI;

    /// By how much the checks that open a filter come before those that are to pass it.
    private static final long AHEAD = 100 * MILLI;

    /// How long many ports wait until the own NAT is known, which takes less than 5 seconds: it
    /// decides who comes first.
    private static final long LEARNING = 5 * SECOND;

    /// The part of its time that sending many may take longer, as timers are late.
    private static final int SLACK = 8;

    /// A direct path that does not last is not searched for at once again.
    private static final long LASTED = 30 * SECOND;

    private static final long BIRTHDAY_AGAIN = 600 * SECOND;

    /// A peer that offers all the time would have this node open sockets all the time.
    private static final int ROUNDS_AT_ONCE = 12;

    private enum Phase {
        REST,
        /// The own NAT is to become known.
        LEARNING,
        /// The owner makes sockets.
        PREPARING,
        /// The own offer is under way.
        OFFERING,
        CHECKING
    }

    private final boolean initiator;
    private final RandomGenerator random;
    private final CheckLimits limits;
    private final Consumer<SessionEvent> events;
    private final CheckPolicy policy = new CheckPolicy();
    private final Checklist checks;
    private final Rate rounds = new Rate(1, ROUNDS_AT_ONCE);
    private final Offers offers = new Offers();
    private final SearchSockets sockets;

    private @Nullable LocalCandidates mine;
    private @Nullable Offer theirs;
    private @Nullable InetSocketAddress path;
    private @Nullable InetSocketAddress lostPath;
    private @Nullable InetSocketAddress crooked;

    private long directSince;

    private Phase phase = Phase.REST;
    private int number;
    private int round;
    private Round plan = new Round(Round.Kind.KNOWN, 0, 0);
    private long deadline;
    private boolean found;
    private boolean answered;

    private boolean again;
    private long againAt;
    private int failures;
    private boolean birthdayDone;
    private long birthdayAt;
    private String why = "the peer has not told its addresses yet";
    private String told = "";
    private long searches;

    Search(
            boolean initiator,
            RandomGenerator random,
            CheckLimits limits,
            Consumer<SessionEvent> events,
            long nowNanos) {
        this.initiator = initiator;
        this.random = random;
        this.limits = limits;
        this.events = events;
        sockets = new SearchSockets(limits, events);
        checks = new Checklist(random, policy, limits, nowNanos);
    }

    // ---- from the owner

    void offer(LocalCandidates local, long nowNanos) {
        if (local.equals(mine)) {
            return;
        }
        boolean same = mine != null && mine.candidates().equals(local.candidates());
        mine = local;
        if (same && isAmongMany()) {
            return;
        }
        checks.forgive();
        birthdayDone = false;
        failures = 0;
        if (path == null) {
            return;
        }
        Offer asked = theirs;
        if (initiator && same && phase != Phase.REST) {
            goOn(nowNanos);
        } else if (initiator) {
            begin(nowNanos);
        } else if (phase == Phase.REST && asked != null && isUnanswered(asked)) {
            enter(nowNanos);
        } else {
            askForSearch(nowNanos);
        }
    }

    /// Whether many ports are being gone through, and still would be: what has become known of the
    /// own NAT meanwhile is no reason to begin again, which the peer would not.
    private boolean isAmongMany() {
        return phase != Phase.REST
                && plan.kind() == Round.Kind.BIRTHDAY
                && mine != null
                && plan.equals(Round.of(round, mine.ports(), peersPorts()));
    }

    /// The own NAT has become known in a search. What is known of addresses was tried, or is.
    private void goOn(long nowNanos) {
        if (phase == Phase.LEARNING) {
            enter(nowNanos);
        } else if (round > 0) {
            begin(1, nowNanos);
        }
    }

    private boolean isUnanswered(Offer asked) {
        return asked.search() == number && !answered;
    }

    void attest(InetAddress address) {
        policy.attest(address);
    }

    /// The owner has made sockets, and asked servers through the first of them.
    void prepared(int number, List<Integer> made, List<InetSocketAddress> mapped, long nowNanos) {
        if (!sockets.take(number, made) || phase != Phase.PREPARING) {
            releaseUnused();
            return;
        }
        makeOffer(mapped, nowNanos);
    }

    // ---- from the session

    /// There is a path, another perhaps.
    void pathIs(InetSocketAddress to, long nowNanos) {
        InetSocketAddress from = path;
        boolean was = isDirect();
        path = to;
        if (isDirect()) {
            if (!was) {
                directSince = nowNanos;
            }
            again = false;
            lostPath = null;
            noteFound(nowNanos);
            if (initiator && mine != null && searches == 0) {
                // There may be a shorter one: by a link that both share, or IPv6.
                begin(nowNanos);
            }
        } else if (was) {
            lostPath = from;
            lost(nowNanos);
        } else if (mine != null && initiator && phase == Phase.REST && !again) {
            begin(nowNanos);
        }
        if (phase == Phase.REST) {
            releaseUnused();
        }
    }

    private boolean isDirect() {
        return path != null && Route.isDirect(path);
    }

    private void noteFound(long nowNanos) {
        if (phase == Phase.CHECKING && !found) {
            found = true;
            checks.narrow();
            deadline = nowNanos + CHOICE;
        } else if (phase != Phase.CHECKING && phase != Phase.REST && round > 0) {
            rest();
        }
    }

    private void lost(long nowNanos) {
        why = "the direct path has died";
        rest();
        if (mine == null) {
            return;
        }
        if (nowNanos - directSince < LASTED) {
            failures++;
            searchLater(nowNanos);
            return;
        }
        failures = 0;
        if (initiator) {
            begin(nowNanos);
        } else {
            askForSearch(nowNanos);
        }
    }

    /// There is no path now; the one until now may come back.
    void pause() {
        if (isDirect()) {
            lostPath = path;
        }
        rest();
        offers.drop();
        again = false;
        path = null;
    }

    /// The session has ended: no socket is needed any more.
    void end() {
        path = null;
        lostPath = null;
        pause();
    }

    /// Takes an offer of the peer.
    ///
    /// @return whether it is to be acknowledged
    boolean take(Offer offer, long nowNanos) {
        if (offers.isTaken(offer)) {
            return true;
        }
        boolean wanted = initiator ? takeAnswer(offer, nowNanos) : takeRound(offer, nowNanos);
        if (wanted) {
            offers.noteTaken(offer);
        }
        return wanted;
    }

    private boolean takeAnswer(Offer offer, long nowNanos) {
        if (offer.search() == 0) {
            if (!rounds.take(nowNanos)) {
                return false;
            }
            theirs = offer;
            boolean begun = phase == Phase.OFFERING && round == 0;
            if (mine != null && path != null && !begun) {
                begin(nowNanos);
            }
        } else if (offer.search() == number && offer.round() == round && phase == Phase.OFFERING) {
            theirs = offer;
            startChecks(nowNanos + offer.goDelay() * MILLI);
        }
        return true;
    }

    private boolean takeRound(Offer offer, long nowNanos) {
        int ahead = offer.search() - number;
        boolean newer = ahead > 0 || ahead == 0 && offer.round() > round;
        if (!newer && number != 0) {
            return true;
        }
        if (!rounds.take(nowNanos)) {
            return false;
        }
        rest();
        if (ahead != 0) {
            checks.begin(nowNanos);
            searches++;
        }
        theirs = offer;
        number = offer.search();
        round = offer.round();
        answered = false;
        if (mine != null) {
            enter(nowNanos);
        }
        return true;
    }

    void acknowledged(long serial) {
        offers.acknowledged(serial);
    }

    /// Whether what comes from an address that is not the path is a matter of this search: then
    /// the pair is checked.
    boolean heardFrom(InetSocketAddress from, long nowNanos) {
        if (phase != Phase.CHECKING || !Route.isDirect(from)) {
            return false;
        }
        checks.heardFrom(from, nowNanos);
        return true;
    }

    /// Whether the peer has been heard at an address in this search, or the last.
    boolean knows(InetSocketAddress address) {
        return checks.knows(address);
    }

    /// Takes the answer to a check; returns the pair if it is valid by that.
    @Nullable Pair answered(long token, InetSocketAddress from, long nowNanos) {
        Pair pair = checks.answered(token, from, nowNanos);
        if (pair != null && pair.isCrooked()) {
            crooked = pair.address();
        }
        return pair;
    }

    /// The round trip of a pair that is valid.
    OptionalLong roundTrip(InetSocketAddress address) {
        Pair pair = checks.find(address);
        return pair == null || pair.roundTrip() == Long.MAX_VALUE
                ? OptionalLong.empty()
                : OptionalLong.of(pair.roundTrip());
    }

    /// Whether the peer's datagrams come from elsewhere than where its path leads; which of its
    /// addresses they come from then says nothing.
    boolean isCrooked(InetSocketAddress some) {
        return some.equals(crooked);
    }

    // ---- rounds

    private void begin(long nowNanos) {
        begin(0, nowNanos);
    }

    private void begin(int first, long nowNanos) {
        rest();
        number++;
        round = first;
        searches++;
        again = false;
        checks.begin(nowNanos);
        enter(nowNanos);
    }

    private void enter(long nowNanos) {
        LocalCandidates local = mine;
        Round next = local == null ? null : Round.of(round, local.ports(), peersPorts());
        boolean enough = next == null || round > 0 && isDirect();
        if (!enough && phase == Phase.REST && isToLearn(next, local)) {
            phase = Phase.LEARNING;
            deadline = nowNanos + LEARNING;
            return;
        }
        if (local == null || next == null || enough || !mayTry(next, local, nowNanos)) {
            finish(nowNanos);
            return;
        }
        plan = next;
        int wanted = next.sockets(local.ports());
        if (wanted > 0 && sockets.ask(wanted, next.sample(local.ports()))) {
            phase = Phase.PREPARING;
            deadline = nowNanos + PREPARING;
        } else {
            makeOffer(List.of(), nowNanos);
        }
    }

    private boolean isToLearn(@Nullable Round next, @Nullable LocalCandidates local) {
        return initiator
                && next != null
                && next.kind() == Round.Kind.BIRTHDAY
                && local != null
                && local.behavior().equals(NatBehavior.UNKNOWN);
    }

    private Ports peersPorts() {
        return theirs == null ? Ports.UNKNOWN : theirs.ports();
    }

    private boolean mayTry(Round next, LocalCandidates local, long nowNanos) {
        if (next.kind() != Round.Kind.BIRTHDAY) {
            return true;
        }
        boolean random = local.ports() == Ports.RANDOM;
        boolean peerMay = !random || theirs != null && theirs.attested();
        boolean attested = policy.attestedIpv4() != null && peerMay;
        boolean recent = birthdayDone && nowNanos - birthdayAt < BIRTHDAY_AGAIN;
        if (!attested || recent || !limits.beginBirthday(this)) {
            return false;
        }
        birthdayDone = true;
        birthdayAt = nowNanos;
        tell(
                "%d sockets against %d ports: a path in %.0f of 100 cases"
                        .formatted(
                                Round.SOCKETS,
                                Round.PROBES,
                                100 * Round.odds(Round.SOCKETS, Round.PROBES)));
        return true;
    }

    private void tell(String what) {
        if (!what.equals(told)) {
            told = what;
            events.accept(new SessionEvent.SearchTells(what));
        }
    }

    private void makeOffer(List<InetSocketAddress> mapped, long nowNanos) {
        LocalCandidates local = mine;
        if (local == null) {
            return;
        }
        offers.send(offer(local, number, round, Candidates.offered(plan, local, mapped)), nowNanos);
        phase = Phase.OFFERING;
        deadline = nowNanos + ANSWER;
    }

    private Offer offer(
            LocalCandidates local, int search, int inRound, List<Candidate> candidates) {
        return new Offer(
                search,
                random.nextLong(),
                inRound,
                local.ports(),
                local.step(),
                0,
                policy.attestedIpv4() != null,
                local.keepsUnsolicited(),
                candidates);
    }

    /// Says that there are new candidates; for the responder.
    private void askForSearch(long nowNanos) {
        LocalCandidates local = mine;
        if (local != null) {
            offers.send(offer(local, 0, 0, local.candidates()), nowNanos);
        }
    }

    /// The offer that is due, or null.
    ///
    /// @param roundTrip by the relay, in nanoseconds
    @Nullable Offer pollOffer(long roundTrip, long nowNanos) {
        Offer next = offers.poll(nowNanos);
        if (next == null) {
            return null;
        }
        if (offers.isFirst() && !initiator && phase == Phase.OFFERING && theirs != null) {
            answered = true;
            startChecks(nowNanos + theirs.goDelay() * MILLI);
        }
        long half = initiator ? roundTrip / 2 / MILLI : 0;
        int lead = Math.max(0, initiator ? plan.lead() : -plan.lead());
        return next.withGoDelay((int) Math.min(half + lead, Integer.MAX_VALUE));
    }

    private void startChecks(long atNanos) {
        Offer offer = theirs;
        LocalCandidates local = mine;
        if (offer == null || local == null) {
            return;
        }
        phase = Phase.CHECKING;
        found = isDirect();
        checks.clear();
        InetSocketAddress lost = lostPath;
        if (plan.kind() == Round.Kind.KNOWN) {
            if (lost != null) {
                checks.add(lost, Checklist.TRIES, atNanos);
            }
            if (path != null && isDirect()) {
                checks.add(path, Checklist.TRIES, atNanos);
            }
        }
        long length = fill(offer, local, atNanos);
        deadline = atNanos + length;
    }

    private long fill(Offer offer, LocalCandidates local, long atNanos) {
        var all = new Candidates(policy, local, offer, sockets.inRound());
        return switch (plan.kind()) {
            case KNOWN -> {
                all.known().forEach(each -> checks.add(each, Checklist.TRIES, atNanos));
                yield ROUND;
            }
            case FRESH -> {
                all.fresh().forEach(each -> checks.add(each, Checklist.TRIES, atNanos));
                yield LAST_ANSWERS;
            }
            case PREDICTED -> fillPredicted(all, offer, local, atNanos);
            case BIRTHDAY -> fillMany(all, offer, local, atNanos);
        };
    }

    /// One side sends everything before the other begins. Where the NAT of the ports side keeps
    /// what is unsolicited, a socket's datagram that comes first takes away the port that the
    /// sockets send to, so that ports come first; else sockets, since a random NAT that keeps it
    /// never chooses a port that was tried already.
    private long fillMany(Candidates all, Offer offer, LocalCandidates local, long atNanos) {
        long pace = SECOND / Round.PER_SECOND;
        boolean bySockets = local.ports() == Ports.RANDOM;
        boolean portsFirst = bySockets ? offer.keepsUnsolicited() : local.keepsUnsolicited();
        int first = portsFirst ? Round.PROBES : Round.SOCKETS;
        int second = Round.SOCKETS + Round.PROBES - first;
        long lead = first * pace * (SLACK + 1) / SLACK + AHEAD;
        List<InetSocketAddress> guesses = all.guesses(random);
        checks.allow(guesses.size(), pace);
        long at = bySockets == portsFirst ? atNanos + lead : atNanos;
        guesses.forEach(each -> checks.add(each, 1, at));
        return lead + second * pace + LAST_ANSWERS;
    }

    /// Where only one NAT counts, the other side's checks open its filter first: one for each
    /// port that may be.
    private long fillPredicted(Candidates all, Offer offer, LocalCandidates local, long atNanos) {
        boolean both = local.ports() == offer.ports();
        boolean first = local.ports() != Ports.PREDICTABLE;
        long pace = offer.attested() ? Checklist.PACE : SECOND / 10;
        long ahead = both ? 0 : plan.window() * pace + AHEAD;
        int tries = both || first ? 1 : Checklist.TRIES;
        long at = both || first ? atNanos : atNanos + ahead;
        all.predicted().forEach(each -> checks.add(each, tries, at));
        return plan.window() * pace + AHEAD + LAST_ANSWERS;
    }

    /// The check that is due, or null.
    @Nullable Due poll(long nowNanos) {
        return phase == Phase.CHECKING ? checks.poll(nowNanos) : null;
    }

    // ---- time

    /// Does what is due; returns the path to take instead of the one there is, or null.
    @Nullable InetSocketAddress handleTimeout(long nowNanos) {
        if (again && againAt - nowNanos <= 0) {
            again = false;
            if (initiator) {
                begin(nowNanos);
            }
        }
        if (phase == Phase.REST || deadline - nowNanos > 0) {
            return null;
        }
        switch (phase) {
            case REST -> {}
            case LEARNING -> enter(nowNanos);
            case PREPARING -> makeOffer(List.of(), nowNanos);
            case OFFERING -> {
                if (theirs == null) {
                    why = "the peer has not told its addresses";
                }
                finish(nowNanos);
            }
            case CHECKING -> {
                InetSocketAddress better = isDirect() ? better() : null;
                if (isDirect() || !initiator) {
                    finish(nowNanos);
                } else {
                    rest();
                    round++;
                    enter(nowNanos);
                }
                return better;
            }
        }
        return null;
    }

    private @Nullable InetSocketAddress better() {
        Pair best = checks.best();
        Pair current = path == null ? null : checks.find(path);
        if (!initiator || best == null || current == null || best == current) {
            return null;
        }
        boolean clearly =
                best.roundTrip() <= current.roundTrip() * BETTER_SHARE
                        && current.roundTrip() - best.roundTrip() >= BETTER_BY;
        return clearly ? best.address() : null;
    }

    private void finish(long nowNanos) {
        boolean over = phase == Phase.CHECKING || round > 0;
        lostPath = null;
        rest();
        if (path == null || isDirect() || !initiator) {
            return;
        }
        if (over && theirs != null && mine != null) {
            why = Round.why(mine.ports(), peersPorts());
        }
        tell("no direct path: " + why);
        failures++;
        searchLater(nowNanos);
    }

    private void searchLater(long nowNanos) {
        again = true;
        againAt = nowNanos + SEARCH_AGAIN[Math.clamp(failures - 1, 0, SEARCH_AGAIN.length - 1)];
    }

    private void rest() {
        phase = Phase.REST;
        limits.endBirthday(this);
        sockets.endRound();
        releaseUnused();
    }

    private void releaseUnused() {
        sockets.releaseUnused(path, lostPath);
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = again ? againAt - nowNanos : Long.MAX_VALUE;
        least = Math.min(least, offers.nanosUntilTimeout(nowNanos));
        if (phase == Phase.CHECKING) {
            least = Math.min(least, checks.nanosUntilDue(nowNanos));
        }
        return phase == Phase.REST ? least : Math.min(least, deadline - nowNanos);
    }

    // ---- for status

    SearchState state() {
        return new SearchState(
                whyRelayed(),
                mine == null ? List.of() : mine.candidates(),
                theirs == null ? List.of() : theirs.candidates(),
                searches,
                checks.sent());
    }

    private Optional<String> whyRelayed() {
        if (path == null || isDirect()) {
            return Optional.empty();
        }
        if (phase != Phase.REST) {
            return Optional.of("a direct path is being searched");
        }
        return Optional.of(mine == null ? "there are no own addresses yet" : why);
    }
}
