package natt.core.doctor;

import natt.core.Addresses;
import natt.core.publish.SpecialPurpose;
import natt.core.spi.PortMapper.Answer;
import natt.core.status.Report;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the gateway answers to the protocols that map ports.
///
/// @param asked whether it was
record GatewayFacts(boolean asked, List<Answer> answers) {
    GatewayFacts {
        answers = List.copyOf(answers);
    }

    static GatewayFacts unasked() {
        return new GatewayFacts(false, List.of());
    }

    /// The protocols by which natts would map its port so that others reach it.
    ///
    /// @param seen the address that others see
    List<String> usable(Optional<InetAddress> seen) {
        if (answers.stream().anyMatch(each -> isInner(each, seen))) {
            return List.of();
        }
        return answers.stream().filter(Answer::spoken).map(Answer::protocol).toList();
    }

    /// Whether what the gateway maps ends at another NAT.
    private static boolean isInner(Answer answer, Optional<InetAddress> seen) {
        return answer.spoken()
                && answer.external()
                        .filter(
                                each ->
                                        SpecialPurpose.includes(each)
                                                || each.getClass() == classOf(seen)
                                                        && !each.equals(seen.get()))
                        .isPresent();
    }

    private static Class<?> classOf(Optional<InetAddress> seen) {
        return seen.isEmpty() ? void.class : seen.get().getClass();
    }

    /// @param seen the address that others see
    /// @param own whether this machine has it, so that there is nothing to map
    Section judge(Optional<InetAddress> seen, boolean own) {
        var findings = new ArrayList<Finding>();
        if (!asked) {
            findings.add(Finding.note("gateway", "was not asked to map ports"));
        } else if (own) {
            findings.add(Finding.ok("gateway", "there is no NAT, so that no port is to be mapped"));
        } else {
            answers.stream()
                    .filter(Answer::spoken)
                    .forEach(each -> findings.add(finding(each, seen)));
            if (findings.isEmpty()) {
                findings.add(none());
            }
        }
        return new Section("gateway", report(), findings);
    }

    private static Finding finding(Answer answer, Optional<InetAddress> seen) {
        String text = answer.protocol() + ": " + answer.said();
        if (!isInner(answer, seen)) {
            return Finding.ok("gateway", text);
        }
        return Finding.note(
                "gateway",
                "%s; its outside address %s is not the one that others see: there is another NAT"
                                .formatted(
                                        text,
                                        answer.external().map(Addresses::format).orElseThrow())
                        + " behind it (double NAT)",
                "Put one of the two routers into bridge mode, map the port on both, or use a"
                        + " broker.");
    }

    private Finding none() {
        String said =
                String.join(
                        "; ",
                        answers.stream()
                                .map(each -> each.protocol() + ": " + each.said())
                                .toList());
        return Finding.note(
                "gateway",
                "maps no ports" + (said.isEmpty() ? "" : " (" + said + ")"),
                "Turn on UPnP, NAT-PMP or PCP at the router, if it has one of them.");
    }

    private Report report() {
        return Report.builder()
                .flag("asked", asked)
                .reports("answers", answers.stream().map(GatewayFacts::report).toList())
                .build();
    }

    private static Report report(Answer answer) {
        var report =
                Report.builder()
                        .text("protocol", answer.protocol())
                        .flag("spoken", answer.spoken())
                        .text("said", answer.said());
        answer.external().ifPresent(each -> report.text("external", Addresses.format(each)));
        return report.build();
    }
}
