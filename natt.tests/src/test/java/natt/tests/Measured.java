package natt.tests;

import java.time.Duration;

/// What a test has measured, for `docs/reliability.md`: no test depends on it.
public final class Measured {
    private Measured() {}

    public static void say(String what, Duration time) {
        say(what, "%.2f s".formatted(time.toNanos() / 1e9));
    }

    public static void say(String what, String figure) {
        System.out.println("measured: " + what + ": " + figure);
    }
}
