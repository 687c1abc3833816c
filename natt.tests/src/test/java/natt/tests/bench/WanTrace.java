package natt.tests.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// What a link carries, how long packets wait in its queue, and what processes spend, from the
/// start of a measurement to its end. Bytes are those that the far host has sent, link-layer
/// headers included, whether or not they were lost later.
final class WanTrace implements AutoCloseable {
    private static final int EVERY_MILLIS = 20;
    private static final String PING_SECONDS = "0.05";
    private static final Pattern ANSWER = Pattern.compile("time=([0-9.]+) ms");

    private record Sample(long nanos, double sentBytes, double cpuSeconds) {}

    private record Ping(long sentNanos, double millis) {}

    private final long farPid;
    private final long[] pids;
    private final List<Sample> samples = new ArrayList<>();
    private final List<Ping> pings = new ArrayList<>();
    private final Process ping;
    private final Thread sampler = new Thread(this::sample, "sampler");

    private WanTrace(long farPid, long[] pids) throws IOException {
        this.farPid = farPid;
        this.pids = pids;
        ping =
                new ProcessBuilder("ping", "-n", "-i", PING_SECONDS, WanLink.FAR_ADDRESS)
                        .redirectErrorStream(true)
                        .start();
    }

    /// @param farPid a process of the far host
    /// @param pids of the processes whose time counts
    static WanTrace start(long farPid, long... pids) throws IOException {
        var trace = new WanTrace(farPid, pids);
        for (Thread each : List.of(trace.sampler, new Thread(trace::readPings, "pings"))) {
            each.setDaemon(true);
            each.start();
        }
        return trace;
    }

    private void sample() {
        try {
            while (true) {
                double cpu = Arrays.stream(pids).mapToDouble(ProcStat::cpuSeconds).sum();
                var sample = new Sample(System.nanoTime(), sentBytes(farPid), cpu);
                synchronized (this) {
                    samples.add(sample);
                }
                Thread.sleep(EVERY_MILLIS);
            }
        } catch (InterruptedException | UncheckedIOException _) {
            // Over, or a process has ended.
        }
    }

    /// What a host has sent into the link so far.
    static double sentBytes(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", "" + pid, "net/dev")).stream()
                    .map(String::strip)
                    .filter(line -> line.startsWith(WanLink.DEVICE + ":"))
                    // Eight fields of what was received come first.
                    .mapToDouble(line -> Double.parseDouble(line.split("[: ]+")[9]))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void readPings() {
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(ping.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line; (line = in.readLine()) != null; ) {
                var answer = ANSWER.matcher(line);
                if (answer.find()) {
                    double millis = Double.parseDouble(answer.group(1));
                    synchronized (this) {
                        pings.add(new Ping(System.nanoTime() - (long) (millis * 1e6), millis));
                    }
                }
            }
        } catch (IOException _) {
            // Ended from this side.
        }
    }

    synchronized double sentBytes(long fromNanos, long toNanos) {
        return at(toNanos, true) - at(fromNanos, true);
    }

    synchronized double cpuSeconds(long fromNanos, long toNanos) {
        return at(toNanos, false) - at(fromNanos, false);
    }

    /// Between two samples what they count is taken to have grown evenly.
    private double at(long time, boolean bytes) {
        Sample before = samples.getFirst();
        for (Sample each : samples) {
            if (each.nanos - time >= 0) {
                double share =
                        each == before
                                ? 0
                                : (double) (time - before.nanos) / (each.nanos - before.nanos);
                double from = bytes ? before.sentBytes : before.cpuSeconds;
                double to = bytes ? each.sentBytes : each.cpuSeconds;
                return from + (to - from) * Math.clamp(share, 0, 1);
            }
            before = each;
        }
        return bytes ? before.sentBytes : before.cpuSeconds;
    }

    /// The median round trip of the packets that were sent within a time, in milliseconds.
    double roundTrip(long fromNanos, long toNanos) {
        double[] sorted = roundTrips(fromNanos, toNanos);
        return sorted.length == 0 ? Double.NaN : Figures.median(sorted);
    }

    private synchronized double[] roundTrips(long fromNanos, long toNanos) {
        return pings.stream()
                .filter(each -> each.sentNanos - fromNanos >= 0 && each.sentNanos - toNanos < 0)
                .mapToDouble(Ping::millis)
                .sorted()
                .toArray();
    }

    @Override
    public void close() {
        sampler.interrupt();
        ping.destroy();
    }
}
