package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of `natt status`.
final class StatusOptions extends BasicOptions {
    @Parameter(
            names = {"--json", "-json"},
            description = "one object with an array 'nodes', for programs")
    boolean json;

    @Parameter(
            names = {"--runtime-dir", "-runtime-dir"},
            description =
                    "look for running nodes in this directory only (default: wherever those of this"
                            + " user usually are; for root, those of every user)")
    @Nullable String runtimeDir;
}
