package natt.core.session;

import natt.core.session.Offer.Ports;

import org.jspecify.annotations.Nullable;

/// What a search tries in one of its rounds. Both sides decide it from what both NATs do, and
/// come to the same.
///
/// @param kind what is tried
/// @param window how many ports are predicted
/// @param lead by how long the initiator's checks come before the responder's, in milliseconds;
///     below zero if the responder's come first
record Round(Kind kind, int window, int lead) {
    enum Kind {
        /// The candidates that are known, from the port's own socket.
        KNOWN,
        /// A fresh socket on both sides. Linux's NAT gives the inside host another port if the
        /// outside packet came first; of a fresh one no packet has.
        FRESH,
        /// A fresh socket where the NAT counts, whose next ports the peer is told.
        PREDICTED,
        /// Many sockets against many ports.
        BIRTHDAY
    }

    /// How many sockets the random side of [Kind#BIRTHDAY] has, and to how many ports the other
    /// sends: both below the 600 mappings that a pair may make.
    static final int SOCKETS = 400;

    static final int PROBES = 560;

    /// How many are sent in a second. One side is silent meanwhile, and some is left of the 200
    /// that a pair may send.
    static final int PER_SECOND = 160;

    /// The ports that are not reserved.
    static final int LOWEST_PORT = 1024;

    static final int PORTS = 65_536 - LOWEST_PORT;

    private static final int LEAD = 100;
    private static final int[] WINDOWS = {8, 12, 16};

    /// The round with some number; null if there is nothing left to try.
    static @Nullable Round of(int number, Ports one, Ports other) {
        if (number == 0) {
            return new Round(Kind.KNOWN, 0, 0);
        }
        boolean counts = one == Ports.PREDICTABLE || other == Ports.PREDICTABLE;
        boolean random = one == Ports.RANDOM || other == Ports.RANDOM;
        if (random) {
            boolean hopeless = counts || one == other;
            return hopeless || number > 1 ? null : new Round(Kind.BIRTHDAY, 0, 0);
        }
        if (number > WINDOWS.length) {
            return null;
        }
        if (counts) {
            return new Round(Kind.PREDICTED, WINDOWS[number - 1], 0);
        }
        int lead = number == 1 ? 0 : number == 2 ? LEAD : -LEAD;
        return new Round(Kind.FRESH, 0, lead);
    }

    /// Why the rounds cannot open a path, in words.
    static String why(Ports one, Ports other) {
        boolean counts = one == Ports.PREDICTABLE || other == Ports.PREDICTABLE;
        if (one == Ports.RANDOM && other == Ports.RANDOM) {
            return "both NATs choose a random port for each peer";
        }
        if (one == Ports.RANDOM || other == Ports.RANDOM) {
            return counts
                    ? "one NAT chooses a random port for each peer, the other counts"
                    : "one NAT chooses a random port for each peer, and none was found";
        }
        return counts
                ? "a NAT chooses another port for each peer, and none was guessed"
                : "no address of the peer answers";
    }

    /// How likely it is that one of some probes meets one of some sockets' mappings.
    static double odds(int sockets, int probes) {
        return 1 - Math.pow(1 - (double) sockets / PORTS, probes);
    }

    /// How many sockets a side needs.
    int sockets(Ports mine) {
        return switch (kind) {
            case KNOWN -> 0;
            case FRESH -> 1;
            case PREDICTED -> mine == Ports.PREDICTABLE ? 1 : 0;
            case BIRTHDAY -> mine == Ports.RANDOM ? SOCKETS : 0;
        };
    }

    /// Whether servers are to be asked through the socket.
    boolean sample(Ports mine) {
        return kind != Kind.BIRTHDAY && sockets(mine) > 0;
    }
}
