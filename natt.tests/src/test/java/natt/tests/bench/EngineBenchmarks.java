package natt.tests.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

import java.util.List;
import java.util.stream.Collectors;

/// Runs the benchmarks of engines in memory, and prints one line for each case.
public final class EngineBenchmarks {
    private static final List<Class<?>> ALL =
            List.of(DemultiplexerBenchmark.class, SessionBenchmark.class, KcpBenchmark.class);

    private EngineBenchmarks() {}

    /// @param arguments as JMH has them: patterns of the benchmarks to run, `-p engine=kcp`,
    ///     `-f 1`...
    public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
        var chosen = new CommandLineOptions(arguments);
        var options =
                new OptionsBuilder()
                        .parent(chosen)
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true);
        if (chosen.getIncludes().isEmpty()) {
            ALL.forEach(each -> options.include(each.getName() + "\\."));
        }
        var results = new Runner(options.build()).run();
        System.out.printf("%n%-48s %16s %8s %18s%n", "case", "ns", "MB/s", "B");
        for (RunResult result : results) {
            print(result);
        }
    }

    private static void print(RunResult result) {
        Result<?> cost = result.getPrimaryResult();
        Result<?> garbage = result.getSecondaryResults().get("gc.alloc.rate.norm");
        boolean stream = result.getParams().getBenchmark().contains("KcpBenchmark");
        System.out.printf(
                "%-48s %16s %8s %18s%n",
                name(result),
                "%.0f ± %.0f".formatted(cost.getScore(), cost.getScoreError()),
                stream ? "%.0f".formatted(KcpBenchmark.MESSAGE * 1e3 / cost.getScore()) : "",
                "%.1f ± %.1f".formatted(garbage.getScore(), garbage.getScoreError()));
    }

    private static String name(RunResult result) {
        var parameters = result.getParams();
        String benchmark = parameters.getBenchmark();
        return benchmark.substring(benchmark.indexOf("bench.") + "bench.".length())
                + parameters.getParamsKeys().stream()
                        .map(key -> " " + key + " " + parameters.getParam(key))
                        .collect(Collectors.joining());
    }
}
