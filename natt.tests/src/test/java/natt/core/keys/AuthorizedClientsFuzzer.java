package natt.core.keys;

import natt.core.Addresses;
import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.TextFuzzer;
import natt.core.keys.AuthorizedClients.Client;
import natt.core.keys.AuthorizedClients.Problem;
import natt.tests.fuzz.Input;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;

/// Any file is a list and problems, a line of its lines each; whom it has no key of is refused, and
/// who has is let in as its line says.
public final class AuthorizedClientsFuzzer {
    private static final InetAddress SOMEWHERE = InetAddress.ofLiteral("192.0.2.1");
    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    private AuthorizedClientsFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        String text = new String(input.rest(), StandardCharsets.ISO_8859_1);
        var list = AuthorizedClients.parse(text);
        int lines = text.split("\n", -1).length;
        if (list.clients().size() + list.problems().size() > lines) {
            throw new AssertionError("more than %d lines".formatted(lines));
        }
        for (Problem problem : list.problems()) {
            TextFuzzer.requirePrintable(problem.why());
            if (problem.line() < 1 || problem.line() > lines) {
                throw new AssertionError("line %d".formatted(problem.line()));
            }
        }
        for (Client client : list.clients()) {
            check(list, client);
        }
        Optional<Instant> next = list.nextExpiry(NOW);
        if (next.isPresent() && !next.get().isAfter(NOW)) {
            throw new AssertionError("expires next at " + next);
        }
        byte[] nobody = new byte[NodeKey.LENGTH];
        nobody[0] = 77;
        if (list.find(NodeKey.of(nobody)).isEmpty()
                && list.refuses(NodeKey.of(nobody), SOMEWHERE, NOW).isEmpty()) {
            throw new AssertionError("lets anybody in");
        }
    }

    private static void check(AuthorizedClients list, Client client) {
        if (!list.find(client.key()).equals(Optional.of(client))
                || client.services().contains("")
                || client.mayReach("") && !client.services().isEmpty()) {
            throw new AssertionError("another client: " + client.key());
        }
        boolean expired = client.expires().filter(at -> !NOW.isBefore(at)).isPresent();
        boolean elsewhere =
                !client.from().isEmpty()
                        && client.from().stream().noneMatch(each -> each.contains(SOMEWHERE));
        Optional<CloseCode> why =
                expired
                        ? Optional.of(CloseCode.EXPIRED_KEY)
                        : elsewhere ? Optional.of(CloseCode.WRONG_ADDRESS) : Optional.empty();
        if (!list.refuses(client.key(), SOMEWHERE, NOW).equals(why)) {
            throw new AssertionError("not refused for " + why);
        }
        for (AddressPrefix each : client.from()) {
            if (!each.contains(each.network())
                    || !each.equals(AddressPrefix.parse(each.toString()))) {
                throw new AssertionError(Addresses.format(each.network()));
            }
        }
    }
}
