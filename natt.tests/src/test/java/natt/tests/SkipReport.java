package natt.tests;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

import java.util.Map;
import java.util.TreeMap;

/// Says at the end of a run how many tests were skipped and why, so that nobody takes them for
/// passed.
public final class SkipReport implements TestExecutionListener {
    private final Map<String, Integer> skipped = new TreeMap<>();
    private TestPlan plan;

    public SkipReport() {}

    @Override
    public void testPlanExecutionStarted(TestPlan started) {
        plan = started;
    }

    @Override
    public synchronized void executionSkipped(TestIdentifier identifier, String reason) {
        int tests =
                (int)
                                plan.getDescendants(identifier).stream()
                                        .filter(TestIdentifier::isTest)
                                        .count()
                        + (identifier.isTest() ? 1 : 0);
        skipped.merge(reason, tests, Integer::sum);
    }

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {}

    @Override
    public synchronized void testPlanExecutionFinished(TestPlan finished) {
        if (skipped.isEmpty()) {
            return;
        }
        var block = new StringBuilder();
        int total = skipped.values().stream().mapToInt(Integer::intValue).sum();
        block.append("!!! ").append(total).append(" tests SKIPPED:\n");
        skipped.forEach((why, n) -> block.append("!!! %5d: %s%n".formatted(n, why)));
        System.err.print(block);
    }
}
