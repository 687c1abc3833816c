package natt.discovery.portmap.proto;

import java.util.concurrent.TimeUnit;

/// Compares a gateway's clock, which starts when its mappings are lost, with ours.
public final class Epoch {
    /// How much the clocks may differ in rate, as a fraction of the time passed.
    private final int tolerance;

    private final boolean both;
    private long seconds;
    private long atNanos;
    private boolean known;

    private Epoch(int tolerance, boolean both) {
        this.tolerance = tolerance;
        this.both = both;
    }

    /// By RFC 6887, section 8.5: neither clock may be faster by more than a sixteenth.
    public static Epoch ofPcp() {
        return new Epoch(16, true);
    }

    /// By RFC 6886, section 3.6: the gateway's clock may be slower by an eighth.
    public static Epoch ofNatPmp() {
        return new Epoch(8, false);
    }

    /// Takes what a gateway says, and tells whether it has lost its mappings since it last said
    /// something.
    public boolean restarted(long epochSeconds, long nowNanos) {
        boolean lost = known && !plausible(epochSeconds, nowNanos);
        known = true;
        seconds = epochSeconds;
        atNanos = nowNanos;
        return lost;
    }

    private boolean plausible(long epochSeconds, long nowNanos) {
        long theirs = epochSeconds - seconds;
        long ours = TimeUnit.NANOSECONDS.toSeconds(nowNanos - atNanos);
        if (theirs < -1) {
            return false;
        }
        boolean slow = theirs + 2 < ours - ours / tolerance;
        boolean fast = both && ours + 2 < theirs - theirs / tolerance;
        return !slow && !fast;
    }
}
