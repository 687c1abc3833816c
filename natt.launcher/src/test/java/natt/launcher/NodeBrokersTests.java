package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.rendezvous.BrokerAddress;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class NodeBrokersTests {
    private static List<String> brokers(List<String> given, Map<String, String> environment) {
        return NodeBrokers.brokers(given, environment).stream()
                .map(BrokerAddress::toString)
                .toList();
    }

    @Test
    void optionsWinOverTheEnvironment() {
        var environment = Map.of("NATT_BROKER", " one.example, two.example:7  one.example");
        assertEquals(
                List.of("one.example:30000", "two.example:7"), brokers(List.of(), environment));
        assertEquals(List.of("three.example:1"), brokers(List.of("three.example:1"), environment));
        assertEquals(List.of(), brokers(List.of(), Map.of()));
    }

    @Test
    void whatIsNoBrokerIsWrongUsage() {
        assertThrows(UsageException.class, () -> brokers(List.of("key@host"), Map.of()));
    }
}
