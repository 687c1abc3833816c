package natt.tests.fuzz;

import natt.tests.Repository;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Searches with Jazzer for inputs that fuzzers do not take, one fuzzer after the other, each in a
/// process of its own; `docs/fuzzing.md` tells how. What is found stays in `target/fuzz`, by
/// fuzzer: inputs that reach something new in `found`, and those that something is wrong with
/// beside it.
final class Search {
    private static final String JAZZER = "com.code_intelligence.jazzer.Jazzer";

    /// What is observed: natt, and the libraries that read foreign bytes for it.
    private static final String OBSERVED = "natt.**:com.google.gson.**:com.beust.**";

    private static final int LONGEST_INPUT = 2048;

    private Search() {}

    /// @param args a part of the fuzzers' names, or `all`; how many seconds for each; whether to
    ///     `keep` in the corpus what reaches code that the corpus does not, else `drop`
    public static void main(String[] args) throws Exception {
        if (args.length != 3) {
            throw new IllegalArgumentException("usage: FUZZER|all SECONDS keep|drop");
        }
        var failed = new ArrayList<String>();
        for (String fuzzer : Fuzzers.all()) {
            if (args[0].equals("all") || Fuzzers.shortName(fuzzer).contains(args[0])) {
                System.out.println("== " + fuzzer);
                if (search(fuzzer, Integer.parseInt(args[1])) != 0) {
                    failed.add(Fuzzers.shortName(fuzzer));
                } else if (args[2].equals("keep")) {
                    keep(fuzzer);
                }
            }
        }
        System.out.println(failed.isEmpty() ? "== nothing found" : "== found: " + failed);
        System.exit(failed.isEmpty() ? 0 : 1);
    }

    private static int search(String fuzzer, int seconds) throws IOException, InterruptedException {
        return jazzer(
                fuzzer,
                "-max_total_time=" + seconds,
                "-timeout=10",
                "-print_final_stats=1",
                found(fuzzer).toString(),
                Files.createDirectories(Fuzzers.corpus(fuzzer)).toString());
    }

    /// Lines of code count here, not how often they are passed: the corpus is a regression test.
    private static void keep(String fuzzer) throws IOException, InterruptedException {
        jazzer(
                fuzzer,
                "-merge=1",
                "-use_counters=0",
                Fuzzers.corpus(fuzzer).toString(),
                found(fuzzer).toString());
    }

    private static Path found(String fuzzer) throws IOException {
        return Files.createDirectories(directory(fuzzer).resolve("found"));
    }

    private static Path directory(String fuzzer) {
        return Repository.target("fuzz").resolve(Fuzzers.shortName(fuzzer));
    }

    private static int jazzer(String fuzzer, String... more)
            throws IOException, InterruptedException {
        Path directory = Files.createDirectories(directory(fuzzer));
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx700m",
                                "-XX:+EnableDynamicAgentLoading",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                System.getProperty("java.class.path"),
                                JAZZER,
                                "--target_class=" + fuzzer,
                                "--instrumentation_includes=" + OBSERVED,
                                "--reproducer_path=" + directory,
                                "-artifact_prefix=" + directory + "/",
                                "-len_control=0",
                                "-max_len=" + LONGEST_INPUT));
        command.addAll(List.of(more));
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
