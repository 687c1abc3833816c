package natt.tests;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Decides about [Requires].
final class RequiresCondition implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        var missing = new EnumMap<Need, String>(Need.class);
        AnnotationSupport.findAnnotation(context.getElement(), Requires.class).stream()
                .flatMap(requires -> Arrays.stream(requires.value()))
                .forEach(need -> need.missing().ifPresent(why -> missing.put(need, why)));
        return decide(missing, System.getProperty("natt.require", ""));
    }

    /// Decides.
    ///
    /// @param missing what is missing, and why
    /// @param required names of needs in lower case, or `all`, separated by commas
    static ConditionEvaluationResult decide(Map<Need, String> missing, String required) {
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("all that is needed is here");
        }
        String reason = missing.values().stream().distinct().collect(Collectors.joining("; "));
        List<String> names = List.of(required.split(","));
        for (Need need : missing.keySet()) {
            boolean asked = names.contains(need.name().toLowerCase(Locale.ROOT));
            if (asked || names.contains("all") && need.isInstallable()) {
                throw new AssertionError(
                        "natt.require=%s, and this is missing: %s".formatted(required, reason));
            }
        }
        return ConditionEvaluationResult.disabled(reason);
    }
}
