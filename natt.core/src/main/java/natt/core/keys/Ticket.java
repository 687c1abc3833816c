package natt.core.keys;

import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.rendezvous.BrokerAddress;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a client must know to reach a node: its key and name, perhaps the shared secret. Written
/// `natt://KEY@NAME?secret=SECRET&expires=SECONDS&b=KEY@HOST:PORT`. Prints without the secret.
///
/// @param name a DNS name, in lower case
/// @param expires after which the client does not use it any more, in whole seconds
/// @param broker by which the node can be reached
public record Ticket(
        NodeKey key,
        String name,
        Optional<PreSharedKey> secret,
        Optional<Instant> expires,
        Optional<BrokerAddress> broker) {
    private static final String SCHEME = "natt://";
    private static final String FORM = "a ticket is natt://KEY@NAME";
    private static final Set<String> PARAMETERS = Set.of("secret", "expires", "b");
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,11}");
    private static final Pattern PARAMETER = Pattern.compile("[a-z]{1,16}");

    /// @throws IllegalArgumentException with one line for the user
    public Ticket {
        name = DnsName.parse(name);
        expires = expires.map(at -> Instant.ofEpochSecond(at.getEpochSecond()));
        if (secret.isPresent() && secret.get().equals(PreSharedKey.NONE)) {
            throw new IllegalArgumentException("the shared secret of the ticket is none");
        }
    }

    /// Of a node without a broker.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public Ticket(
            NodeKey key, String name, Optional<PreSharedKey> secret, Optional<Instant> expires) {
        this(key, name, secret, expires, Optional.empty());
    }

    /// Whether a text is meant to be a ticket, well-formed or not.
    public static boolean looksLikeTicket(String text) {
        return text.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    }

    /// Reads the text form.
    ///
    /// @throws IllegalArgumentException with one line for the user. It shows no part of the text
    ///     but the names of parameters, since a secret may stand anywhere in a mistyped one.
    public static Ticket parse(String text) {
        if (!looksLikeTicket(text)) {
            throw new IllegalArgumentException(FORM);
        }
        int question = text.indexOf('?');
        String place = text.substring(SCHEME.length(), question < 0 ? text.length() : question);
        int at = place.indexOf('@');
        if (at < 0) {
            throw new IllegalArgumentException(FORM + ": this one has no '@'");
        }
        var parameters = new HashMap<String, String>();
        if (question >= 0) {
            for (String each : text.substring(question + 1).split("&", -1)) {
                addParameter(parameters, each);
            }
        }
        return new Ticket(
                key(place.substring(0, at)),
                name(place.substring(at + 1)),
                Optional.ofNullable(parameters.get("secret")).map(PreSharedKey::parse),
                Optional.ofNullable(parameters.get("expires")).map(Ticket::instant),
                Optional.ofNullable(parameters.get("b")).map(Ticket::broker));
    }

    private static void addParameter(Map<String, String> parameters, String text) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals);
        if (!PARAMETERS.contains(name)) {
            String shown = PARAMETER.matcher(name).matches() ? " '" + name + "'" : "";
            throw new IllegalArgumentException(
                    "the ticket has an unknown parameter%s; known: secret, expires, b"
                            .formatted(shown));
        }
        if (equals < 0 || parameters.put(name, text.substring(equals + 1)) != null) {
            throw new IllegalArgumentException(
                    "the ticket's parameter '%s' is there twice or has no value".formatted(name));
        }
    }

    private static NodeKey key(String text) {
        try {
            return NodeKey.parse(text);
        } catch (IllegalArgumentException notAKey) {
            throw new IllegalArgumentException(
                    FORM + ": KEY is 43 characters, as 'natt id' prints them");
        }
    }

    private static String name(String text) {
        try {
            return DnsName.parse(text);
        } catch (IllegalArgumentException notAName) {
            throw new IllegalArgumentException(FORM + ": NAME is " + notAName.getMessage());
        }
    }

    private static BrokerAddress broker(String text) {
        try {
            return BrokerAddress.parse(text);
        } catch (IllegalArgumentException notABroker) {
            throw new IllegalArgumentException(
                    "the ticket's parameter 'b' is not KEY@HOST:PORT of a broker");
        }
    }

    private static Instant instant(String text) {
        if (!SECONDS.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "the ticket's parameter 'expires' is not a number of seconds since 1970");
        }
        return Instant.ofEpochSecond(Long.parseLong(text));
    }

    public boolean hasExpired(Instant now) {
        return expires.isPresent() && !now.isBefore(expires.get());
    }

    /// The text form with the secret: to hand over, never for a message.
    public String text() {
        return text(secret);
    }

    @Override
    public String toString() {
        return text(Optional.empty());
    }

    private String text(Optional<PreSharedKey> shown) {
        var out = new StringBuilder(SCHEME).append(key).append('@').append(name);
        var parameters = new ArrayList<String>();
        shown.ifPresent(each -> parameters.add("secret=" + each.revealText()));
        expires.ifPresent(at -> parameters.add("expires=" + at.getEpochSecond()));
        broker.ifPresent(each -> parameters.add("b=" + each));
        if (!parameters.isEmpty()) {
            out.append('?').append(String.join("&", parameters));
        }
        return out.toString();
    }
}
