package natt.launcher;

import com.beust.jcommander.Parameter;

/// The options of every command.
class BasicOptions {
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
