package natt.discovery.stun.proto;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;

import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// What several servers say together. A majority is one of the servers asked, not of those
/// that answered: otherwise whoever can silence the others decides alone.
final class Agreement {

    private Agreement() {}

    /// Returns what follows from the answers, or empty as long as the pending ones could still
    /// change it.
    ///
    /// @param asked the number of servers
    /// @param answers one of each server that has answered
    /// @param pending the number of servers that may still answer
    static Optional<Finding> find(int asked, List<Observation> answers, int pending) {
        int majority = asked / 2 + 1;
        List<InetSocketAddress> seen = answers.stream().map(Observation::mapped).toList();
        Map<InetSocketAddress, Long> votes =
                seen.stream().collect(groupingBy(Function.identity(), counting()));
        long sameAddress = most(votes);
        if (sameAddress >= majority) {
            return votes.entrySet().stream()
                    .filter(vote -> vote.getValue() == sameAddress)
                    .map(vote -> (Finding) new Finding.Mapped(vote.getKey()))
                    .findAny();
        }
        if (sameAddress + pending >= majority) {
            return Optional.empty();
        }
        long sameIp = most(seen.stream().collect(groupingBy(a -> a.getAddress(), counting())));
        if (sameIp >= majority) {
            return Optional.of(new Finding.AddressDependentMapping(List.copyOf(answers)));
        }
        if (sameIp + pending >= majority) {
            return Optional.empty();
        }
        if (seen.size() >= majority) {
            return Optional.of(new Finding.Disputed(seen));
        }
        return pending > 0
                ? Optional.empty()
                : Optional.of(new Finding.Unanswered(asked, seen.size()));
    }

    private static long most(Map<?, Long> votes) {
        return votes.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }
}
