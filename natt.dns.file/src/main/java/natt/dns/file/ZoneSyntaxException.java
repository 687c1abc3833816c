package natt.dns.file;

/// A zone file does not follow RFC 1035, section 5.1, or uses what natt does not read.
final class ZoneSyntaxException extends Exception {
    private static final long serialVersionUID = 1;

    /// @param line the number of the line, from 1
    /// @param flaw what is wrong with it, foreign text in it escaped
    ZoneSyntaxException(int line, String flaw) {
        super("line %d: %s".formatted(line, flaw));
    }
}
