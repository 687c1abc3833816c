package natt.launcher;

import com.beust.jcommander.Parameter;

import java.util.List;

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

    /// Sets the options of a usual command line without the parser, which takes longer to start
    /// than the rest of a program; false, and nothing is set, if that takes the parser.
    boolean readPlain(List<String> args) {
        return false;
    }
}
