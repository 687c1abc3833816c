package natt.tests;

import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;

/// A ping that goes on, so that one sees when packets come through and how long they did not.
public final class PingStream {
    private final RunningProcess ping;

    private PingStream(RunningProcess ping) {
        this.ping = ping;
    }

    /// Sends without end.
    ///
    /// @param on the start of a command line on a host
    public static PingStream start(Processes processes, String[] on, String address, Duration every)
            throws IOException {
        return new PingStream(prepare(processes, on, every).with(address).start());
    }

    /// Sends so many packets.
    public static PingStream start(
            Processes processes, String[] on, String address, Duration every, int count)
            throws IOException {
        return new PingStream(
                prepare(processes, on, every).with("-c", "" + count, address).start());
    }

    private static Processes.Start prepare(Processes processes, String[] on, Duration every) {
        return processes.prepare("ping", on).with("ping", "-i", "" + every.toMillis() / 1e3);
    }

    /// Waits for the answer to a packet that was sent after a time, and returns how long after
    /// that time it came.
    public Duration awaitAnswerSince(long nanos, Duration limit) throws InterruptedException {
        int mark = ping.mark();
        while (true) {
            long left = limit.toNanos() - (System.nanoTime() - nanos);
            Matcher answer =
                    ping.awaitLine("time=([0-9.]+) ms", mark, Duration.ofNanos(Math.max(left, 0)));
            long now = System.nanoTime();
            mark = ping.mark();
            long underWay = (long) (Double.parseDouble(answer.group(1)) * 1e6);
            if (now - underWay - nanos > 0) {
                return Duration.ofNanos(now - nanos);
            }
        }
    }

    /// How many of those sent were not answered, once all are sent.
    public int lost(Duration limit) throws InterruptedException {
        ping.awaitExit(limit);
        Matcher sum = ping.lastLine("([0-9]+) packets transmitted, ([0-9]+) received");
        return Integer.parseInt(sum.group(1)) - Integer.parseInt(sum.group(2));
    }

    public void end() {
        ping.close();
    }
}
