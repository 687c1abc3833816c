package natt.core.doctor;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads JSON (RFC 8259) that a person has carried here: objects become maps, arrays lists, and
/// null becomes [Optional#empty].
final class Json {
    private static final int DEEPEST = 32;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /// @throws IllegalArgumentException if the text is no object
    static Map<String, Object> object(String text) {
        var json = new Json(text);
        json.space();
        Object value = json.value(0);
        json.space();
        if (json.at != text.length() || !(value instanceof Map<?, ?>)) {
            throw json.wrong();
        }
        return map(value);
    }

    /// The object in a field; empty if there is none.
    static Map<String, Object> object(Map<String, Object> in, String key) {
        return map(in.get(key));
    }

    static Optional<String> string(Map<String, Object> in, String key) {
        return in.get(key) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    static boolean isTrue(Map<String, Object> in, String key) {
        return Boolean.TRUE.equals(in.get(key));
    }

    static Optional<Double> number(Map<String, Object> in, String key) {
        return in.get(key) instanceof Double number ? Optional.of(number) : Optional.empty();
    }

    private static Map<String, Object> map(@Nullable Object value) {
        var map = new LinkedHashMap<String, Object>();
        if (value instanceof Map<?, ?> found) {
            found.forEach((key, each) -> map.put((String) key, each));
        }
        return map;
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON at character " + (at + 1));
    }

    private char peek() {
        if (at == text.length()) {
            throw wrong();
        }
        return text.charAt(at);
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean take(char wanted) {
        space();
        boolean there = peek() == wanted;
        at += there ? 1 : 0;
        return there;
    }

    private void require(char wanted) {
        if (!take(wanted)) {
            throw wrong();
        }
    }

    private Object value(int depth) {
        if (depth > DEEPEST) {
            throw wrong();
        }
        return switch (peek()) {
            case '{' -> members(depth);
            case '[' -> elements(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", Optional.empty());
            default -> number();
        };
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw wrong();
        }
        at += word.length();
        return value;
    }

    private Map<String, Object> members(int depth) {
        at++;
        var members = new LinkedHashMap<String, Object>();
        if (take('}')) {
            return members;
        }
        do {
            space();
            String key = string();
            require(':');
            space();
            members.put(key, value(depth + 1));
        } while (take(','));
        require('}');
        return members;
    }

    private List<Object> elements(int depth) {
        at++;
        var elements = new ArrayList<Object>();
        if (take(']')) {
            return elements;
        }
        do {
            space();
            elements.add(value(depth + 1));
        } while (take(','));
        require(']');
        return elements;
    }

    private Double number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        try {
            return Double.valueOf(text.substring(from, at));
        } catch (NumberFormatException no) {
            at = from;
            throw wrong();
        }
    }

    private String string() {
        if (peek() != '"') {
            throw wrong();
        }
        at++;
        var out = new StringBuilder();
        while (peek() != '"') {
            char c = text.charAt(at++);
            out.append(c == '\\' ? escaped() : c);
        }
        at++;
        return out.toString();
    }

    private char escaped() {
        char c = peek();
        at++;
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case '"', '\\', '/' -> c;
            case 'u' -> unicode();
            default -> throw wrong();
        };
    }

    private char unicode() {
        if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9A-Fa-f]{4}")) {
            throw wrong();
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
}
