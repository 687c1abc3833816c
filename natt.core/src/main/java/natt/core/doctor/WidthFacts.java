package natt.core.doctor;

import natt.core.status.Report;

import java.util.List;

/// How large datagrams may be.
///
/// @param local the MTU of the interface that leads out, in bytes; 0 if unknown
/// @param answered the largest UDP payload that a server answered, in bytes; 0 if none
/// @param asked the largest that one was asked with; 0 if none was
record WidthFacts(int local, int answered, int asked) {
    private static final String TOPIC = "mtu";

    /// 28 bytes of IPv4 and UDP headers.
    private static final int HEADERS = 28;

    /// What sessions begin with.
    private static final int FIRST = 1232;

    Section judge() {
        return new Section(
                TOPIC,
                Report.builder()
                        .bytes("interface", local)
                        .bytes("payloadAnswered", answered)
                        .bytes("payloadAsked", asked)
                        .build(),
                List.of(finding()));
    }

    private Finding finding() {
        String own = local == 0 ? "" : "; the interface's MTU is %d".formatted(local);
        if (answered == 0) {
            return Finding.note(
                    TOPIC, "not known beyond this machine" + own + "; sessions find it out");
        }
        String text =
                "a server answers datagrams of up to %d bytes, packets of %d%s"
                        .formatted(answered, answered + HEADERS, own);
        return answered >= FIRST
                ? Finding.ok(TOPIC, text)
                : Finding.note(
                        TOPIC, text + "; sessions begin with %d and find less".formatted(FIRST));
    }
}
