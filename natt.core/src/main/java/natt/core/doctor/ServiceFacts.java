package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.status.Report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The services behind natts.
///
/// @param needed whether natts is to be run here, so that a missing one is a problem
record ServiceFacts(List<Service> services, boolean needed) {
    private static final String TOPIC = "target";

    ServiceFacts {
        services = List.copyOf(services);
    }

    /// How a service answers.
    enum Answer {
        /// As sshd does.
        SSH,
        /// It takes connections.
        OPEN,
        NONE
    }

    /// @param name `ssh`, or what it is exposed as
    /// @param why it does not answer; empty if it does
    record Service(String name, HostAndPort target, Answer answer, String why) {}

    Section judge() {
        var findings = new ArrayList<Finding>();
        services.forEach(each -> findings.add(judge(each)));
        return new Section(
                "services",
                Report.builder()
                        .reports("services", services.stream().map(ServiceFacts::report).toList())
                        .build(),
                findings);
    }

    private Finding judge(Service service) {
        String where = "%s at %s".formatted(service.name(), service.target());
        return switch (service.answer()) {
            case SSH -> Finding.ok(TOPIC, where + " answers as sshd does");
            case OPEN ->
                    service.name().equals("ssh")
                            ? Finding.note(
                                    TOPIC,
                                    where + " takes connections, but does not speak SSH",
                                    "natts lets nobody in to it without --authorized-clients or"
                                            + " --psk-file.")
                            : Finding.ok(TOPIC, where + " takes connections");
            case NONE -> {
                String text = "%s does not answer: %s".formatted(where, service.why());
                String remedy =
                        "Start it, or say where it is with %s."
                                .formatted(
                                        service.name().equals("ssh") ? "--ssh-target" : "--expose");
                yield needed
                        ? Finding.problem(TOPIC, text, remedy)
                        : Finding.note(TOPIC, text + ", which natts would need");
            }
        };
    }

    private static Report report(Service service) {
        return Report.builder()
                .text("name", service.name())
                .text("target", service.target().toString())
                .text("answer", service.answer().name().toLowerCase(Locale.ROOT))
                .build();
    }
}
