package natt.tests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// Where things are.
public final class Repository {
    private static final Path ROOT = findRoot();

    private Repository() {}

    public static Path root() {
        return ROOT;
    }

    /// A directory below `natt.tests/target`, made if need be.
    public static Path target(String name) {
        try {
            return Files.createDirectories(ROOT.resolve("natt.tests/target").resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The NAT laboratory, which is no part of the repository and may be missing.
    public static Path natlab() {
        return ROOT.resolveSibling("shared").resolve("lab");
    }

    /// The directories of the Java modules, in the order of the build.
    public static List<Path> javaModules() {
        try {
            String pom = Files.readString(ROOT.resolve("pom.xml"));
            return Pattern.compile("<module>([^<]+)</module>")
                    .matcher(pom)
                    .results()
                    .map(match -> ROOT.resolve(match.group(1)))
                    .filter(module -> Files.exists(descriptorSource(module)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path descriptorSource(Path module) {
        return module.resolve("src/main/java/module-info.java");
    }

    private static Path findRoot() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(here.resolve("natt.core"))) {
            here = here.getParent();
            if (here == null) {
                throw new AssertionError("tests run somewhere below the repository's root");
            }
        }
        return here;
    }
}
