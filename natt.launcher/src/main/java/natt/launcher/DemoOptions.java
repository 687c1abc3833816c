package natt.launcher;

import com.beust.jcommander.Parameter;

/// The options of `natt demo`.
final class DemoOptions extends LogOptions {
    @Parameter(
            names = {"--megabytes", "-megabytes"},
            description = "how much to move each way, in 1,000,000 bytes")
    int megabytes = 50;
}
