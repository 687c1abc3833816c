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
///   that the mapping had ended;
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

    private enum Way {
        COMPARE,
        PERMISSION,
        HAIRPIN
    }

    private final Way way;
    private final Helper helper;
    private final InetSocketAddress opened;
    private final LocalSocket main;
    private final List<LocalSocket> sockets;
    private final LifetimeSearch search;
    private List<Question> openings = List.of();
    private List<Question> closings = List.of();
    private List<Question> controls = List.of();
    private int[] seconds = {};

    private MappingLifetime(
            Way way,
            Helper helper,
            InetSocketAddress opened,
            List<LocalSocket> sockets,
            Duration longest) {
        this.way = way;
        this.helper = helper;
        this.opened = opened;
        main = sockets.getFirst();
        List<LocalSocket> others = sockets.subList(Math.min(1, sockets.size() - 1), sockets.size());
        this.sockets = others.subList(0, Math.min(MOST_SOCKETS, others.size()));
        search = new LifetimeSearch((int) Math.max(1, Math.min(longest.toSeconds(), 86_400)));
    }

    /// Begins, or returns null if there is no way that tells.
    static @Nullable MappingLifetime begin(
            NatBehavior known, Helper helper, List<LocalSocket> sockets, Duration longest) {
        boolean moves =
                known.ports() instanceof PortAllocation.Random
                        || known.ports() instanceof PortAllocation.Sequential;
        if (moves) {
            return new MappingLifetime(Way.COMPARE, helper, helper.address(), sockets, longest);
        }
        if (known.mapping().most() != Dependence.ENDPOINT_INDEPENDENT) {
            return null;
        }
        boolean filters =
                helper.other() != null
                        ? known.filtering().least() != Dependence.ENDPOINT_INDEPENDENT
                        : known.filtering() == Dependence.ADDRESS_AND_PORT_DEPENDENT;
        InetSocketAddress opened = helper.other() != null ? helper.other() : helper.otherPort();
        if (filters && helper.changesPort() && opened != null) {
            return new MappingLifetime(Way.PERMISSION, helper, opened, sockets, longest);
        }
        boolean open = known.filtering() == Dependence.ENDPOINT_INDEPENDENT;
        if (open && known.hairpins().orElse(false) && sockets.size() > 1) {
            return new MappingLifetime(Way.HAIRPIN, helper, helper.address(), sockets, longest);
        }
        return null;
    }

    /// Makes or refreshes the mappings that are then left alone.
    void open(Questions questions, long nowNanos) {
        seconds = search.next(sockets.size());
        openings = new ArrayList<>();
        for (int i = 0; i < seconds.length; i++) {
            long start = nowNanos + i * Questions.GAP_NANOS;
            openings.add(questions.ask(through(sockets.get(i), opened), Question.PLAIN, start));
        }
    }

    /// Asks each again when its time has come.
    ///
    /// @return whether that makes sense: false if the server is lost
    boolean close(Questions questions) {
        closings = new ArrayList<>();
        controls = new ArrayList<>();
        for (int i = 0; i < seconds.length; i++) {
            Question opening = openings.get(i);
            Question.Answer answer = opening.answer();
            if (answer == null) {
                return false;
            }
            long start = opening.lastSentNanos() + seconds[i] * SECOND;
            closings.add(close(questions, sockets.get(i), answer.mapped(), start));
            if (way == Way.PERMISSION) {
                var control = through(main, helper.address());
                controls.add(questions.ask(control, Question.PLAIN, start));
            }
        }
        return true;
    }

    private Question close(
            Questions questions, LocalSocket socket, InetSocketAddress mapped, long start) {
        return switch (way) {
            case COMPARE -> questions.ask(through(socket, opened), Question.PLAIN, start);
            case PERMISSION -> {
                int change =
                        helper.other() == null
                                ? BindingRequest.CHANGE_PORT
                                : BindingRequest.CHANGE_PORT | BindingRequest.CHANGE_ADDRESS;
                yield questions.ask(through(socket, helper.address()), change, start);
            }
            case HAIRPIN -> questions.hairpin(through(main, mapped), socket.socket(), start);
        };
    }

    /// Learns from a round.
    ///
    /// @return whether another one is to follow: false if the lifetime is known, or lost
    boolean judge() {
        var survived = new boolean[seconds.length];
        for (int i = 0; i < seconds.length; i++) {
            Question closing = closings.get(i);
            Question.Answer before = openings.get(i).answer();
            Question.Answer after = closing.answer();
            boolean lost =
                    switch (way) {
                        case COMPARE -> after == null;
                        case PERMISSION -> controls.get(i).answer() == null;
                        case HAIRPIN -> false;
                    };
            if (lost) {
                seconds = new int[0];
                return false;
            }
            survived[i] =
                    switch (way) {
                        case COMPARE ->
                                before != null
                                        && after != null
                                        && after.mapped().equals(before.mapped());
                        case PERMISSION -> after != null;
                        case HAIRPIN -> closing.arrived();
                    };
        }
        search.learn(seconds, survived);
        return !search.isOver();
    }

    /// The longest time that was survived; empty if the search was cut short.
    Optional<Duration> found() {
        return search.isOver() && search.aliveSeconds() > 0
                ? Optional.of(Duration.ofSeconds(search.aliveSeconds()))
                : Optional.empty();
    }

    private static InetSocketAddress through(LocalSocket socket, InetSocketAddress remote) {
        return socket.socket() == 0 ? remote : Route.through(socket.socket(), remote);
    }
}
