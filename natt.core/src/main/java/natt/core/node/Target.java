package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Text;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What a peer is asked to connect a stream to: a TCP service that it can reach, or a command of
/// its machine.
///
/// As users write it: `PORT` of the peer's own machine, `HOST:PORT`, or `exec:COMMAND ARGS`, where
/// quotation marks, single or double, keep blanks in a word.
public sealed interface Target {
    /// The longest form on the wire, in bytes.
    int MOST_BYTES = 1024;

    /// Stands for the peer's own machine.
    String OWN_MACHINE = "localhost";

    /// A TCP service.
    ///
    /// @param host lower case; an address as [HostAndPort] writes it
    /// @param port 1 to 65535
    record Tcp(String host, int port) implements Target {
        @Override
        public String service() {
            return "tcp:" + new HostAndPort(host, port);
        }

        @Override
        public String toString() {
            return new HostAndPort(host, port).toString();
        }

        boolean ownMachine() {
            return host.equals(OWN_MACHINE) || host.equals("127.0.0.1") || host.equals("::1");
        }
    }

    /// A program and its arguments, which no shell sees.
    ///
    /// @param words at least one, without zeros in them
    record Command(List<String> words) implements Target {
        public Command {
            words = List.copyOf(words);
            boolean whole = words.stream().allMatch(each -> each.indexOf('\0') < 0);
            if (words.isEmpty() || words.getFirst().isEmpty() || !whole) {
                throw new IllegalArgumentException("a command has a name, and no zero bytes");
            }
            require(service(words));
        }

        private static String service(List<String> words) {
            return "exec:" + String.join("\0", words);
        }

        @Override
        public String service() {
            return service(words);
        }

        @Override
        public String toString() {
            return "exec:" + String.join(" ", words);
        }
    }

    /// The name of the service that is asked for on the wire: `tcp:HOST:PORT`, or `exec:` and the
    /// words, with zeros between.
    String service();

    /// The same for a list of clients: `HOST:PORT`, `localhost:PORT` however the peer's own
    /// machine is named, or `exec:COMMAND` without arguments.
    default String listName() {
        return switch (this) {
            case Tcp tcp when tcp.ownMachine() -> OWN_MACHINE + ":" + tcp.port();
            case Tcp tcp -> tcp.toString();
            case Command(var words) -> "exec:" + words.getFirst();
        };
    }

    /// Reads what a user has written.
    ///
    /// @throws IllegalArgumentException with one line for the user
    static Target parse(String text) {
        if (text.startsWith("exec:")) {
            return command(words(text.substring("exec:".length())));
        }
        boolean port = !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return tcp(HostAndPort.parse(port ? OWN_MACHINE + ":" + text : text));
    }

    /// @throws IllegalArgumentException with one line for the user
    static Command command(List<String> words) {
        if (words.isEmpty() || words.getFirst().isEmpty()) {
            throw new IllegalArgumentException("which command?");
        }
        return new Command(words);
    }

    private static Tcp tcp(HostAndPort where) {
        if (plain(where).isEmpty() || where.port() == 0) {
            throw new IllegalArgumentException(
                    "'%s' is not HOST:PORT".formatted(Text.escape(where.toString())));
        }
        var target = new Tcp(plain(where), where.port());
        require(target.service());
        return target;
    }

    /// One way to write every host.
    static String plain(HostAndPort where) {
        Optional<InetSocketAddress> literal = where.literal();
        if (literal.isPresent()) {
            return HostAndPort.parse(HostAndPort.format(literal.get())).host();
        }
        String host = where.host().toLowerCase(Locale.ROOT);
        while (host.endsWith(".")) {
            host = host.substring(0, host.length() - 1);
        }
        return host;
    }

    private static void require(String service) {
        if (service.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "a target of more than %d bytes".formatted(MOST_BYTES));
        }
    }

    /// Reads what a peer has asked for; empty if it is no target.
    static Optional<Target> ofService(String service) {
        try {
            if (service.startsWith("tcp:")) {
                return Optional.of(tcp(HostAndPort.parse(service.substring("tcp:".length()))));
            }
            if (service.startsWith("exec:")) {
                String words = service.substring("exec:".length());
                return Optional.of(command(List.of(words.split("\0", -1))));
            }
        } catch (IllegalArgumentException malformed) {
            // It is none.
        }
        return Optional.empty();
    }

    /// Splits at blanks that are not between quotation marks.
    ///
    /// @throws IllegalArgumentException with one line for the user
    static List<String> words(String text) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean any = false;
        char quote = 0;
        for (char c : text.toCharArray()) {
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                any = true;
            } else if (c == ' ' || c == '\t') {
                if (any) {
                    words.add(word.toString());
                }
                word.setLength(0);
                any = false;
            } else {
                word.append(c);
                any = true;
            }
        }
        if (quote != 0) {
            throw new IllegalArgumentException(
                    "a quotation mark is not closed: '%s'".formatted(Text.escape(text)));
        }
        if (any) {
            words.add(word.toString());
        }
        return words;
    }
}
