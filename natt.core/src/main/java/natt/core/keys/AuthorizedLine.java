package natt.core.keys;

import natt.core.NodeKey;
import natt.core.keys.AuthorizedClients.Client;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// One line of [AuthorizedClients]: `target="ssh,web",expires=2026-12-31 KEY comment`.
final class AuthorizedLine {
    private static final Set<String> OPTIONS = Set.of("target", "expires", "from", "tun");
    private static final Pattern PRESENTABLE = Pattern.compile("[A-Za-z][A-Za-z0-9-]{0,23}");

    /// See the open record of a stream.
    private static final int LONGEST_SERVICE = 64;

    private static final int LONGEST_LINE = 8_192;

    private final String line;
    private final Map<String, String> options = new HashMap<>();
    private int at;

    private AuthorizedLine(String line) {
        this.line = line;
    }

    /// @throws IllegalArgumentException with a few words for the user
    static Client parse(String line) {
        if (line.length() > LONGEST_LINE) {
            throw new IllegalArgumentException(
                    "the line has more than %d characters".formatted(LONGEST_LINE));
        }
        return new AuthorizedLine(line).client();
    }

    private Client client() {
        String first = line.substring(0, fieldEnd(0));
        Optional<NodeKey> key = key(first);
        if (key.isPresent()) {
            at = first.length();
        } else {
            readOptions();
            skipBlanks();
            int start = at;
            at = fieldEnd(at);
            key = key(line.substring(start, at));
        }
        return new Client(
                key.orElseThrow(() -> new IllegalArgumentException("no key of 43 characters")),
                option("target").map(AuthorizedLine::services).orElse(Set.of()),
                option("expires").map(Expiry::parse),
                option("from").map(AuthorizedLine::prefixes).orElse(List.of()),
                option("tun").map(AuthorizedLine::prefixes).orElse(List.of()),
                comment());
    }

    private String comment() {
        // The file is read as Latin-1; a comment is the only place for anything else.
        byte[] bytes = line.substring(at).strip().getBytes(StandardCharsets.ISO_8859_1);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Optional<NodeKey> key(String field) {
        try {
            return Optional.of(NodeKey.parse(field));
        } catch (IllegalArgumentException notAKey) {
            return Optional.empty();
        }
    }

    private Optional<String> option(String name) {
        return Optional.ofNullable(options.get(name));
    }

    private void readOptions() {
        do {
            int start = at;
            while (at < line.length() && "=, \t".indexOf(line.charAt(at)) < 0) {
                at++;
            }
            String name = line.substring(start, at);
            if (!OPTIONS.contains(name)) {
                // What is neither key nor option may be a secret in the wrong place.
                throw new IllegalArgumentException(
                        PRESENTABLE.matcher(name).matches()
                                ? "unknown option '%s'; known: expires, from, target, tun"
                                        .formatted(name)
                                : "it begins with neither a key of 43 characters nor an option");
            }
            if (at == line.length() || line.charAt(at) != '=') {
                throw new IllegalArgumentException("the option '%s' has no value".formatted(name));
            }
            at++;
            if (options.put(name, value(name)) != null) {
                throw new IllegalArgumentException("the option '%s' is twice".formatted(name));
            }
        } while (takesComma());
    }

    private boolean takesComma() {
        boolean comma = at < line.length() && line.charAt(at) == ',';
        at += comma ? 1 : 0;
        return comma;
    }

    private String value(String name) {
        boolean quoted = at < line.length() && line.charAt(at) == '"';
        int start = quoted ? at + 1 : at;
        int end = start;
        while (end < line.length()
                && (quoted ? line.charAt(end) != '"' : ", \t".indexOf(line.charAt(end)) < 0)) {
            end++;
        }
        if (quoted && end == line.length()) {
            throw new IllegalArgumentException(
                    "the quotation mark of option '%s' is not closed".formatted(name));
        }
        at = quoted ? end + 1 : end;
        if (at < line.length() && ", \t".indexOf(line.charAt(at)) < 0) {
            throw new IllegalArgumentException(
                    "neither comma nor space after option '%s'".formatted(name));
        }
        return line.substring(start, end);
    }

    private void skipBlanks() {
        while (at < line.length() && isBlank(line.charAt(at))) {
            at++;
        }
    }

    private int fieldEnd(int from) {
        int end = from;
        while (end < line.length() && !isBlank(line.charAt(end))) {
            end++;
        }
        return end;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static Set<String> services(String list) {
        var services = new LinkedHashSet<String>();
        for (String each : list.split(",", -1)) {
            String name = each.strip();
            if (name.isEmpty() || name.length() > LONGEST_SERVICE) {
                throw new IllegalArgumentException(
                        "'target' is names of services of 1 to 64 bytes, with commas between");
            }
            services.add(name);
        }
        return services;
    }

    private static List<AddressPrefix> prefixes(String list) {
        return List.of(list.split(",", -1)).stream()
                .map(String::strip)
                .map(AddressPrefix::parse)
                .toList();
    }
}
