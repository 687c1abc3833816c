package natt.dns.file;

import java.util.ArrayList;
import java.util.List;

/// One entry of a zone file in pieces: a physical line, or several joined by parentheses.
///
/// Text is Latin-1, one character for each byte of the file, so that nothing is lost.
///
/// @param first the number of its first physical line, from 1
/// @param last the number of its last physical line
/// @param indented whether it begins with white space and so has the owner of the entry before
/// @param fields what stands between white space, quotation marks removed, escapes kept
/// @param comment what follows the last semicolon that is not quoted, stripped, or empty
record ZoneLine(int first, int last, boolean indented, List<Field> fields, String comment) {

    /// @param quoted whether it stood in quotation marks
    record Field(String raw, boolean quoted) {}

    /// Splits a file into its entries; lines without any field are left out.
    static List<ZoneLine> split(List<String> physical) throws ZoneSyntaxException {
        var entries = new ArrayList<ZoneLine>();
        var fields = new ArrayList<Field>();
        int depth = 0;
        int first = 1;
        boolean indented = false;
        for (int number = 1; number <= physical.size(); number++) {
            var line = new Scanner(number, physical.get(number - 1));
            if (depth == 0) {
                first = number;
                indented = line.atBlank();
            }
            depth = line.scan(fields, depth);
            if (depth == 0 && !fields.isEmpty()) {
                entries.add(
                        new ZoneLine(first, number, indented, List.copyOf(fields), line.comment));
                fields.clear();
            }
        }
        if (depth != 0) {
            throw new ZoneSyntaxException(first, "a parenthesis is not closed");
        }
        return entries;
    }

    /// Takes one physical line apart.
    private static final class Scanner {
        private final int number;
        private final String text;
        private int at;
        private String comment = "";

        Scanner(int number, String text) {
            this.number = number;
            this.text = text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }

        boolean atBlank() {
            return !text.isEmpty() && isBlank(text.charAt(0));
        }

        /// Adds this line's fields and returns how many parentheses are open after it.
        int scan(List<Field> fields, int openBefore) throws ZoneSyntaxException {
            int depth = openBefore;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (isBlank(c)) {
                    at++;
                } else if (c == ';') {
                    comment = text.substring(at + 1).strip();
                    at = text.length();
                } else if (c == '(') {
                    depth++;
                    at++;
                } else if (c == ')') {
                    if (depth == 0) {
                        throw new ZoneSyntaxException(number, "a parenthesis was never opened");
                    }
                    depth--;
                    at++;
                } else if (c == '"') {
                    fields.add(quoted());
                } else {
                    fields.add(plain());
                }
            }
            return depth;
        }

        private Field quoted() throws ZoneSyntaxException {
            int start = ++at;
            while (at < text.length() && text.charAt(at) != '"') {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            if (at >= text.length()) {
                throw new ZoneSyntaxException(number, "a quotation mark is not closed");
            }
            return new Field(text.substring(start, at++), true);
        }

        private Field plain() {
            int start = at;
            while (at < text.length() && !endsField(text.charAt(at))) {
                at += text.charAt(at) == '\\' ? 2 : 1;
            }
            at = Math.min(at, text.length());
            return new Field(text.substring(start, at), false);
        }

        private static boolean endsField(char c) {
            return isBlank(c) || c == ';' || c == '(' || c == ')' || c == '"';
        }

        private static boolean isBlank(char c) {
            return c == ' ' || c == '\t';
        }
    }
}
