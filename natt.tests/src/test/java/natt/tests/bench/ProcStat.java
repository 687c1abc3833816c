package natt.tests.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What Linux tells about a process.
final class ProcStat {
    /// Linux counts times for users in hundredths of a second, whatever its own clock.
    private static final double TICKS_PER_SECOND = 100;

    private ProcStat() {}

    /// User and system time of all threads, in steps of 10 ms.
    static double cpuSeconds(long pid) {
        String stat = read("/proc/" + pid + "/stat");
        // The name in parentheses may hold anything; what follows it starts with field 3.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        int userTime = 14 - 3;
        return (Long.parseLong(fields[userTime]) + Long.parseLong(fields[userTime + 1]))
                / TICKS_PER_SECOND;
    }

    /// Resident memory in megabytes.
    static double residentMegabytes(long pid) {
        return status(pid, "VmRSS:");
    }

    /// The most that resident memory has been, in megabytes.
    static double peakMegabytes(long pid) {
        return status(pid, "VmHWM:");
    }

    private static double status(long pid, String key) {
        return read("/proc/" + pid + "/status")
                        .lines()
                        .filter(line -> line.startsWith(key))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow()
                * 1024
                / 1e6;
    }

    /// The mean number of running processes over the last minute.
    static String loadAverage() {
        return read("/proc/loadavg").split(" ")[0];
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
