package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of programs that run until they are stopped.
class RunningOptions extends LogOptions {
    @Parameter(
            names = {"--config", "-config"},
            description = "file of further options, one 'name = value' a line; flags win")
    @Nullable String config;

    @Parameter(
            names = {"--runtime-dir", "-runtime-dir"},
            description =
                    "directory of the socket for 'natt status' (default: $RUNTIME_DIRECTORY; else"
                            + " /run/natt for root; else $XDG_RUNTIME_DIR/natt, or the state"
                            + " directory)")
    @Nullable String runtimeDir;
}
