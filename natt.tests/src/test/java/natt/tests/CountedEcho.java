package natt.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Numbered lines that go through `cat` on the other side, one after another without end, and are
/// compared as they come back.
public final class CountedEcho {
    private final RunningProcess process;
    private final Duration every;
    private long sent;
    private long back;
    private long lastNanos = System.nanoTime();
    private long longestNanos;
    private boolean stopping;
    private boolean ended;
    private String wrong = "";

    private CountedEcho(RunningProcess process, Duration every) {
        this.process = process;
        this.every = every;
        Thread.ofPlatform().daemon().start(this::send);
        Thread.ofPlatform().daemon().start(this::compare);
    }

    /// Begins, and waits until the first lines are back.
    ///
    /// @param cat started as binary
    public static CountedEcho start(RunningProcess cat, Duration every)
            throws InterruptedException {
        var echo = new CountedEcho(cat, every);
        echo.awaitProgress(Home.SOON);
        return echo;
    }

    private void send() {
        try (OutputStream out = process.stdin()) {
            while (true) {
                String line;
                synchronized (this) {
                    if (stopping || ended) {
                        return;
                    }
                    line = sent + "\n";
                    sent++;
                }
                out.write(line.getBytes(StandardCharsets.US_ASCII));
                out.flush();
                Thread.sleep(every);
            }
        } catch (IOException | InterruptedException _) {
            // What is missing then, the comparison shows.
        }
    }

    private void compare() {
        try (var in =
                new BufferedReader(
                        new InputStreamReader(process.stdout(), StandardCharsets.US_ASCII))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                came(line);
            }
        } catch (IOException e) {
            came(e.toString());
        }
        synchronized (this) {
            ended = true;
            notifyAll();
        }
    }

    private synchronized void came(String line) {
        if (!line.equals(Long.toString(back)) && wrong.isEmpty()) {
            wrong = "line %d came back as '%s'".formatted(back, line);
        }
        back++;
        long now = System.nanoTime();
        longestNanos = Math.max(longestNanos, now - lastNanos);
        lastNanos = now;
        notifyAll();
    }

    /// Waits until what is sent from now on comes back.
    ///
    /// @return how long that took
    public synchronized Duration awaitProgress(Duration limit) throws InterruptedException {
        long start = System.nanoTime();
        long wanted = sent + 2;
        while (back < wanted) {
            long left = limit.toNanos() - (System.nanoTime() - start);
            if (ended || left <= 0) {
                throw new AssertionError(
                        "%d of %d lines came back %s; it said:%n%s"
                                .formatted(
                                        back,
                                        sent,
                                        ended ? "until the end" : "within " + limit,
                                        process.text()));
            }
            wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
        }
        if (!wrong.isEmpty()) {
            throw new AssertionError(wrong);
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /// The longest time without a line since the last call.
    public synchronized Duration longestGap() {
        var longest = Duration.ofNanos(longestNanos);
        longestNanos = 0;
        return longest;
    }

    /// Ends the input, and checks that every line came back and that the end was in order.
    public void finish(Duration limit) throws InterruptedException {
        synchronized (this) {
            stopping = true;
        }
        int status = process.awaitExit(limit);
        synchronized (this) {
            long deadline = System.nanoTime() + limit.toNanos();
            while (!ended && System.nanoTime() < deadline) {
                wait(100);
            }
            if (status != 0 || back != sent || !wrong.isEmpty()) {
                throw new AssertionError(
                        "status %d, %d of %d lines came back; %s%n%s"
                                .formatted(status, back, sent, wrong, process.text()));
            }
        }
    }
}
