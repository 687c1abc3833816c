package natt.tests.bench;

import natt.tests.Programs;
import natt.tests.Repository;

import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// How measurements are written.
final class Figures {
    private Figures() {}

    /// The median, with the least and the most.
    static <T> String spread(List<T> values, ToDoubleFunction<T> of) {
        if (values.isEmpty()) {
            return "failed";
        }
        double[] sorted = values.stream().mapToDouble(of).sorted().toArray();
        return "%s (%s to %s)"
                .formatted(
                        figure(median(sorted)),
                        figure(sorted[0]),
                        figure(sorted[sorted.length - 1]));
    }

    /// The median, with the least and the most where there are several.
    static String spread(double[] values, int decimals) {
        double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        if (sorted.length == 0) {
            return values.length == 0 ? "failed" : "never";
        }
        String form = "%." + decimals + "f";
        String median = form.formatted(median(sorted));
        return sorted.length == 1
                ? median
                : median
                        + " ("
                        + form.formatted(sorted[0])
                        + " to "
                        + form.formatted(sorted[sorted.length - 1])
                        + ")";
    }

    static double median(double... sorted) {
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /// The median of what need not be in order.
    static <T> double median(List<T> values, ToDoubleFunction<T> of) {
        return median(values.stream().mapToDouble(of).sorted().toArray());
    }

    static String figure(double value) {
        return (value < 10 ? "%.1f" : "%.0f").formatted(value);
    }

    /// One figure of each end.
    static String ends(double... values) {
        return values.length == 0 ? "-" : "%.0f + %.0f".formatted(values[0], values[1]);
    }

    /// When, where and of what measurements were taken.
    ///
    /// @param loadBefore the load average when they began
    static String machine(String loadBefore) {
        return "%s; %d processors; Java %s; Linux %s; commit %s; load %s before, %s after"
                .formatted(
                        LocalDate.now(),
                        Runtime.getRuntime().availableProcessors(),
                        Runtime.version(),
                        System.getProperty("os.version"),
                        commit(),
                        loadBefore,
                        ProcStat.loadAverage());
    }

    private static String commit() {
        var result = Programs.run("git", "-C", "" + Repository.root(), "log", "-1", "--format=%h");
        return result.status() == 0 ? result.output().strip() : "unknown";
    }
}
