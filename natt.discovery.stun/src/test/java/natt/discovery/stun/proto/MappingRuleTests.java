package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.Dependence;
import natt.core.Route;
import natt.core.spi.AddressDiscovery.Observation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

class MappingRuleTests {

    /// Each answer is a letter for the server's address, a digit for its port, and the port that
    /// it has seen.
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "'',                UNKNOWN",
        "a1=7,              UNKNOWN",
        "a1=7 a2=7,         AT_MOST_ADDRESS_DEPENDENT",
        "a1=7 a2=8,         ADDRESS_AND_PORT_DEPENDENT",
        "a1=7 b1=7,         ENDPOINT_INDEPENDENT",
        "a1=7 b1=8,         AT_LEAST_ADDRESS_DEPENDENT",
        "a1=7 b2=8,         AT_LEAST_ADDRESS_DEPENDENT",
        "a1=7 b1=8 b2=8,    ADDRESS_DEPENDENT",
        "a1=7 b1=8 b2=9,    ADDRESS_AND_PORT_DEPENDENT",
        "a1=7 b1=7 b2=7,    ENDPOINT_INDEPENDENT",
        "a1=7 a2=7 b1=8,    ADDRESS_DEPENDENT",
        "a1=7 b1=7 c1=9,    ENDPOINT_INDEPENDENT",
        "a1=7 a2=7 a3=7 b1=8 c1=9, ADDRESS_DEPENDENT",
        "a1=7 b1=7 c1=9 d1=9, AT_LEAST_ADDRESS_DEPENDENT",
        "a1=7 b1=8 c1=9,    AT_LEAST_ADDRESS_DEPENDENT"
    })
    void answersOfServersTellTheMapping(String answers, Dependence expected) {
        var seen = new ArrayList<Observation>();
        for (String answer : answers.isEmpty() ? new String[0] : answers.split(" ")) {
            var server =
                    new InetSocketAddress("192.0.2." + (int) answer.charAt(0), answer.charAt(1));
            var mapped = new InetSocketAddress("203.0.113.1", answer.charAt(3));
            seen.add(new Observation(server, mapped, 0));
        }
        assertEquals(expected, MappingRule.of(seen));
    }

    @Test
    void theSocketAskedThroughIsNoPartOfTheServer() {
        var mapped = new InetSocketAddress("203.0.113.1", 7);
        var server = new InetSocketAddress("192.0.2.1", 3478);
        var seen =
                List.of(
                        new Observation(Route.through(4, server), mapped, 0),
                        new Observation(Route.through(4, server), mapped, 0));
        assertEquals(Dependence.UNKNOWN, MappingRule.of(seen));
    }
}
