package natt.launcher;

import com.beust.jcommander.Parameter;

/// The options of what writes a log.
class LogOptions extends BasicOptions {
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
}
