package natt.core.doctor;

import natt.core.status.Report;

import java.util.List;

/// Whether this node may publish its record.
///
/// @param state what is known
/// @param said a clause for a person
record RightsFacts(State state, String said) {
    enum State {
        /// Nothing is published by DNS, or no name was given.
        UNASKED,
        /// What can be known without writing is in order.
        LIKELY,
        /// A record was written.
        WRITTEN,
        /// The service was not reached.
        UNKNOWN,
        /// Publishing would fail.
        REFUSED
    }

    private static final String TOPIC = "rights";

    Section judge() {
        return new Section(
                TOPIC,
                Report.builder()
                        .text("state", state.name().toLowerCase(java.util.Locale.ROOT))
                        .text("said", said)
                        .build(),
                List.of(finding()));
    }

    private Finding finding() {
        return switch (state) {
            case UNASKED -> Finding.note(TOPIC, said);
            case LIKELY, WRITTEN -> Finding.ok(TOPIC, said);
            case UNKNOWN ->
                    Finding.problem(
                            TOPIC, said, "Try again, and check the connection to the service.");
            case REFUSED ->
                    Finding.problem(
                            TOPIC,
                            said,
                            "Make a token for this zone with the rights Zone:Read and DNS:Edit, or"
                                    + " correct the settings of the DNS provider.");
        };
    }
}
