package natt.core.doctor;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.session.Prospect;

import java.time.Duration;

/// How two peers meet: by the best way that their NATs leave, in the order in which natt
/// tries them.
///
/// @param odds how likely that way is to open, 0 to 1; NaN if it is tried and nobody can tell
/// @param within what it takes at most, about
public record Verdict(Way way, double odds, Duration within) {

    /// What opens a path.
    public enum Way {
        /// One of them can be sent to as it is: a broker is not needed if natts runs there.
        DIRECT,
        /// Both send at once to where the other is.
        PUNCHING,
        /// As before, to the ports that a NAT which counts will use next.
        PREDICTION,
        /// Many sockets against many ports, which is enough to meet by chance.
        BIRTHDAY,
        /// Through the broker.
        RELAY
    }

    // What the rounds of a search take.
    private static final Duration AT_ONCE = Duration.ofSeconds(1);
    private static final Duration PUNCHING = Duration.ofSeconds(2);
    private static final Duration RELAY = Duration.ofSeconds(3);

    /// The verdict for a pair; it is the same from both ends.
    public static Verdict of(Side one, Side other) {
        if (!one.udp() || !other.udp()) {
            return new Verdict(Way.RELAY, 1, RELAY);
        }
        if (one.isOpenTo(other) || other.isOpenTo(one)) {
            return new Verdict(Way.DIRECT, 1, AT_ONCE);
        }
        if (one.hasSix() && other.hasSix() || opens(one.behavior(), other.behavior())) {
            return new Verdict(Way.PUNCHING, 1, PUNCHING);
        }
        return search(Prospect.of(one.behavior(), other.behavior()));
    }

    private static Verdict search(Prospect prospect) {
        return switch (prospect.kind()) {
            case FRESH -> new Verdict(Way.PUNCHING, prospect.odds(), prospect.within());
            case PREDICTION -> new Verdict(Way.PREDICTION, prospect.odds(), prospect.within());
            case BIRTHDAY -> new Verdict(Way.BIRTHDAY, prospect.odds(), prospect.within());
            case NONE -> new Verdict(Way.RELAY, 1, RELAY);
        };
    }

    /// Whether plain punching opens a path: a side is reached first at its server-reflexive
    /// address. With two endpoint-independent mappings each knows from where the other sends. With
    /// one, the other side sends from a port that nobody knows, so the known side's filter must not
    /// look at ports. With none, one side's server-reflexive mapping must let in anybody, so that
    /// it learns the other's real port; and that port must not filter by port.
    private static boolean opens(NatBehavior one, NatBehavior other) {
        boolean oneKnown = one.mapping().most() == Dependence.ENDPOINT_INDEPENDENT;
        boolean otherKnown = other.mapping().most() == Dependence.ENDPOINT_INDEPENDENT;
        boolean oneByPort = isByPort(one);
        boolean otherByPort = isByPort(other);
        if (oneKnown || otherKnown) {
            return oneKnown && otherKnown || !(oneKnown ? oneByPort : otherByPort);
        }
        boolean certain = isDependent(one) && isDependent(other);
        return certain && (isOpen(one) && !otherByPort || isOpen(other) && !oneByPort);
    }

    private static boolean isDependent(NatBehavior nat) {
        return nat.mapping().least() != Dependence.ENDPOINT_INDEPENDENT;
    }

    private static boolean isByPort(NatBehavior nat) {
        return nat.filtering().most() == Dependence.ADDRESS_AND_PORT_DEPENDENT;
    }

    private static boolean isOpen(NatBehavior nat) {
        return nat.filtering() == Dependence.ENDPOINT_INDEPENDENT;
    }

    /// Whether the way begins with a broker, which brings the two together.
    public boolean needsBroker() {
        return way != Way.DIRECT;
    }

    /// A clause for a person.
    public String describe() {
        return switch (way) {
            case DIRECT -> "direct, at once";
            case PUNCHING ->
                    Double.isNaN(odds)
                            ? "direct if punching opens a path, else relay"
                            : "direct by punching, up to %d s".formatted(within.toSeconds());
            case PREDICTION ->
                    "direct by port prediction, mostly, up to %d s; else relay"
                            .formatted(within.toSeconds());
            case BIRTHDAY ->
                    "direct by birthday search, about %d %%, up to %d s; else relay"
                            .formatted(Math.round(odds * 100), within.toSeconds());
            case RELAY -> "relay only";
        };
    }
}
