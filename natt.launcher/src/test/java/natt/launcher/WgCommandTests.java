package natt.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.Map;

class WgCommandTests {
    @Test
    void theDelayMayHaveDecimals() {
        assertEquals(Duration.ofSeconds(2), WgCommand.delay("2"));
        assertEquals(Duration.ofMillis(500), WgCommand.delay("0.5"));
        assertEquals(Duration.ofMillis(100), WgCommand.delay("0.1"));
        assertEquals(Duration.ofHours(1), WgCommand.delay("3600"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.09", "-1", "", ".5", "1e3", "3601", "3600.1", "two", "1,5"})
    void aDelayThatIsNoneOrTooShortIsRefused(String text) {
        assertThrows(UsageException.class, () -> WgCommand.delay(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "--broker b; --interface NAME is missing",
                "--interface wg0; --broker [KEY@]HOST[:PORT] is missing",
                "--interface wg0 --broker b more; there is no option or argument 'more'",
                "--interface wg0 --broker b --config f --wg-identity; --wg-identity and --config"
                        + " contradict each other",
                "--interface a/b --broker b; 'a/b' is not the name of an interface",
                "--interface wg0 --server h:1 --server-key k --direct; --server goes with none of"
                        + " --direct, --strict, --known-hosts, --wg-identity",
                "--interface wg0 --server h:1 --server-key k --strict; --server goes with none of"
                        + " --direct, --strict, --known-hosts, --wg-identity",
                "--interface wg0 --server h:1 --server-key k --known-hosts f; --server goes with"
                        + " none of --direct, --strict, --known-hosts, --wg-identity",
                "--interface wg0 --server h:1 --server-key k --wg-identity; --server goes with none"
                        + " of --direct, --strict, --known-hosts, --wg-identity",
            })
    void whatIsWrongIsSaidBeforeAnythingIsTouched(String line, String why) {
        UsageException wrong =
                assertThrows(UsageException.class, () -> WgCommand.run(line.split(" "), Map.of()));
        assertEquals(why, wrong.getMessage());
    }
}
