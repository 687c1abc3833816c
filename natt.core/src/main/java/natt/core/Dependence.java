package natt.core;

/// On how much of the remote transport address the mapping or the filtering of a NAT depends
/// (RFC 4787, sections 4.1 and 5). The three behaviors of the RFC, and what is left to say when
/// the servers at hand could not tell two of them apart.
public enum Dependence {
    ENDPOINT_INDEPENDENT,
    ADDRESS_DEPENDENT,
    ADDRESS_AND_PORT_DEPENDENT,
    /// One of the first two: the port does not matter, the address was not tried.
    AT_MOST_ADDRESS_DEPENDENT,
    /// One of the last two: the address matters, the port was not tried.
    AT_LEAST_ADDRESS_DEPENDENT,
    UNKNOWN;

    /// The least dependence that this may be: one of the three of the RFC.
    public Dependence least() {
        return switch (this) {
            case ENDPOINT_INDEPENDENT, AT_MOST_ADDRESS_DEPENDENT, UNKNOWN -> ENDPOINT_INDEPENDENT;
            case ADDRESS_DEPENDENT, AT_LEAST_ADDRESS_DEPENDENT -> ADDRESS_DEPENDENT;
            case ADDRESS_AND_PORT_DEPENDENT -> ADDRESS_AND_PORT_DEPENDENT;
        };
    }

    /// The most dependence that this may be: one of the three of the RFC, and what a plan has to
    /// reckon with.
    public Dependence most() {
        return switch (this) {
            case ENDPOINT_INDEPENDENT -> ENDPOINT_INDEPENDENT;
            case ADDRESS_DEPENDENT, AT_MOST_ADDRESS_DEPENDENT -> ADDRESS_DEPENDENT;
            case ADDRESS_AND_PORT_DEPENDENT, AT_LEAST_ADDRESS_DEPENDENT, UNKNOWN ->
                    ADDRESS_AND_PORT_DEPENDENT;
        };
    }
}
