package natt.discovery.stun.proto;

/// What becomes of the Binding requests that a responder gets.
enum ResponderCounter {
    ANSWERED("answered"),
    /// The source asks too often, or is no address to send to.
    LIMITED("limited"),
    MALFORMED("malformed"),
    /// With an attribute that must be understood but is not.
    NOT_UNDERSTOOD("notUnderstood"),
    /// The answer was to come from an address or port that this server does not have.
    NO_OTHER("noOther"),
    /// More came at once than can wait to be answered.
    DROPPED("dropped");

    final String key;

    ResponderCounter(String key) {
        this.key = key;
    }
}
