package natt.wireguard.control;

import natt.core.Text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;

/// Runs the program `wg`, which speaks to WireGuard in the kernel.
final class WgProgram {
    private static final int LONGEST_OUTPUT = 8 << 20;
    private static final int LONGEST_COMPLAINT = 4 << 10;

    /// In the exception of a program that cannot be started is the number of the system's error.
    private static final Pattern NO_SUCH_FILE = Pattern.compile("error[=:] ?2\\b");

    /// That `wg` is not installed.
    static final class MissingException extends IOException {
        private static final long serialVersionUID = 1;

        private MissingException(IOException cause) {
            super("there is no program 'wg'", cause);
        }
    }

    private final String program;
    private final Duration patience;

    /// @param program its name or path
    WgProgram(String program, Duration patience) {
        this.program = program;
        this.patience = patience;
    }

    /// Returns its standard output.
    ///
    /// @throws MissingException if there is no such program
    /// @throws IOException with the first line of its standard error, if it fails
    String run(List<String> arguments) throws IOException {
        var line = new ArrayList<String>();
        line.add(program);
        line.addAll(arguments);
        var builder = new ProcessBuilder(line);
        // Its errors are looked at.
        builder.environment().put("LC_ALL", "C");
        Process process;
        try {
            process = builder.start();
        } catch (IOException failed) {
            if (NO_SUCH_FILE.matcher(String.valueOf(failed.getMessage())).find()) {
                throw new MissingException(failed);
            }
            throw failed;
        }
        var late = new AtomicBoolean();
        Thread watch =
                Thread.ofPlatform()
                        .daemon()
                        .name("natt-wg")
                        .start(
                                () -> {
                                    if (sleeps()) {
                                        late.set(true);
                                        process.destroyForcibly();
                                    }
                                });
        try {
            process.getOutputStream().close();
            String output = read(process.getInputStream(), LONGEST_OUTPUT);
            String complaint = read(process.getErrorStream(), LONGEST_COMPLAINT);
            int status = process.waitFor();
            if (status != 0 && !late.get()) {
                throw new IOException(
                        complaint
                                .lines()
                                .findFirst()
                                .map(Text::escape)
                                .orElse("exit status " + status));
            }
            if (!late.get()) {
                return output;
            }
        } catch (IOException failed) {
            if (!late.get()) {
                throw failed;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } finally {
            process.destroyForcibly();
            watch.interrupt();
        }
        throw new IOException("it does not end");
    }

    /// Whether the time has passed, rather than the program having ended.
    private boolean sleeps() {
        try {
            Thread.sleep(patience);
            return true;
        } catch (InterruptedException inTime) {
            return false;
        }
    }

    private static String read(InputStream stream, int most) throws IOException {
        byte[] bytes = stream.readNBytes(most + 1);
        if (bytes.length > most) {
            throw new IOException("it prints more than %d bytes".formatted(most));
        }
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
