package natt.launcher;

import natt.tests.Repository;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// Any configuration file is read or refused as a matter of usage.
public final class ConfigFileFuzzer {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());
    private static final Path FILE =
            Repository.target("fuzz")
                    .resolve("natts-%d.conf".formatted(ProcessHandle.current().pid()));

    private ConfigFileFuzzer() {}

    public static void fuzzerTestOneInput(byte[] input) {
        // A file may ask for help.
        PrintStream out = System.out;
        System.setOut(NOWHERE);
        try {
            Files.write(FILE, input);
            CommandLine.parse(
                    "natts",
                    new NattsOptions(),
                    new String[] {"--config", FILE.toString()},
                    Map.of());
        } catch (UsageException refused) {
            if (refused.getMessage() == null) {
                throw new AssertionError("refused without a reason");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            System.setOut(out);
        }
    }
}
