package natt.launcher;

import com.beust.jcommander.JCommander;
import com.beust.jcommander.ParameterException;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Turns a command line into options and an exception into an exit code.
final class CommandLine {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;

    /// What a program does once its options are known.
    interface Program {
        int run() throws Exception;
    }

    private CommandLine() {}

    /// Runs a program and leaves the process with its exit code.
    static void exit(String name, Program program) {
        int code;
        try {
            code = program.run();
        } catch (UsageException wrong) {
            System.err.println(name + ": " + wrong.getMessage() + " (" + name + " --help)");
            code = USAGE;
        } catch (Exception failed) {
            System.err.println(name + ": " + failed.getMessage());
            code = FAILED;
        }
        System.out.flush();
        System.exit(code);
    }

    /// Reads the options; empty if the command line only asked for help or the version.
    ///
    /// @throws UsageException if an option is wrong
    static boolean parse(String name, CommonOptions options, String[] args) {
        List<String> given = List.of(args);
        if (given.contains("--version") || given.contains("-version")) {
            System.out.println(name + " " + version());
            return false;
        }
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
            parser.parse(separate(given).toArray(String[]::new));
            if (options.config != null) {
                var all = new ArrayList<>(fromFile(options.config, names(given)));
                all.addAll(given);
                parser.parse(separate(all).toArray(String[]::new));
            }
        } catch (ParameterException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        if (options.help) {
            parser.usage();
            return false;
        }
        if (!options.compat.equals("kcp-go")) {
            throw new UsageException("--compat knows only kcp-go, not '" + options.compat + "'");
        }
        return true;
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

    private static Set<String> names(List<String> args) {
        var names = new HashSet<String>();
        for (String arg : separate(args)) {
            if (arg.startsWith("-")) {
                names.add(arg.replaceFirst("^--?", ""));
            }
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
    static void configureLog(CommonOptions options, Level usual) {
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
