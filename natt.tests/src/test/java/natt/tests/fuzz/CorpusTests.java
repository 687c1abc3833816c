package natt.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What fuzzers have found worth keeping, tried again on every build. `docs/fuzzing.md` tells how
/// to search for more.
class CorpusTests {
    private static final int MOST_INPUTS = 40;
    private static final long LONGEST_INPUT = 2048;

    @TestFactory
    Stream<DynamicNode> everyInputOfEveryCorpusIsTaken() {
        return Fuzzers.all().stream()
                .map(
                        fuzzer ->
                                DynamicTest.dynamicTest(
                                        Fuzzers.shortName(fuzzer), () -> replay(fuzzer)));
    }

    private static void replay(String fuzzer) throws Throwable {
        MethodHandle target = Fuzzers.target(fuzzer);
        target.invokeExact(new byte[0]);
        for (Path input : Fuzzers.inputs(fuzzer)) {
            try {
                target.invokeExact(Files.readAllBytes(input));
            } catch (Throwable thrown) {
                throw new AssertionError(input.toString(), thrown);
            }
        }
    }

    @Test
    void everyFuzzerHasACorpusAndEveryCorpusAFuzzer() throws IOException {
        Set<String> fuzzers =
                Fuzzers.all().stream().map(Fuzzers::shortName).collect(Collectors.toSet());
        Set<String> corpora = new TreeSet<>();
        try (var directories = Files.list(Fuzzers.corpora())) {
            directories.forEach(each -> corpora.add(each.getFileName().toString()));
        }
        assertEquals(new TreeSet<>(fuzzers), corpora);
    }

    @Test
    void corporaStaySmall() throws IOException {
        for (String fuzzer : Fuzzers.all()) {
            var inputs = Fuzzers.inputs(fuzzer);
            assertTrue(
                    inputs.size() <= MOST_INPUTS,
                    "%s has %d inputs".formatted(fuzzer, inputs.size()));
            for (Path input : inputs) {
                assertTrue(Files.size(input) <= LONGEST_INPUT, input + " is too long");
            }
        }
    }
}
