package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Text;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What is to be carried: from a TCP port of this machine, or standard input and output, to a
/// target of a peer.
///
/// ```text
/// [BIND:]PORT:PEER:[HOST:]PORT     a TCP port of this machine; BIND is an address, * for all
/// :PEER:[HOST:]PORT                standard input and output
/// [BIND:]PORT:PEER:                the same to a command, which is said separately
/// :PEER:
/// ```
///
/// Without BIND, the loopback addresses are bound.
///
/// @param local where connections are accepted, without an address for the loopback ones; empty
///     for standard input and output
public record ForwardSpec(Optional<Local> local, Peer peer, Target target) {

    /// A TCP port of this machine.
    ///
    /// @param address what is bound; empty for the loopback addresses
    /// @param port 0 lets the system choose
    public record Local(Optional<InetAddress> address, int port) {}

    /// Whether a spec wants a command.
    public static boolean wantsCommand(String text) {
        return text.endsWith(":") && text.indexOf(':') < text.length() - 1;
    }

    /// Reads a spec.
    ///
    /// @param command the words of the command for a spec that ends in a colon
    /// @throws IllegalArgumentException with one line for the user
    public static ForwardSpec parse(String text, List<String> command) {
        try {
            List<String> fields = fields(text);
            boolean bound = !fields.getFirst().chars().allMatch(c -> c >= '0' && c <= '9');
            if (fields.size() < (bound ? 4 : 3) || fields.size() > (bound ? 5 : 4)) {
                throw new IllegalArgumentException("a field is missing, or there is one too many");
            }
            int next = bound ? 1 : 0;
            String port = fields.get(next++);
            Peer peer = Peer.parse(fields.get(next++));
            String rest = String.join(":", fields.subList(next, fields.size()));
            Optional<Local> local =
                    port.isEmpty() && !bound
                            ? Optional.empty()
                            : Optional.of(local(bound ? fields.getFirst() : "", port));
            return new ForwardSpec(
                    local, peer, rest.isEmpty() ? Target.command(command) : Target.parse(rest));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    "'%s' is not [BIND:]PORT:PEER:[HOST:]PORT: %s"
                            .formatted(Text.escape(text), wrong.getMessage()),
                    wrong);
        }
    }

    private static Local local(String bind, String port) {
        int number = HostAndPort.parse("x:" + port).port();
        return switch (bind) {
            case "" -> new Local(Optional.empty(), number);
            case "*" -> new Local(Optional.of(InetAddress.ofLiteral("::")), number);
            default -> {
                HostAndPort where = HostAndPort.parse(bind + ":" + number);
                InetSocketAddress address =
                        where.literal()
                                .orElseThrow(
                                        () ->
                                                new IllegalArgumentException(
                                                        "BIND is an address of this machine"));
                yield new Local(Optional.of(address.getAddress()), number);
            }
        };
    }

    /// Splits at colons that are not between brackets.
    private static List<String> fields(String text) {
        var fields = new ArrayList<String>();
        int from = 0;
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (c == ':' && depth == 0) {
                fields.add(text.substring(from, i));
                from = i + 1;
            }
        }
        fields.add(text.substring(from));
        return fields;
    }

    @Override
    public String toString() {
        return "%s:%s"
                .formatted(
                        local.map(
                                        each ->
                                                each.address()
                                                                .map(InetAddress::getHostAddress)
                                                                .map(text -> text + ":")
                                                                .orElse("")
                                                        + each.port())
                                .orElse(""),
                        peer + ":" + target);
    }
}
