package natt.tests;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Decides about [Requires].
final class RequiresCondition implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        List<String> missing =
                AnnotationSupport.findAnnotation(context.getElement(), Requires.class).stream()
                        .flatMap(requires -> Arrays.stream(requires.value()))
                        .map(Need::missing)
                        .flatMap(Optional::stream)
                        .distinct()
                        .toList();
        return decide(missing, System.getProperty("natt.require", ""));
    }

    static ConditionEvaluationResult decide(List<String> missing, String required) {
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("all that is needed is here");
        }
        String reason = String.join("; ", missing);
        if (required.equals("all")) {
            throw new AssertionError("natt.require=all, and this is missing: " + reason);
        }
        return ConditionEvaluationResult.disabled(reason);
    }
}
