package natt.transport.kcp.proto;

/// The round-trip time and the retransmission timeout (RFC 6298), in nanoseconds.
///
/// Every sample belongs to one transmission, because acknowledgements echo the transmission's
/// number; so Karn's rule is not needed.
final class RttEstimator {
    private static final long MILLI = 1_000_000;
    private static final long INITIAL_RTO = 200 * MILLI;
    private static final int LONGEST_SAMPLES = 32;
    private static final long MAX_RTO = 10_000 * MILLI;

    private long smoothed;
    private long variation;
    private long latest;
    private long longest;
    private boolean measured;
    private long leastVariance;
    private long leastRto;

    RttEstimator() {
        this(100 * MILLI, 100 * MILLI);
    }

    /// @param leastVariance what is added to the round trip for the timeout, at least
    RttEstimator(long leastVariance, long leastRto) {
        this.leastVariance = leastVariance;
        this.leastRto = leastRto;
    }

    /// Says that the peer acknowledges at once. Others (kcp-go) do so at a tick of 100 ms.
    void peerAcknowledgesAtOnce() {
        leastVariance = 25 * MILLI;
        leastRto = 50 * MILLI;
    }

    void sample(long rtt) {
        long sample = Math.max(rtt, 1);
        latest = sample;
        longest = Math.max(sample, longest - (longest - sample) / LONGEST_SAMPLES);
        if (measured) {
            long deviation = Math.abs(smoothed - sample);
            variation += (deviation - variation) / 4;
            smoothed += (sample - smoothed) / 8;
        } else {
            measured = true;
            smoothed = sample;
            variation = sample / 2;
        }
    }

    long smoothed() {
        return smoothed;
    }

    /// The greater of the smoothed and the latest round-trip time, 0 before the first sample.
    long cautious() {
        return Math.max(smoothed, latest);
    }

    /// The longest of the last few dozen round trips, about: what most need where some datagrams
    /// overtake others.
    long longest() {
        return longest;
    }

    long rto() {
        if (!measured) {
            return INITIAL_RTO;
        }
        long rto = smoothed + Math.max(leastVariance, 4 * variation);
        return Math.clamp(rto, leastRto, MAX_RTO);
    }
}
