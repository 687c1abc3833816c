package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Text;

import java.util.ArrayList;
import java.util.List;

/// What peers may reach through a node that listens. Entries:
///
/// ```text
/// PORT                  of this machine: localhost, 127.0.0.1 and [::1]
/// HOST:PORT             as peers name the host, by name or by address
/// HOST:*                every port of a host
/// *:PORT                a port of every host that this machine reaches, itself included
/// *:*                   everything that this machine reaches
/// exec:COMMAND ARGS     a program with exactly these arguments
/// exec:COMMAND ARGS ... the same and more arguments, none of which begins with '-'
/// ```
///
/// In a command, quotation marks keep blanks in a word. No shell sees it.
public final class AllowList {
    private static final String ANY = "*";
    private static final String MORE = "...";
    private static final int ANY_PORT = 0;

    private sealed interface Entry {
        boolean allows(Target target);

        /// The one TCP service that it is; empty if it is more or something else.
        default List<HostAndPort> single() {
            return List.of();
        }
    }

    private record Tcp(String host, int port) implements Entry {
        @Override
        public boolean allows(Target target) {
            return target instanceof Target.Tcp(var asked, var askedPort)
                    && (port == ANY_PORT || port == askedPort)
                    && (host.equals(ANY) || host.equals(asked));
        }

        @Override
        public List<HostAndPort> single() {
            return host.equals(ANY) || port == ANY_PORT
                    ? List.of()
                    : List.of(new HostAndPort(host, port));
        }
    }

    private record OwnPort(int port) implements Entry {
        @Override
        public boolean allows(Target target) {
            return target instanceof Target.Tcp asked && port == asked.port() && asked.ownMachine();
        }

        @Override
        public List<HostAndPort> single() {
            return List.of(new HostAndPort(Target.OWN_MACHINE, port));
        }
    }

    private record Command(List<String> words, boolean more) implements Entry {
        @Override
        public boolean allows(Target target) {
            if (!(target instanceof Target.Command(var asked))) {
                return false;
            }
            int least = words.size();
            return asked.size() >= least
                    && asked.subList(0, least).equals(words)
                    && (asked.size() == least || more)
                    && asked.stream().skip(least).noneMatch(each -> each.startsWith("-"));
        }
    }

    private final List<Entry> entries;
    private final List<String> texts;

    private AllowList(List<Entry> entries, List<String> texts) {
        this.entries = List.copyOf(entries);
        this.texts = List.copyOf(texts);
    }

    /// Reads entries.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static AllowList of(List<String> texts) {
        return new AllowList(texts.stream().map(AllowList::entry).toList(), texts);
    }

    /// Reads entries.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static AllowList of(String... texts) {
        return of(List.of(texts));
    }

    private static Entry entry(String text) {
        if (text.startsWith("exec:")) {
            var words = new ArrayList<>(Target.words(text.substring("exec:".length())));
            boolean more = words.size() > 1 && words.getLast().equals(MORE);
            if (more) {
                words.removeLast();
            }
            return new Command(Target.command(words).words(), more);
        }
        try {
            if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return new OwnPort(port(HostAndPort.parse("x:" + text)));
            }
            boolean anyHost = text.startsWith(ANY + ":");
            boolean anyPort = text.endsWith(":" + ANY);
            // What stands for "any" is left out of what is parsed.
            String host = anyHost ? "x" : text.substring(0, text.lastIndexOf(':'));
            String port = anyPort ? "1" : text.substring(text.lastIndexOf(':') + 1);
            HostAndPort where = HostAndPort.parse(host + ":" + port);
            if (Target.plain(where).isEmpty()) {
                throw new IllegalArgumentException("there is no host");
            }
            return new Tcp(anyHost ? ANY : Target.plain(where), anyPort ? ANY_PORT : port(where));
        } catch (IllegalArgumentException | IndexOutOfBoundsException wrong) {
            throw new IllegalArgumentException(
                    "what is allowed is PORT, HOST:PORT, HOST:*, *:PORT, *:* or exec:COMMAND ARGS,"
                            + " not '%s'".formatted(Text.escape(text)),
                    wrong);
        }
    }

    private static int port(HostAndPort where) {
        if (where.port() == 0) {
            throw new IllegalArgumentException("port 0");
        }
        return where.port();
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }

    /// Whether a peer may have a target connected.
    public boolean allows(Target target) {
        return entries.stream().anyMatch(each -> each.allows(target));
    }

    /// The entries that are no single TCP service, of which nobody can say beforehand whether it
    /// authenticates its callers by itself.
    List<String> beyondServices() {
        var beyond = new ArrayList<String>();
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).single().isEmpty()) {
                beyond.add(texts.get(i));
            }
        }
        return beyond;
    }

    /// The entries that are single TCP services.
    List<HostAndPort> services() {
        return entries.stream().flatMap(each -> each.single().stream()).distinct().toList();
    }

    /// The entries, as they were written.
    public List<String> entries() {
        return texts;
    }

    @Override
    public String toString() {
        return Text.escape(String.join(", ", texts));
    }
}
