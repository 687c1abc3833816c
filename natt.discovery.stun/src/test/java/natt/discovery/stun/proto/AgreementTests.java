package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.spi.AddressDiscovery.Finding;
import natt.core.spi.AddressDiscovery.Observation;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class AgreementTests {
    private static final InetSocketAddress SERVER = new InetSocketAddress("192.0.2.1", 3478);

    /// Each answer is a letter for the IP address and a digit for the port.
    @ParameterizedTest(name = "{0} asked, seen [{1}], {2} pending: {3}")
    @CsvSource({
        "0, '',             0, unanswered 0",
        "1, '',             1, -",
        "1, '',             0, unanswered 0",
        "1, a1,             0, mapped a1",
        "2, a1,             1, -",
        "2, a1,             0, unanswered 1",
        "2, a1 a1,          0, mapped a1",
        "2, a1 a2,          0, address-dependent",
        "2, a1 b1,          0, disputed",
        "3, '',             3, -",
        "3, a1,             2, -",
        "3, a1,             1, -",
        "3, a1,             0, unanswered 1",
        "3, a1 a1,          1, mapped a1",
        "3, a1 a1,          0, mapped a1",
        "3, a1 a2,          1, -",
        "3, a1 a2,          0, address-dependent",
        "3, a1 b1,          1, -",
        "3, a1 b1,          0, disputed",
        "3, a1 a1 a1,       0, mapped a1",
        "3, b1 a1 a1,       0, mapped a1",
        "3, a2 a1 a1,       0, mapped a1",
        "3, a1 a2 a3,       0, address-dependent",
        "3, a1 a2 b1,       0, address-dependent",
        "3, a1 b1 c1,       0, disputed",
        "3, a1 b2 c3,       0, disputed",
        "4, a1 a1,          2, -",
        "4, a1 a1,          0, unanswered 2",
        "4, a1 a1 b1 b1,    0, disputed",
        "4, a1 a1 a2 a2,    0, address-dependent",
        "4, a1 a1 a1,       1, mapped a1",
        "5, a1 a2 a3,       2, -",
        "5, a1 a2 a3,       1, address-dependent",
        "5, a1 a1 a2,       1, -",
        "5, a1 b1 c1 d1,    1, disputed",
        "5, a1 b1,          1, -",
        "5, a1 a2 b1 b2,    1, -",
        "5, a1 b1,          0, unanswered 2",
        "5, b9 a1 b9 a1 a1, 0, mapped a1"
    })
    void majorityOfAllServersDecidesAsSoonAsItIsCertain(
            int asked, String seen, int pending, String expected) {
        List<Observation> answers =
                Stream.of(seen.split(" "))
                        .filter(s -> !s.isEmpty())
                        .map(name -> new Observation(SERVER, address(name), 0))
                        .toList();
        assertEquals(expected, describe(Agreement.find(asked, answers, pending), asked, answers));
    }

    private InetSocketAddress address(String name) {
        return new InetSocketAddress("203.0.113." + (int) name.charAt(0), name.charAt(1) - '0');
    }

    private static String describe(Optional<Finding> found, int asked, List<Observation> answers) {
        return switch (found.orElse(null)) {
            case null -> "-";
            case Finding.Mapped(var address) ->
                    "mapped %c%d"
                            .formatted(address.getAddress().getAddress()[3], address.getPort());
            case Finding.AddressDependentMapping(var seen) -> {
                assertEquals(answers, seen);
                yield "address-dependent";
            }
            case Finding.Disputed(var seen) -> {
                assertEquals(answers.stream().map(Observation::mapped).toList(), seen);
                yield "disputed";
            }
            case Finding.Unanswered(var all, var answered) -> {
                assertEquals(asked, all);
                yield "unanswered " + answered;
            }
        };
    }
}
