package natt.tests.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// Measures what goes through a packet tunnel between the two hosts of a pair: TCP by iperf3,
/// echoes by ping. Nothing here waits longer than `LIMIT_SECONDS` after a measurement's own time.
final class PacketMeter {
    private static final int PORT = 5201;
    private static final int LIMIT_SECONDS = 5;
    private static final Pattern TIME = Pattern.compile("time=([0-9.]+) ms");

    private final VethPair pair;

    PacketMeter(VethPair pair) {
        this.pair = pair;
    }

    /// What one TCP connection has carried, counted by its receiver.
    ///
    /// @param retransmits of the sender's TCP: what the tunnel has lost
    /// @param cpuSeconds what the watched processes spent meanwhile, in their order
    record Bulk(long bytes, double megabitsPerSecond, long retransmits, double[] cpuSeconds) {
        /// Of all watched processes together.
        double cpuSecondsPerGigabyte() {
            return Arrays.stream(cpuSeconds).sum() / (bytes / 1e9);
        }
    }

    /// How long packets took there and back, in milliseconds.
    record Echo(int count, double median, double p95) {}

    /// Sends to the far host, or from there.
    Bulk bulk(String farAddress, boolean down, int seconds, long... pids)
            throws IOException, InterruptedException {
        Process server = start(pair.far(), "iperf3", "-s", "-1", "-p", "" + PORT, "-B", farAddress);
        try {
            awaitListener(farAddress);
            var line = new ArrayList<>(List.of("iperf3", "-J", "-i", "0"));
            line.addAll(List.of("-c", farAddress, "-p", "" + PORT, "-t", "" + seconds));
            line.addAll(List.of("--connect-timeout", "2000"));
            if (down) {
                line.add("-R");
            }
            double[] before = cpu(pids);
            String said = output(seconds, start(pair.near(), line.toArray(String[]::new)));
            double[] after = cpu(pids);
            Arrays.setAll(after, i -> after[i] - before[i]);
            return bulk(said, after);
        } finally {
            end(server);
        }
    }

    private static Bulk bulk(String json, double... cpuSeconds) throws IOException {
        JsonObject said;
        try {
            said = JsonParser.parseString(json).getAsJsonObject();
        } catch (RuntimeException e) {
            throw new IOException("iperf3 said no JSON: " + json, e);
        }
        if (said.has("error")) {
            throw new IOException(said.get("error").getAsString());
        }
        JsonObject end = said.getAsJsonObject("end");
        JsonObject received = end.getAsJsonObject("sum_received");
        return new Bulk(
                received.get("bytes").getAsLong(),
                received.get("bits_per_second").getAsDouble() / 1e6,
                end.getAsJsonObject("sum_sent").get("retransmits").getAsLong(),
                cpuSeconds);
    }

    private void awaitListener(String address) throws IOException, InterruptedException {
        for (int i = 0; i < 100; i++) {
            String listeners = output(1, start(pair.far(), "ss", "-Hltn", "sport = :" + PORT));
            if (listeners.contains(address)) {
                return;
            }
            Thread.sleep(20);
        }
        throw new IOException("iperf3 does not listen at " + address);
    }

    /// Packets one after the other, one every 10 ms.
    Echo ping(String farAddress, int count) throws IOException, InterruptedException {
        String said =
                output(
                        1 + count / 100,
                        start(pair.near(), "ping", "-c", "" + count, "-i", "0.01", farAddress));
        double[] millis =
                TIME.matcher(said)
                        .results()
                        .mapToDouble(match -> Double.parseDouble(match.group(1)))
                        .sorted()
                        .toArray();
        if (millis.length < count / 2) {
            throw new IOException("%d of %d pings came back".formatted(millis.length, count));
        }
        return new Echo(millis.length, Figures.median(millis), millis[millis.length * 95 / 100]);
    }

    /// Whether a packet comes through and back within a time.
    boolean comesUp(String farAddress, int seconds) throws IOException, InterruptedException {
        for (int i = 0; i < seconds * 2; i++) {
            Process ping = start(pair.near(), "ping", "-c", "1", "-W", "0.5", farAddress);
            try {
                if (output(1, ping).contains("time=")) {
                    return true;
                }
            } catch (IOException _) {
                // It says nothing when there is no route yet.
            }
            Thread.sleep(200);
        }
        return false;
    }

    /// The MTU of the device by which the near host sends to an address.
    int mtu(String farAddress) throws IOException, InterruptedException {
        String route = output(1, start(pair.near(), "ip", "-o", "route", "get", farAddress));
        String device = route.replaceAll("(?s).* dev (\\S+).*", "$1");
        String link = output(1, start(pair.near(), "ip", "-o", "link", "show", "dev", device));
        return Integer.parseInt(link.replaceAll("(?s).* mtu ([0-9]+).*", "$1"));
    }

    private static double[] cpu(long[] pids) {
        return Arrays.stream(pids).mapToDouble(ProcStat::cpuSeconds).toArray();
    }

    private static Process start(String namespace, String... command) throws IOException {
        return new ProcessBuilder(VethPair.on(namespace, List.of(command)))
                .redirectErrorStream(true)
                .start();
    }

    /// What a process says until it ends, which it has to in time.
    private static String output(int seconds, Process process)
            throws IOException, InterruptedException {
        var killer =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try {
                                        if (!process.waitFor(
                                                seconds + LIMIT_SECONDS, TimeUnit.SECONDS)) {
                                            process.destroyForcibly();
                                        }
                                    } catch (InterruptedException _) {
                                        // It has ended.
                                    }
                                });
        try (var in = process.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } finally {
            process.waitFor();
            killer.interrupt();
        }
    }

    private static void end(Process process) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(1, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
