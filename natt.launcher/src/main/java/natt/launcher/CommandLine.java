package natt.launcher;

import com.beust.jcommander.JCommander;
import com.beust.jcommander.ParameterException;

import natt.core.unix.DatagramRuns;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Turns a command line into options and an exception into an exit code.
final class CommandLine {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /// The variables that stand for options.
    private static final Map<String, String> VARIABLES =
            Map.of(
                    "target", "TARGET_FQDN",
                    "target-fqdn", "TARGET_FQDN",
                    "cf-token", "CF_API_TOKEN",
                    "cf-token-file", "CF_API_TOKEN");

    /// What a program does once its options are known.
    interface Program {
        int run() throws Exception;
    }

    private CommandLine() {}

    /// Runs a program and leaves the process with its exit code.
    static void exit(String name, Program program) {
        // To measure what that costs, and for systems where it should go wrong.
        if (Boolean.getBoolean("natt.portable")) {
            DatagramRuns.forbid();
        }
        int code;
        try {
            code = program.run();
        } catch (UsageException wrong) {
            complain(name, wrong.getMessage() + " (" + name + " --help)");
            code = USAGE;
        } catch (Exception failed) {
            String message = failed.getMessage();
            complain(name, message == null || message.isBlank() ? failed.toString() : message);
            code = FAILED;
        }
        System.out.flush();
        System.exit(code);
    }

    /// Finds what an option names.
    ///
    /// @throws UsageException in place of the finder's IllegalArgumentException
    static <T> T named(Function<String, T> finder, String wanted) {
        try {
            return finder.apply(wanted);
        } catch (IllegalArgumentException unknown) {
            throw new UsageException(String.valueOf(unknown.getMessage()));
        }
    }

    static void complain(String name, String why) {
        System.err.println(LineLoggerFinder.oneLine(name + ": " + why));
    }

    /// Reads the options; false if the command line only asked for help or the version.
    ///
    /// @param environment wins over the configuration file, as options do over both
    /// @throws UsageException if an option is wrong
    static boolean parse(
            String name, BasicOptions options, String[] args, Map<String, String> environment) {
        List<String> given = List.of(args);
        if (given.contains("--version") || given.contains("-version")) {
            System.out.println(name + " " + version());
            return false;
        }
        if (options.readPlain(given)) {
            check(options);
            return true;
        }
        return parseAll(name, options, given, environment);
    }

    /// Reads any command line.
    static boolean parseAll(
            String name,
            BasicOptions options,
            List<String> given,
            Map<String, String> environment) {
        var parser =
                JCommander.newBuilder()
                        .programName(name)
                        .addObject(options)
                        .allowParameterOverwriting(true)
                        .columnSize(100)
                        .build();
        // A value that begins with @ is a value, never a file to read options from.
        parser.setExpandAtSign(false);
        try {
            var all = new ArrayList<String>();
            List<String> separate = separate(given);
            Optional<String> config =
                    options instanceof RunningOptions ? config(separate) : Optional.empty();
            if (config.isPresent()) {
                all.addAll(fromFile(config.get(), given(separate, environment)));
            }
            all.addAll(separate);
            parser.parse(all.toArray(String[]::new));
        } catch (ParameterException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        if (options.help) {
            parser.usage();
            return false;
        }
        check(options);
        return true;
    }

    private static void check(BasicOptions options) {
        if (options instanceof CommonOptions node
                && node.compat != null
                && !node.compat.split(":", 2)[0].equals("kcp-go")) {
            throw new UsageException("--compat knows only kcp-go, not '" + node.compat + "'");
        }
    }

    /// The one argument that is no option.
    ///
    /// @param what it is called in the help
    static String only(List<String> arguments, String what) {
        for (String each : arguments) {
            // The parser takes options that it does not know for arguments.
            if (each.startsWith("-")) {
                throw new UsageException("there is no option '" + each + "'");
            }
        }
        if (arguments.size() != 1) {
            throw new UsageException("one %s is needed".formatted(what));
        }
        return arguments.getFirst();
    }

    /// Splits `--name=value`, since the parser takes either `=` or a space, not both.
    private static List<String> separate(List<String> args) {
        var separate = new ArrayList<String>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (arg.startsWith("-") && equals > 0) {
                separate.add(arg.substring(0, equals));
                separate.add(arg.substring(equals + 1));
            } else {
                separate.add(arg);
            }
        }
        return separate;
    }

    /// The configuration file that is named last, if one is.
    private static Optional<String> config(List<String> args) {
        int last = Math.max(args.lastIndexOf("--config"), args.lastIndexOf("-config"));
        return last < 0 || last + 1 == args.size()
                ? Optional.empty()
                : Optional.of(args.get(last + 1));
    }

    /// The options that the configuration file does not set, being given elsewhere.
    private static Set<String> given(List<String> args, Map<String, String> environment) {
        var names = new HashSet<String>();
        for (String arg : args) {
            if (arg.startsWith("-")) {
                names.add(arg.replaceFirst("^--?", ""));
            }
        }
        VARIABLES.forEach(
                (option, variable) -> {
                    if (!environment.getOrDefault(variable, "").isEmpty()) {
                        names.add(option);
                    }
                });
        if (names.contains("cf-token-file")) {
            names.add("cf-token");
        }
        return names;
    }

    private static List<String> fromFile(String file, Set<String> given) {
        var options = new ArrayList<String>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(Path.of(file))) {
                number++;
                String text = line.strip();
                if (text.isEmpty() || text.startsWith("#")) {
                    continue;
                }
                int equals = text.indexOf('=');
                if (equals <= 0) {
                    throw new UsageException(
                            "%s, line %d: not 'name = value'".formatted(file, number));
                }
                String name = text.substring(0, equals).strip();
                String value = text.substring(equals + 1).strip();
                if (given.contains(name)) {
                    continue;
                }
                if (value.equals("true")) {
                    options.add("--" + name);
                } else if (!value.equals("false")) {
                    options.add("--" + name);
                    options.add(value);
                }
            }
        } catch (IOException | InvalidPathException failed) {
            throw new UsageException("cannot read the configuration file " + file);
        }
        return options;
    }

    /// Sets up the log as the options say.
    static void configureLog(LogOptions options, Level usual) {
        Level least = options.verbose ? Level.DEBUG : options.quiet ? Level.WARNING : usual;
        try {
            LineLoggerFinder.configure(
                    least,
                    LineLoggerFinder.Format.valueOf(options.logFormat.toUpperCase(Locale.ROOT)));
        } catch (IllegalArgumentException unknown) {
            throw new UsageException("--log-format is text or json, not " + options.logFormat);
        }
    }

    static String version() {
        var descriptor = CommandLine.class.getModule().getDescriptor();
        return descriptor == null ? "unknown" : descriptor.rawVersion().orElse("unknown");
    }

    /// The directory from which plug-ins are loaded: `$NATT_PLUGINS`, else `lib/plugins` of the
    /// image.
    static Optional<Path> plugins() {
        String chosen = System.getenv("NATT_PLUGINS");
        return Optional.of(
                chosen != null && !chosen.isEmpty()
                        ? Path.of(chosen)
                        : Path.of(System.getProperty("java.home"), "lib", "plugins"));
    }
}
