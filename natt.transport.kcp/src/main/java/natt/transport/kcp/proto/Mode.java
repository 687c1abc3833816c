package natt.transport.kcp.proto;

import java.util.Arrays;
import java.util.stream.Collectors;

/// How it is decided what may be on its way and what is lost: by natt's model of the path, or by
/// one of the settings of KCP's `nodelay` that users of KCP know by name.
///
/// What is not taken over from KCP: a flush interval. What is due leaves at once, and the interval
/// only bounds the retransmission timeout, as it does in KCP.
public enum Mode {
    /// A model of the path's rate and round trip, and pacing ([RateControl]).
    NATT(0, 0, 0),

    /// `nodelay` 0, 40 ms, 2, with KCP's congestion control.
    NORMAL(100, 40, 0),

    /// `nodelay` 0, 30 ms, 2, no congestion control.
    FAST(100, 30, Mode.WINDOW),

    /// `nodelay` 1, 20 ms, 2, no congestion control.
    FAST2(30, 20, Mode.WINDOW),

    /// `nodelay` 1, 10 ms, 2, no congestion control.
    FAST3(30, 10, Mode.WINDOW);

    /// Segments in flight without congestion control: what kcptun's server takes.
    private static final int WINDOW = 1024;

    /// The third number of `nodelay`: a segment is lost when so many later ones have arrived.
    private static final int RESEND = 2;

    private static final long MILLI = 1_000_000;

    private final long leastRto;
    private final long interval;
    private final int window;

    /// @param leastRto in milliseconds
    /// @param interval of KCP's clock, in milliseconds
    /// @param window segments in flight; 0 where it is not fixed
    Mode(int leastRto, int interval, int window) {
        this.leastRto = leastRto * MILLI;
        this.interval = interval * MILLI;
        this.window = window;
    }

    /// Finds a mode by its name.
    ///
    /// @throws IllegalArgumentException with one line for the user, if there is none
    public static Mode of(String name) {
        for (Mode each : values()) {
            if (each.toString().equals(name)) {
                return each;
            }
        }
        String names =
                Arrays.stream(values()).map(Mode::toString).collect(Collectors.joining(", "));
        throw new IllegalArgumentException(
                "there is no mode '%s', there are %s".formatted(name, names));
    }

    /// Whether losses and timeouts are found as KCP finds them.
    boolean isClassic() {
        return this != NATT;
    }

    /// How many later transmissions must be acknowledged before one counts as lost.
    int resend() {
        return RESEND;
    }

    /// Whether the timeout grows by a half from one retransmission to the next, not to twice.
    boolean hasLittleBackoff() {
        return leastRto < NORMAL.leastRto;
    }

    /// @param ackDelay how long the peer may hold an acknowledgement back
    CongestionControl control(int mss, long ackDelay, int mostInFlight) {
        if (!isClassic()) {
            return new RateControl(mss, ackDelay, mostInFlight);
        }
        return window == 0 ? new ClassicControl(mss) : new FixedWindow(window);
    }

    RttEstimator rtt() {
        return isClassic() ? new RttEstimator(interval, leastRto) : new RttEstimator();
    }

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
