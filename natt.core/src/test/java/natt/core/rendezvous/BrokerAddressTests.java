package natt.core.rendezvous;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BrokerAddressTests {
    private static final String KEY = "1V3qRXppcgXTgKtYCb3LHV8sZWInxnRN6bOxUBp5wBE";

    @ParameterizedTest
    @CsvSource({
        "broker.example.com, broker.example.com:30000",
        "Broker.Example.COM.:7, broker.example.com:7",
        "198.51.100.1, 198.51.100.1:30000",
        "[2001:db8::1]:443, [2001:db8::1]:443",
        "2001:db8::1, [2001:db8::1]:30000",
    })
    void theKeyAndThePortMayBeMissing(String text, String read) {
        assertEquals(read, BrokerAddress.parse(text).toString());
        assertEquals(KEY + "@" + read, BrokerAddress.parse(KEY + "@" + text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "@host", "key@host", ":30000", "host:0", "host:70000", "a b"})
    void whatIsNoBrokerIsRefusedInOneLine(String text) {
        var wrong = assertThrows(IllegalArgumentException.class, () -> BrokerAddress.parse(text));
        assertTrue(wrong.getMessage().lines().count() == 1, wrong.getMessage());
    }
}
