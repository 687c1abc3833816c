package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of natts and nattc.
class CommonOptions extends RunningOptions {
    @Parameter(
            names = {"--compat", "-compat"},
            description =
                    "kcp-go: the wire of the original natts and nattc, neither encrypted nor"
                            + " authenticated")
    @Nullable String compat;
}
