package natt.core.session;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// The additional sockets of one search, which the owner makes and takes back.
final class SearchSockets {
    private final CheckLimits limits;
    private final Consumer<SessionEvent> events;
    private final Set<Integer> held = new HashSet<>();
    private List<Integer> inRound = List.of();
    private int reserved;
    private int request;

    SearchSockets(CheckLimits limits, Consumer<SessionEvent> events) {
        this.limits = limits;
        this.events = events;
    }

    /// Asks for sockets.
    ///
    /// @return whether any can be had
    boolean ask(int wanted, boolean sample) {
        reserved = limits.reserve(wanted);
        if (reserved == 0) {
            return false;
        }
        events.accept(new SessionEvent.SearchNeeds(++request, reserved, sample));
        return true;
    }

    /// Takes the sockets that were made.
    ///
    /// @return whether they are those that were asked for last
    boolean take(int number, List<Integer> made) {
        held.addAll(made);
        if (number != request || reserved == 0) {
            return false;
        }
        inRound = List.copyOf(made);
        return true;
    }

    /// Those of the round.
    List<Integer> inRound() {
        return inRound;
    }

    void endRound() {
        limits.release(reserved);
        reserved = 0;
        inRound = List.of();
    }

    /// Gives back all but those of the round, of the path, and of the path that was until now.
    void releaseUnused(@Nullable InetSocketAddress path, @Nullable InetSocketAddress lostPath) {
        var unused = new ArrayList<Integer>();
        for (int each : held) {
            boolean used = isThrough(path, each) || isThrough(lostPath, each);
            if (!used && !inRound.contains(each)) {
                unused.add(each);
            }
        }
        if (!unused.isEmpty()) {
            unused.forEach(held::remove);
            events.accept(new SessionEvent.SearchReleases(unused));
        }
    }

    private static boolean isThrough(@Nullable InetSocketAddress route, int socket) {
        return route != null && Route.socket(route) == socket;
    }
}
