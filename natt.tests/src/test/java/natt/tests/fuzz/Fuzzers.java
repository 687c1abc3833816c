package natt.tests.fuzz;

import natt.tests.Repository;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The fuzzers: every public class of this module whose name ends in `Fuzzer`, with a method
/// `public static void fuzzerTestOneInput(byte[])` that throws if something is wrong. Each is in
/// the package of what it tries, which it sees because tests of this module run on the class path.
final class Fuzzers {
    private static final Path CLASSES = Repository.root().resolve("natt.tests/target/test-classes");
    private static final Path CORPORA =
            Repository.root().resolve("natt.tests/src/test/resources/fuzz");
    private static final String SUFFIX = "Fuzzer.class";

    private Fuzzers() {}

    /// The class names, sorted.
    static List<String> all() {
        try (var files = Files.walk(CLASSES)) {
            return files.filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                    .map(file -> CLASSES.relativize(file).toString())
                    .map(file -> file.substring(0, file.length() - ".class".length()))
                    .map(file -> file.replace('/', '.'))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The name without package: also that of the corpus.
    static String shortName(String fuzzer) {
        return fuzzer.substring(fuzzer.lastIndexOf('.') + 1);
    }

    static Path corpora() {
        return CORPORA;
    }

    static Path corpus(String fuzzer) {
        return CORPORA.resolve(shortName(fuzzer));
    }

    static List<Path> inputs(String fuzzer) {
        Path corpus = corpus(fuzzer);
        if (!Files.isDirectory(corpus)) {
            return List.of();
        }
        try (var files = Files.list(corpus)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static MethodHandle target(String fuzzer) throws ReflectiveOperationException {
        return MethodHandles.publicLookup()
                .findStatic(
                        Class.forName(fuzzer),
                        "fuzzerTestOneInput",
                        MethodType.methodType(void.class, byte[].class));
    }
}
