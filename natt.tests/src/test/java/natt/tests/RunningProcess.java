package natt.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A process of a test: its lines as they come, its end, and the ways to bring it about.
public final class RunningProcess implements AutoCloseable {
    private static final int GRACE_SECONDS = 5;

    private final String name;
    private final Process process;
    private final long startedNanos = System.nanoTime();
    private final List<String> lines = new ArrayList<>();
    private final List<String> stamped = new ArrayList<>();
    private int openStreams;

    /// @param errors the standard error of the process
    RunningProcess(String name, Process process, InputStream errors, boolean binary) {
        this.name = name;
        this.process = process;
        openStreams = binary ? 1 : 2;
        Thread.ofPlatform().daemon().start(() -> collect(errors));
        if (!binary) {
            Thread.ofPlatform().daemon().start(() -> collect(process.getInputStream()));
        }
    }

    private void collect(InputStream stream) {
        try (var in = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                synchronized (this) {
                    lines.add(line);
                    stamped.add("%7.3f %s".formatted(secondsSinceStart(), line));
                    notifyAll();
                }
            }
        } catch (IOException _) {
            // Ended from this side.
        }
        synchronized (this) {
            openStreams--;
            notifyAll();
        }
    }

    private double secondsSinceStart() {
        return (System.nanoTime() - startedNanos) / 1e9;
    }

    public long pid() {
        return process.pid();
    }

    public OutputStream stdin() {
        return process.getOutputStream();
    }

    /// The standard output of a process that was started as binary.
    public InputStream stdout() {
        return process.getInputStream();
    }

    /// How many lines there have been: a place from which to look with [#awaitLine].
    public synchronized int mark() {
        return lines.size();
    }

    public Matcher awaitLine(String regex, Duration limit) throws InterruptedException {
        return awaitLine(regex, 0, limit);
    }

    /// Waits until a line from the given place on contains a match.
    public synchronized Matcher awaitLine(String regex, int from, Duration limit)
            throws InterruptedException {
        var pattern = Pattern.compile(regex);
        long deadline = System.nanoTime() + limit.toNanos();
        int at = from;
        while (true) {
            for (; at < lines.size(); at++) {
                Matcher matcher = pattern.matcher(lines.get(at));
                if (matcher.find()) {
                    return matcher;
                }
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (openStreams == 0 || left <= 0) {
                throw new AssertionError(
                        "%s: no line like '%s' %s; it said:%n%s"
                                .formatted(
                                        name,
                                        regex,
                                        openStreams == 0 ? "before its end" : "within " + limit,
                                        text()));
            }
            wait(left);
        }
    }

    /// Returns the last line so far that contains a match.
    public synchronized Matcher lastLine(String regex) {
        var pattern = Pattern.compile(regex);
        for (String line : lines.reversed()) {
            Matcher matcher = pattern.matcher(line);
            if (matcher.find()) {
                return matcher;
            }
        }
        throw new AssertionError("%s: no line like '%s'%n%s".formatted(name, regex, text()));
    }

    /// A process that this one has started, by a part of its command line.
    public ProcessHandle descendant(String part) {
        return process.descendants()
                .filter(each -> each.info().commandLine().orElse("").contains(part))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " has started no " + part));
    }

    /// All lines so far, with the seconds since the start.
    public synchronized String text() {
        return String.join("\n", stamped);
    }

    public synchronized long count(String regex) {
        var pattern = Pattern.compile(regex);
        return lines.stream().filter(line -> pattern.matcher(line).find()).count();
    }

    /// Waits for the end and the last line, and returns the exit status.
    public int awaitExit(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new AssertionError(
                    "%s: did not end within %s; it said:%n%s".formatted(name, limit, text()));
        }
        awaitStreams(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
        return process.exitValue();
    }

    private synchronized void awaitStreams(long millis) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (openStreams > 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return;
            }
            wait(left);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /// Whether it lives through the whole time.
    public boolean survives(Duration time) throws InterruptedException {
        return !process.waitFor(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /// SIGTERM. Unlike [Process#destroy] this leaves the streams open for the last words.
    public void terminate() {
        process.toHandle().destroy();
    }

    /// SIGKILL.
    public void kill9() {
        process.toHandle().destroyForcibly();
    }

    /// The resident memory of a process in kilobytes.
    public static long residentKilobytes(long pid) {
        return Long.parseLong(status(pid, "VmRSS").replaceAll("[^0-9]", ""));
    }

    /// A line of `/proc/PID/status`.
    private static String status(long pid, String field) {
        try (var all = Files.lines(Path.of("/proc", "" + pid, "status"))) {
            return all.filter(line -> line.startsWith(field + ":")).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The processor time that a process has used so far.
    public static Duration processorTime(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(each -> each.info().totalCpuDuration())
                .orElseThrow(() -> new AssertionError("process %d is gone".formatted(pid)));
    }

    /// Sends a signal by its name, such as `STOP`.
    public static void signal(long pid, String name) {
        Programs.mustRun("kill", "-" + name, "" + pid);
    }

    void print() {
        System.err.println("--- " + name + " (pid " + pid() + ")\n" + text());
    }

    /// Ends it and what it has started: politely, then by force.
    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroy);
        try {
            process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
