package natt.discovery.stun.proto;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds how long a mapping without traffic lives, by leaving several alone for different times.
///
/// RFC 5780, section 4.6, has the server answer to another port than asked from, which lets
/// anyone send answers elsewhere, so that ours does not. Instead, whichever way tells:
///
/// - where a new mapping has another port, the same server is asked again: another port means
///   that the mapping had ended. Each round asks another server where there is one, so that each
///   mapping is new;
/// - where the NAT filters, an address was asked once, and later an answer from there is wished
///   by a question to another one, which opens nothing: silence means that the permission, and
///   with it the mapping, had ended;
/// - where it does not filter, but hairpins, the mapping is written to from another socket.
///
/// A NAT that keeps ports, lets everybody in and does not hairpin keeps this to itself. Found is
/// the lifetime of a mapping that has carried one question and its answer; NATs give more to those
/// that have carried more.
final class MappingLifetime {
    private static final long SECOND = 1_000_000_000L;
    private static final int MOST_SOCKETS = 8;
    private static final int MOST_SECONDS = 86_400;

    /// Linux keeps a packet that it lets nobody have for 30 seconds, and meanwhile gives who sends
    /// to its source another port.
    private static final long FORGET_NANOS = 60 * SECOND;

    private enum Way {
        COMPARE,
        PERMISSION,
        HAIRPIN
    }

    /// Where the permission is for, and how an answer from there is asked for.
    private record Other(InetSocketAddress remote, int change) {}

    /// One mapping in one round.
    ///
    /// @param reference what the helper saw when the mapping was opened for somebody else
    private record Probe(
            LocalSocket socket, int seconds, @Nullable Question reference, Question opening) {

        /// Whether what was opened is the mapping that the helper sees.
        boolean isOneMapping() {
            return reference == null
                    || reference.observation().isPresent()
                            && opening.observation().isPresent()
                            && reference
                                    .observation()
                                    .get()
                                    .mapped()
                                    .equals(opening.observation().get().mapped());
        }
    }

    /// A mapping that was left alone, and tried.
    ///
    /// @param control asks whether the helper is still there
    private record Trial(Probe probe, Question closing, @Nullable Question control) {}

    private final Way way;
    private final Helper helper;
    private final List<InetSocketAddress> servers;
    private final List<Other> others;
    private final LocalSocket main;
    private final List<LocalSocket> sockets;
    private final LifetimeSearch search;
    private List<Probe> probes = List.of();
    private List<Trial> trials = List.of();
    private int rounds;

    private MappingLifetime(
            Way way,
            Helper helper,
            List<InetSocketAddress> servers,
            List<Other> others,
            List<LocalSocket> all,
            Duration longest) {
        this.way = way;
        this.helper = helper;
        this.servers = servers;
        this.others = others;
        main = all.getFirst();
        // The second one was used to test the filtering.
        List<LocalSocket> fresh = all.subList(Math.min(2, all.size() - 1), all.size());
        sockets = fresh.subList(0, Math.min(MOST_SOCKETS, fresh.size()));
        search = new LifetimeSearch(Math.clamp(longest.toSeconds(), 1, MOST_SECONDS));
    }

    /// Begins, or returns null if there is no way that tells.
    ///
    /// @param servers all that answer, the helper's addresses among them
    static @Nullable MappingLifetime begin(
            NatBehavior known,
            Helper helper,
            List<InetSocketAddress> servers,
            List<LocalSocket> sockets,
            Duration longest) {
        boolean moves =
                known.ports() instanceof PortAllocation.Random
                        || known.ports() instanceof PortAllocation.Sequential;
        if (moves) {
            return new MappingLifetime(Way.COMPARE, helper, servers, List.of(), sockets, longest);
        }
        if (known.mapping() != Dependence.ENDPOINT_INDEPENDENT) {
            return null;
        }
        List<Other> others = others(helper, known.filtering().least());
        if (!others.isEmpty()) {
            return new MappingLifetime(Way.PERMISSION, helper, servers, others, sockets, longest);
        }
        boolean open = known.filtering() == Dependence.ENDPOINT_INDEPENDENT;
        if (open && known.hairpins().orElse(false) && sockets.size() > 1) {
            return new MappingLifetime(Way.HAIRPIN, helper, servers, List.of(), sockets, longest);
        }
        return null;
    }

    /// From where an answer passes only with a permission of its own.
    private static List<Other> others(Helper helper, Dependence filtering) {
        var others = new ArrayList<Other>();
        int address = BindingRequest.CHANGE_ADDRESS;
        int port = BindingRequest.CHANGE_PORT;
        InetSocketAddress otherAddress = helper.otherAddress();
        InetSocketAddress other = helper.other();
        InetSocketAddress otherPort = helper.otherPort();
        if (filtering == Dependence.ENDPOINT_INDEPENDENT) {
            return List.of();
        }
        if (otherAddress != null && other != null) {
            others.add(new Other(otherAddress, address));
            others.add(new Other(other, address | port));
        }
        boolean byPort = filtering == Dependence.ADDRESS_AND_PORT_DEPENDENT;
        if (byPort && helper.changesPort() && otherPort != null) {
            others.add(new Other(otherPort, port));
        }
        return others;
    }

    /// The others take turns, so that what a NAT remembers of refused packets is old by then.
    private Other other() {
        return others.get(rounds % others.size());
    }

    /// Makes or refreshes the mappings that are then left alone.
    void open(Questions questions, long nowNanos) {
        int[] seconds = search.next(sockets.size());
        probes = new ArrayList<>();
        long start = nowNanos + (rounds > 0 && others.size() == 1 ? FORGET_NANOS : 0);
        for (int i = 0; i < seconds.length; i++) {
            LocalSocket socket = sockets.get(i);
            Question reference = null;
            InetSocketAddress opened = servers.get(rounds % servers.size());
            if (way == Way.PERMISSION) {
                reference = ask(questions, socket, helper.address(), start);
                start += Questions.GAP_NANOS;
                opened = other().remote();
            }
            Question opening = ask(questions, socket, opened, start);
            start += Questions.GAP_NANOS;
            probes.add(new Probe(socket, seconds[i], reference, opening));
        }
    }

    /// Tries each when its time has come.
    ///
    /// @return whether that makes sense: false if the server is lost
    boolean close(Questions questions) {
        trials = new ArrayList<>();
        for (Probe probe : probes) {
            Question.Answer answer = probe.opening.answer();
            if (answer == null) {
                return false;
            }
            if (probe.isOneMapping()) {
                long start = probe.opening.lastSentNanos() + probe.seconds * SECOND;
                trials.add(trial(questions, probe, answer.mapped(), start));
            }
        }
        return !trials.isEmpty();
    }

    private Trial trial(Questions questions, Probe probe, InetSocketAddress mapped, long start) {
        return switch (way) {
            case COMPARE ->
                    new Trial(probe, questions.ask(probe.opening.to, Question.PLAIN, start), null);
            case PERMISSION -> {
                InetSocketAddress by = through(probe.socket, helper.address());
                Question closing = questions.ask(by, other().change(), start);
                yield new Trial(probe, closing, ask(questions, main, helper.address(), start));
            }
            case HAIRPIN -> {
                InetSocketAddress to = through(main, mapped);
                int arrivesAt = probe.socket.socket();
                yield new Trial(probe, questions.hairpin(to, arrivesAt, start), null);
            }
        };
    }

    /// Learns from a round.
    ///
    /// @return whether another one is to follow: false if the lifetime is known, or lost
    boolean judge() {
        int[] seconds = new int[trials.size()];
        var survived = new boolean[seconds.length];
        for (int i = 0; i < seconds.length; i++) {
            Trial trial = trials.get(i);
            boolean lost =
                    switch (way) {
                        case COMPARE -> trial.closing.answer() == null;
                        case PERMISSION -> trial.control == null || trial.control.answer() == null;
                        case HAIRPIN -> false;
                    };
            if (lost) {
                return false;
            }
            seconds[i] = trial.probe.seconds;
            survived[i] = survived(trial);
        }
        search.learn(seconds, survived);
        rounds++;
        return !search.isOver();
    }

    private boolean survived(Trial trial) {
        Question.Answer before = trial.probe.opening.answer();
        Question.Answer after = trial.closing.answer();
        return switch (way) {
            case COMPARE ->
                    before != null && after != null && after.mapped().equals(before.mapped());
            case PERMISSION -> after != null;
            case HAIRPIN -> trial.closing.arrived();
        };
    }

    /// The longest time that was survived; empty if the search was cut short.
    Optional<Duration> found() {
        return search.isOver() && search.aliveSeconds() > 0
                ? Optional.of(Duration.ofSeconds(search.aliveSeconds()))
                : Optional.empty();
    }

    private static Question ask(
            Questions questions, LocalSocket socket, InetSocketAddress remote, long startNanos) {
        return questions.ask(through(socket, remote), Question.PLAIN, startNanos);
    }

    private static InetSocketAddress through(LocalSocket socket, InetSocketAddress remote) {
        return socket.socket() == 0 ? remote : Route.through(socket.socket(), remote);
    }
}
