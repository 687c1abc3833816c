package natt.core.doctor;

import java.util.Locale;

/// Writes what a doctor has found for a person: one finding a line, and below it what to do.
final class DiagnosisText {
    private static final String LINE = "%-8s %-8s %s\n";
    private static final String REMEDY = " ".repeat(18) + "-> %s\n";
    private static final String PAIRING = "  %-30s %s\n";

    private DiagnosisText() {}

    static String write(Diagnosis diagnosis) {
        var out = new StringBuilder();
        for (Finding each : diagnosis.findings()) {
            String grade = each.grade().name().toLowerCase(Locale.ROOT);
            out.append(LINE.formatted(grade, each.topic(), each.text()));
            each.remedy().ifPresent(remedy -> out.append(REMEDY.formatted(remedy)));
        }
        if (!diagnosis.table().isEmpty()) {
            out.append(
                    "\nnatts here (%s), called from a network that is\n"
                            .formatted(diagnosis.name()));
            diagnosis.table().forEach(each -> out.append(line(each)));
        }
        diagnosis
                .pair()
                .ifPresent(
                        pair ->
                                out.append(
                                        "\nyou: %s; peer: %s -> %s\n"
                                                .formatted(
                                                        diagnosis.name(),
                                                        pair.peer(),
                                                        pair.describe())));
        return out.toString();
    }

    private static String line(Pairing pairing) {
        return PAIRING.formatted(pairing.peer(), pairing.describe());
    }
}
