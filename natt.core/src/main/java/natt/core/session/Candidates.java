package natt.core.session;

import natt.core.Route;
import natt.core.session.Candidate.Type;
import natt.core.session.Offer.Ports;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.random.RandomGenerator;

/// Which candidates are offered in a round, and which pairs are made of the peer's.
///
/// @param sockets those made for the round
record Candidates(CheckPolicy policy, LocalCandidates mine, Offer peers, List<Integer> sockets) {
    /// What to tell the peer in a round.
    ///
    /// @param mapped what servers have seen of the round's socket, in the order of asking
    static List<Candidate> offered(
            Round round, LocalCandidates mine, List<InetSocketAddress> mapped) {
        return switch (round.kind()) {
            case KNOWN -> mine.candidates();
            case FRESH ->
                    mapped.stream()
                            .map(each -> new Candidate(Type.SERVER_REFLEXIVE, each))
                            .distinct()
                            .limit(2)
                            .toList();
            case PREDICTED ->
                    mine.ports() == Ports.PREDICTABLE
                            ? predict(round.window(), mine.step(), mapped)
                            : outer(mine.candidates());
            case BIRTHDAY -> outer(mine.candidates());
        };
    }

    /// Those beyond the NAT.
    private static List<Candidate> outer(List<Candidate> all) {
        return all.stream().filter(each -> each.type() != Type.HOST && isIpv4(each)).toList();
    }

    /// The ports that come after those that servers have just seen.
    private static List<Candidate> predict(int window, int step, List<InetSocketAddress> mapped) {
        var predicted = new ArrayList<Candidate>();
        if (!mapped.isEmpty()) {
            InetSocketAddress last = mapped.getLast();
            for (int i = 1; i <= window; i++) {
                int port = last.getPort() + step * i;
                if (port >= Round.LOWEST_PORT && port < Round.LOWEST_PORT + Round.PORTS) {
                    var address = new InetSocketAddress(last.getAddress(), port);
                    predicted.add(new Candidate(Type.PREDICTED, address));
                }
            }
        }
        return predicted;
    }

    private static boolean isIpv4(Candidate candidate) {
        return candidate.address().getAddress() instanceof Inet4Address;
    }

    private List<Candidate> permitted() {
        return peers.candidates().stream()
                .filter(
                        each ->
                                policy.permits(
                                        each.address(), mine.candidates(), peers.candidates()))
                .toList();
    }

    /// By the port's own socket; first those where both sides have to be quick.
    List<InetSocketAddress> known() {
        return permitted().stream()
                .sorted(Comparator.comparingInt(Candidates::order))
                .map(Candidate::address)
                .toList();
    }

    private static int order(Candidate each) {
        return switch (each.type()) {
            case SERVER_REFLEXIVE -> isIpv4(each) ? 0 : 1;
            case MAPPED -> 2;
            case HOST -> isIpv4(each) ? 3 : 1;
            case PREDICTED -> 4;
        };
    }

    /// Through the round's socket.
    List<InetSocketAddress> fresh() {
        if (sockets.isEmpty()) {
            return known();
        }
        int socket = sockets.getFirst();
        return permitted().stream()
                .filter(Candidates::isIpv4)
                .map(each -> Route.through(socket, each.address()))
                .toList();
    }

    /// Where the own NAT counts, through the round's socket, else by the port's own.
    List<InetSocketAddress> predicted() {
        return mine.ports() == Ports.PREDICTABLE ? fresh() : known();
    }

    /// One socket and many ports, or many sockets and one port.
    List<InetSocketAddress> guesses(RandomGenerator random) {
        return mine.ports() == Ports.RANDOM ? bySockets() : byPorts(random);
    }

    private List<InetSocketAddress> bySockets() {
        var outside =
                permitted().stream()
                        .filter(each -> isIpv4(each) && each.type() != Type.HOST)
                        .sorted(
                                Comparator.comparing(
                                        each -> policy.isAttested(each.address()) ? 0 : 1))
                        .findFirst();
        return outside.isEmpty()
                ? List.of()
                : sockets.stream()
                        .map(each -> Route.through(each, outside.get().address()))
                        .toList();
    }

    private List<InetSocketAddress> byPorts(RandomGenerator random) {
        Inet4Address address = policy.attestedIpv4();
        if (address == null) {
            return List.of();
        }
        var ports = new HashSet<Integer>();
        var guesses = new ArrayList<InetSocketAddress>();
        while (guesses.size() < Round.PROBES) {
            int port = Round.LOWEST_PORT + random.nextInt(Round.PORTS);
            if (ports.add(port)) {
                guesses.add(new InetSocketAddress(address, port));
            }
        }
        return guesses;
    }
}
