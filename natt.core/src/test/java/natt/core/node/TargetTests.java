package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;

class TargetTests {
    @ParameterizedTest
    @CsvSource({
        "22, tcp:localhost:22",
        "Example.COM..:80, tcp:example.com:80",
        "[0:0::1]:22, tcp:[::1]:22",
        "[::ffff:127.0.0.1]:22, tcp:127.0.0.1:22",
    })
    void serviceIsWrittenInOneWay(String text, String service) {
        Target target = Target.parse(text);
        assertEquals(service, target.service());
        assertEquals(Optional.of(target), Target.ofService(service));
    }

    @Test
    void commandKeepsItsWordsOnTheWire() {
        Target target = Target.parse("exec:sh -c 'echo \"a  b\"' \"\"");
        assertEquals("exec:sh\0-c\0echo \"a  b\"\0", target.service());
        assertEquals(Optional.of(target), Target.ofService(target.service()));
        assertEquals("exec:sh", target.listName());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ssh",
                "tcp:",
                "tcp:22",
                "tcp::22",
                "tcp:a:0",
                "tcp:a:65536",
                "tcp:a b:1",
                "exec:",
                "exec:\0a",
                "udp:a:1"
            })
    void whatAPeerAsksForWrongly(String service) {
        assertEquals(Optional.empty(), Target.ofService(service));
    }

    @Test
    void targetLongerThanTheWireCarriesIsRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> Target.parse("exec:" + "x".repeat(1020)));
        assertEquals(1024, Target.parse("exec:" + "x".repeat(1019)).service().length());
        assertThrows(IllegalArgumentException.class, () -> Target.parse("x".repeat(1020) + ":1"));
    }

    @ParameterizedTest
    @CsvSource({
        "10022:bob:22, 10022, bob, localhost:22",
        ":bob:22, '', bob, localhost:22",
        "0:bob:db:5432, 0, bob, db:5432",
        "127.0.0.2:10022:Bob:22, 127.0.0.2:10022, bob, localhost:22",
        "[::1]:8080:bob:[2001:db8::1]:80, 0:0:0:0:0:0:0:1:8080, bob, [2001:db8::1]:80",
        "*:8080:bob:intranet:80, 0:0:0:0:0:0:0:0:8080, bob, intranet:80",
        "8080:42:80, 8080, 42, localhost:80",
    })
    void specSaysWhatIsCarriedWhere(String text, String local, String peer, String target) {
        assertEquals(
                local + ":" + peer + ":" + target, ForwardSpec.parse(text, List.of()).toString());
    }

    @Test
    void specThatEndsInAColonTakesTheCommand() {
        ForwardSpec spec = ForwardSpec.parse("7000:bob:", List.of("df", "-h"));
        assertEquals(Target.parse("exec:df -h"), spec.target());
        assertEquals(Optional.empty(), ForwardSpec.parse(":bob:", List.of("id")).local());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "::",
                "bob",
                "22:bob",
                "10022:bob:",
                ":bob:",
                "10022::22",
                "x:bob:22",
                "1:2:3:4:5",
                "65536:bob:22",
                "10022:bob:0",
                "10022:b b:22",
                "name:1:bob:22",
                "10022:bob:[::1:22",
                "127.0.0.1::bob:22"
            })
    void wrongSpecIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> ForwardSpec.parse(text, List.of()));
    }

    @Test
    void peerIsAKeyOrAName() {
        String key = "A".repeat(43);
        assertEquals(key, Peer.parse(key).key().orElseThrow().toString());
        assertEquals(Optional.empty(), Peer.parse("b".repeat(43)).key());
        assertThrows(IllegalArgumentException.class, () -> Peer.parse("a".repeat(64)));
    }
}
