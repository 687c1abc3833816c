package natt.launcher;

import com.beust.jcommander.Parameter;

import org.jspecify.annotations.Nullable;

/// The options of every program.
class CommonOptions {
    @Parameter(
            names = {"--config", "-config"},
            description = "file of further options, one 'name = value' a line; flags win")
    @Nullable String config;

    @Parameter(
            names = {"--log-format", "-log-format"},
            description = "text or json; logs go to standard error")
    String logFormat = "text";

    @Parameter(
            names = {"--verbose", "-verbose", "-v"},
            description = "log more")
    boolean verbose;

    @Parameter(
            names = {"--quiet", "-quiet", "-q"},
            description = "log warnings and errors only")
    boolean quiet;

    @Parameter(
            names = {"--compat", "-compat"},
            description =
                    "kcp-go: the wire of the original natts and nattc, neither encrypted nor"
                            + " authenticated")
    @Nullable String compat;

    @Parameter(
            names = {"--help", "-help", "-h"},
            help = true,
            description = "show this help")
    boolean help;

    @Parameter(
            names = {"--version", "-version"},
            help = true,
            description = "show the version")
    boolean version;
}
