package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of `natt status`.
final class StatusOptions extends CommonOptions {
    @Parameter(
            names = {"--json", "-json"},
            description = "one object with an array 'nodes', for programs")
    boolean json;

    @Parameter(
            names = {"--runtime-dir", "-runtime-dir"},
            description = "look for running nodes in this directory only")
    @Nullable String runtimeDir;
}
