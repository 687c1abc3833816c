package natt.core;

/// Why one side ended a stream early. The numbers go on the wire; unknown ones read as
/// [#UNSPECIFIED].
public enum ResetCode {
    UNSPECIFIED(0, "closed by the peer"),
    /// The service behind the peer refused the connection or could not be reached.
    TARGET_UNREACHABLE(1, "the peer cannot reach its target"),
    /// The service behind the peer broke off, or the peer's local connection did.
    TARGET_RESET(2, "the connection behind the peer broke off"),
    /// The peer is stopping.
    SHUTTING_DOWN(3, "the peer is shutting down"),
    /// A limit of the peer is reached.
    BUSY(4, "the peer is busy"),
    /// The peer has no service of the name that was asked for.
    NO_SUCH_SERVICE(5, "the peer has no such service"),
    /// The peer's list does not allow this node's key that service.
    NOT_ALLOWED(6, "the peer does not allow this node that service"),
    /// The peer admits anybody, but only to services that authenticate by themselves as sshd does,
    /// and what is behind this one is none.
    NOT_SSH(7, "the peer serves strangers only with SSH, which its target does not speak"),
    /// The connection's open record was malformed.
    BAD_OPEN(8, "the peer could not read the open record");

    private final int code;
    private final String description;

    ResetCode(int code, String description) {
        this.code = code;
        this.description = description;
    }

    public int code() {
        return code;
    }

    public String description() {
        return description;
    }

    public static ResetCode of(int code) {
        for (ResetCode each : values()) {
            if (each.code == code) {
                return each;
            }
        }
        return UNSPECIFIED;
    }
}
