package natt.core;

/// Why one side ended a session. The numbers go on the wire; unknown ones read as [#UNSPECIFIED].
public enum CloseCode {
    UNSPECIFIED(0, "the peer ended the session"),
    /// The peer is stopping.
    SHUTTING_DOWN(1, "the peer is shutting down"),
    /// The peer's list has no such key.
    UNKNOWN_KEY(2, "the peer does not know this node's key"),
    /// The peer's list has the key, with a date that has passed.
    EXPIRED_KEY(3, "the permission of this node's key has expired"),
    /// The key was on the peer's list and has been taken off it.
    REMOVED_KEY(4, "this node's key has been removed from the peer's list"),
    /// The peer's list allows the key from other addresses only.
    WRONG_ADDRESS(5, "the peer does not let this node's key in from this address"),
    /// A limit of the peer is reached.
    BUSY(6, "the peer is busy"),
    /// The two have no transport in common.
    NO_COMMON_TRANSPORT(7, "the peer has no transport that this node has"),
    /// Nothing has used the session for a while.
    IDLE(8, "the session was idle"),
    /// Another session with the same peer serves both.
    REPLACED(9, "another session with the peer has taken over"),
    /// The peer's list has the key, for streams only.
    NO_PACKETS(10, "the peer takes no packets from this node's key");

    private final int code;
    private final String description;

    CloseCode(int code, String description) {
        this.code = code;
        this.description = description;
    }

    public int code() {
        return code;
    }

    public String description() {
        return description;
    }

    public static CloseCode of(int code) {
        for (CloseCode each : values()) {
            if (each.code == code) {
                return each;
            }
        }
        return UNSPECIFIED;
    }
}
