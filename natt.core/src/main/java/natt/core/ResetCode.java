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
    BUSY(4, "the peer is busy");

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
