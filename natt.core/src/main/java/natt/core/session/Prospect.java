package natt.core.session;

import natt.core.NatBehavior;

import java.time.Duration;
import java.util.List;

/// What the search for a direct path does when the addresses that both sides know do not open one,
/// by the same rules as the search itself.
///
/// @param odds how likely it opens a path, 0 to 1; NaN if nobody can tell
/// @param within what it takes at most, about
public record Prospect(Kind kind, double odds, Duration within) {

    /// What is tried.
    public enum Kind {
        /// Fresh sockets on both sides, and better timing.
        FRESH,
        /// The next ports of a NAT that counts.
        PREDICTION,
        /// Many sockets against many ports.
        BIRTHDAY,
        /// Nothing.
        NONE
    }

    /// How long a round is and what is added until both sides have agreed on it, about.
    private static final long ROUND_MILLIS = 2_500;

    /// For two sides, in either order.
    public static Prospect of(NatBehavior one, NatBehavior other) {
        Offer.Ports mine = new LocalCandidates(one, List.of()).ports();
        Offer.Ports theirs = new LocalCandidates(other, List.of()).ports();
        Round first = Round.of(1, mine, theirs);
        if (first == null) {
            return new Prospect(Kind.NONE, 0, Duration.ZERO);
        }
        return switch (first.kind()) {
            case BIRTHDAY -> {
                long seconds = 1 + (Round.SOCKETS + Round.PROBES - 1) / Round.PER_SECOND;
                double odds = Round.odds(Round.SOCKETS, Round.PROBES);
                yield new Prospect(Kind.BIRTHDAY, odds, Duration.ofSeconds(seconds));
            }
            case PREDICTED -> new Prospect(Kind.PREDICTION, Double.NaN, lasting(mine, theirs));
            case KNOWN, FRESH -> new Prospect(Kind.FRESH, Double.NaN, lasting(mine, theirs));
        };
    }

    private static Duration lasting(Offer.Ports mine, Offer.Ports theirs) {
        int rounds = 1;
        while (Round.of(rounds, mine, theirs) != null) {
            rounds++;
        }
        return Duration.ofMillis(rounds * ROUND_MILLIS);
    }
}
