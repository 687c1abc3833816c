package natt.discovery.portmap.proto;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// An element of a small XML document: just what a gateway's descriptions and answers need.
///
/// A document with a DTD, which could bring entities, is none at all; attributes are skipped and
/// prefixes of namespaces dropped. Size, depth and number of elements are bounded.
///
/// @param name without a prefix
/// @param text of this element itself, trimmed
public record XmlElement(String name, List<XmlElement> children, String text) {
    /// The longest document, in characters.
    public static final int LONGEST = 64 << 10;

    private static final int DEEPEST = 32;
    private static final int MOST = 4_000;

    /// Reads a document; empty if it is malformed or more than is allowed.
    public static Optional<XmlElement> parse(String document) {
        return document.length() > LONGEST ? Optional.empty() : new Scanner(document).root();
    }

    /// Shows this element and all below it, in the order of the document.
    public void visit(Consumer<XmlElement> visitor) {
        visitor.accept(this);
        children.forEach(child -> child.visit(visitor));
    }

    /// The first element of a name, this one or below.
    public Optional<XmlElement> find(String wanted) {
        if (name.equals(wanted)) {
            return Optional.of(this);
        }
        for (XmlElement child : children) {
            Optional<XmlElement> found = child.find(wanted);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /// The text of the first child of a name, or an empty one.
    public String textOf(String wanted) {
        return children.stream()
                .filter(child -> child.name.equals(wanted))
                .findFirst()
                .map(XmlElement::text)
                .orElse("");
    }

    private static final class Open {
        final String name;
        final List<XmlElement> children = new ArrayList<>();
        final StringBuilder text = new StringBuilder();

        Open(String name) {
            this.name = name;
        }

        XmlElement close() {
            return new XmlElement(name, List.copyOf(children), text.toString().trim());
        }
    }

    private static final class Scanner {
        private final String in;
        private final List<Open> open = new ArrayList<>();
        private Optional<XmlElement> root = Optional.empty();
        private int at;
        private int count;

        Scanner(String in) {
            this.in = in;
        }

        Optional<XmlElement> root() {
            while (at < in.length()) {
                boolean wellFormed = in.charAt(at) == '<' ? markup() : characters();
                if (!wellFormed) {
                    return Optional.empty();
                }
            }
            return open.isEmpty() ? root : Optional.empty();
        }

        private boolean characters() {
            int end = in.indexOf('<', at);
            String text = in.substring(at, end < 0 ? in.length() : end);
            at += text.length();
            if (open.isEmpty()) {
                // Some devices end a document with zero bytes.
                return text.chars().allMatch(c -> c <= ' ' || c == 0xfeff);
            }
            return decode(text, open.getLast().text);
        }

        private boolean markup() {
            if (in.startsWith("<?", at)) {
                return skipTo("?>");
            }
            if (in.startsWith("<!--", at)) {
                return skipTo("-->");
            }
            if (in.startsWith("<![CDATA[", at)) {
                return characterData();
            }
            // Any other declaration is part of a DTD.
            return !in.startsWith("<!", at) && tag();
        }

        private boolean skipTo(String end) {
            int found = in.indexOf(end, at);
            at = found + end.length();
            return found >= 0;
        }

        private boolean characterData() {
            int from = at + "<![CDATA[".length();
            if (!skipTo("]]>") || open.isEmpty()) {
                return false;
            }
            open.getLast().text.append(in, from, at - 3);
            return true;
        }

        private boolean tag() {
            int end = endOfTag();
            if (end < 0) {
                return false;
            }
            boolean closing = in.startsWith("</", at);
            boolean empty = in.charAt(end - 1) == '/' && !closing;
            String name = name(at + (closing ? 2 : 1), empty ? end - 1 : end);
            at = end + 1;
            if (name.isEmpty()) {
                return false;
            }
            if (closing) {
                return close(name);
            }
            boolean fits = ++count <= MOST && open.size() < DEEPEST;
            boolean first = !open.isEmpty() || root.isEmpty();
            open.add(new Open(name));
            return fits && first && (!empty || close(name));
        }

        /// Where the tag's `>` is: one in the value of an attribute is none.
        private int endOfTag() {
            char quote = 0;
            for (int i = at + 1; i < in.length(); i++) {
                char c = in.charAt(i);
                if (quote != 0) {
                    quote = c == quote ? 0 : quote;
                } else if (c == '"' || c == '\'') {
                    quote = c;
                } else if (c == '>') {
                    return i;
                } else if (c == '<') {
                    return -1;
                }
            }
            return -1;
        }

        private String name(int from, int to) {
            int end = from;
            while (end < to && in.charAt(end) > ' ') {
                end++;
            }
            String name = in.substring(from, end);
            return name.substring(name.indexOf(':') + 1);
        }

        private boolean close(String name) {
            if (open.isEmpty() || !open.getLast().name.equals(name)) {
                return false;
            }
            XmlElement closed = open.removeLast().close();
            if (open.isEmpty()) {
                root = Optional.of(closed);
            } else {
                open.getLast().children.add(closed);
            }
            return true;
        }

        /// Replaces the five entities that need no DTD, and numbers.
        private static boolean decode(String text, StringBuilder out) {
            int from = 0;
            for (int and; (and = text.indexOf('&', from)) >= 0; ) {
                out.append(text, from, and);
                int end = text.indexOf(';', and);
                int character = end < 0 ? -1 : character(text.substring(and + 1, end));
                if (character < 0) {
                    return false;
                }
                out.appendCodePoint(character);
                from = end + 1;
            }
            out.append(text, from, text.length());
            return true;
        }

        private static int character(String entity) {
            return switch (entity) {
                case "amp" -> '&';
                case "lt" -> '<';
                case "gt" -> '>';
                case "quot" -> '"';
                case "apos" -> '\'';
                default -> number(entity);
            };
        }

        private static int number(String entity) {
            boolean decimal = entity.matches("#[0-9]{1,7}");
            boolean hex = entity.matches("#x[0-9a-fA-F]{1,6}");
            if (!decimal && !hex) {
                return -1;
            }
            int value = Integer.parseInt(entity.substring(decimal ? 1 : 2), decimal ? 10 : 16);
            return Character.isValidCodePoint(value) ? value : -1;
        }
    }
}
