package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of natts and nattc.
class CommonOptions extends LogOptions {
    @Parameter(
            names = {"--config", "-config"},
            description = "file of further options, one 'name = value' a line; flags win")
    @Nullable String config;

    @Parameter(
            names = {"--compat", "-compat"},
            description =
                    "kcp-go: the wire of the original natts and nattc, neither encrypted nor"
                            + " authenticated")
    @Nullable String compat;

    @Parameter(
            names = {"--runtime-dir", "-runtime-dir"},
            description =
                    "directory of the socket for 'natt status' (default: $RUNTIME_DIRECTORY; else"
                            + " /run/natt for root; else $XDG_RUNTIME_DIR/natt, or the state"
                            + " directory)")
    @Nullable String runtimeDir;
}
