package natt.core.keys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.keys.AuthorizedClients.Client;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

class AuthorizedClientsTests {
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final String OTHER = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
    private static final NodeKey NODE = NodeKey.parse(KEY);
    private static final InetAddress HERE = InetAddress.ofLiteral("203.0.113.7");
    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    private static Client only(String line) {
        var clients = AuthorizedClients.parse(line);
        assertEquals(List.of(), clients.problems(), line);
        assertEquals(1, clients.clients().size(), line);
        return clients.clients().getFirst();
    }

    @Test
    void aLineIsAKeyWithOptionsBeforeAndACommentAfter() {
        assertEquals(
                new Client(
                        NODE,
                        Set.of("ssh", "web"),
                        Optional.of(Instant.parse("2026-12-31T00:00:00Z")),
                        List.of(
                                AddressPrefix.parse("203.0.113.0/24"),
                                AddressPrefix.parse("2001:db8::/32")),
                        List.of(
                                AddressPrefix.parse("10.0.0.0/24"),
                                AddressPrefix.parse("fd00::/64")),
                        "anna's laptop"),
                only(
                        "target=\"ssh,web\",expires=\"2026-12-31\",from=\"203.0.113.0/24,"
                                + " 2001:db8::/32\",tun=\"10.0.0.0/24,fd00::/64\"  "
                                + KEY
                                + " anna's laptop \r"));
        assertEquals(
                new Client(NODE, Set.of(), Optional.empty(), List.of(), List.of(), ""), only(KEY));
        assertEquals(Set.of("ssh"), only("target=ssh " + KEY).services());
        assertEquals(
                Optional.of(Instant.parse("2026-12-31T16:00:00Z")),
                only("expires=2026-12-31T18:00:00+02:00\t" + KEY).expires());
        assertEquals("J\u00fcrgen", only(KEY + " J\u00c3\u00bcrgen").comment());
    }

    @Test
    void aClientReachesItsServices() {
        assertTrue(only(KEY).mayReach("web"));
        assertTrue(only("target=\"ssh,web\" " + KEY).mayReach("web"));
        assertFalse(only("target=\"ssh,web\" " + KEY).mayReach("we"));
    }

    @Test
    void aLineThatCannotBeReadAdmitsNobodyAndTheOthersCount() {
        for (String bad :
                List.of(
                        KEY + "x",
                        KEY.substring(1),
                        "no-pty " + KEY,
                        "target " + KEY,
                        "target= " + KEY,
                        "target=\"ssh " + KEY,
                        "target=\"ssh\"x " + KEY,
                        "target=ssh,web " + KEY,
                        "target=ssh,target=web " + KEY,
                        "target=ssh, from=10.0.0.0/8 " + KEY,
                        "target=\"ssh,,web\" " + KEY,
                        "target=" + "x".repeat(65) + " " + KEY,
                        "expires=soon " + KEY,
                        "from=10.0.0.1/8 " + KEY,
                        "from=\"10.0.0.0/8,example.com\" " + KEY,
                        "tun=\"\" " + KEY,
                        "target=ssh",
                        "target=ssh " + KEY + "x",
                        "Target=ssh " + KEY,
                        ",target=ssh " + KEY,
                        "=,=",
                        "\"",
                        "\u0000\u00ff\u0001",
                        "x".repeat(1_000_000),
                        "target=\"" + "a,".repeat(10_000) + "\" " + KEY)) {
            var clients = AuthorizedClients.parse("# c\n\n" + bad + "\n" + OTHER);
            assertEquals(Optional.empty(), clients.find(NODE), bad);
            assertTrue(clients.find(NodeKey.parse(OTHER)).isPresent(), bad);
            assertEquals(1, clients.problems().size(), bad);
            assertEquals(3, clients.problems().getFirst().line(), bad);
            String why = clients.problems().getFirst().why();
            assertTrue(why.length() < 300 && why.chars().noneMatch(c -> c < ' '), why);
        }
    }

    @Test
    void aSecretInTheWrongPlaceIsNotShown() {
        String secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
        for (String line : List.of(secret, "secret=" + secret, secret + "=x " + KEY)) {
            var problem = AuthorizedClients.parse(line).problems().getFirst();
            assertFalse(problem.why().contains("c2VjcmV0"), problem.why());
        }
    }

    @Test
    void theFirstLineOfAKeyCounts() {
        var clients = AuthorizedClients.parse("target=ssh " + KEY + "\n" + KEY + "\n");
        assertEquals(Set.of("ssh"), clients.find(NODE).orElseThrow().services());
        assertEquals(
                List.of(
                        new AuthorizedClients.Problem(
                                2, "the key is on line 1 already, which counts")),
                clients.problems());
    }

    @Test
    void everyRefusalHasItsReason() {
        assertEquals(
                Optional.of(CloseCode.UNKNOWN_KEY),
                AuthorizedClients.parse(OTHER).refuses(NODE, HERE, NOW));
        assertEquals(
                Optional.of(CloseCode.UNKNOWN_KEY),
                AuthorizedClients.nobody().refuses(NODE, HERE, NOW));
        assertEquals(Optional.empty(), AuthorizedClients.parse(KEY).refuses(NODE, HERE, NOW));
        var dated = AuthorizedClients.parse("expires=2026-11-21T10:00:00Z " + KEY);
        assertEquals(Optional.empty(), dated.refuses(NODE, HERE, NOW.minusNanos(1)));
        assertEquals(Optional.of(CloseCode.EXPIRED_KEY), dated.refuses(NODE, HERE, NOW));
        var placed = AuthorizedClients.parse("from=\"10.0.0.0/8,203.0.113.7\" " + KEY);
        assertEquals(Optional.empty(), placed.refuses(NODE, HERE, NOW));
        assertEquals(
                Optional.of(CloseCode.WRONG_ADDRESS),
                placed.refuses(NODE, InetAddress.ofLiteral("203.0.113.8"), NOW));
    }

    @Test
    void theNextExpiryIsTheEarliestAfterNow() {
        var clients =
                AuthorizedClients.parse(
                        "expires=2026-11-21T10:00:00Z "
                                + KEY
                                + "\nexpires=2026-12-31 "
                                + OTHER
                                + "\nexpires=2026-12-01 "
                                + NodeKey.of(new byte[32]));
        assertEquals(Optional.of(Instant.parse("2026-12-01T00:00:00Z")), clients.nextExpiry(NOW));
        assertEquals(Optional.of(NOW), clients.nextExpiry(NOW.minusSeconds(1)));
        assertEquals(Optional.empty(), clients.nextExpiry(Instant.parse("2026-12-31T00:00:00Z")));
    }
}
