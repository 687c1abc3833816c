package natt.core.keys;

import java.util.Locale;
import java.util.regex.Pattern;

/// The DNS names at which nodes are found.
public final class DnsName {
    private static final Pattern LABEL = Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?");
    private static final Pattern NUMBER = Pattern.compile("[0-9]+");

    /// Leaves room for `_natt._udp.` in the 253 characters of a name (RFC 1035, section 2.3.4).
    private static final int LONGEST = 242;

    private DnsName() {}

    /// Returns the name in lower case, without a final dot.
    ///
    /// @throws IllegalArgumentException with one line for the user, which does not show the text
    public static String parse(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        name = name.toLowerCase(Locale.ROOT);
        String[] labels = name.split("\\.", -1);
        boolean fits = name.length() <= LONGEST;
        for (String label : labels) {
            fits = fits && LABEL.matcher(label).matches();
        }
        // A last label of digits makes it an address (RFC 1123, section 2.1).
        if (!fits || NUMBER.matcher(labels[labels.length - 1]).matches()) {
            throw new IllegalArgumentException(
                    "not a DNS name: labels of letters, digits and hyphens, separated by dots, at"
                            + " most %d characters".formatted(LONGEST));
        }
        return name;
    }
}
