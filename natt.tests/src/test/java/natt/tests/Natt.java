package natt.tests;

import java.nio.file.Path;

/// The programs of the linked image.
public final class Natt {
    public static final Path IMAGE = Repository.root().resolve("jlink/target/natt");

    private Natt() {}

    /// The path of `natts`, `nattc` or `natt`.
    public static String program(String name) {
        return IMAGE.resolve("bin").resolve(name).toString();
    }
}
