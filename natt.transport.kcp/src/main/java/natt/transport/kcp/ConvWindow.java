package natt.transport.kcp;

/// Which conversation numbers the peer has used. It counts them up in steps of two, but they may
/// arrive out of order; numbers far below the highest count as used.
final class ConvWindow {
    /// As many as are remembered one by one.
    private static final int WIDTH = Long.SIZE;

    /// After the highest number that was used.
    private int next;

    /// Bit i: the number `next - 2 * (i + 1)` was used, or lies before the first.
    private long used = -1;

    /// @param first the peer's first number
    ConvWindow(int first) {
        next = first;
    }

    boolean isUsed(int conv) {
        int behind = next - conv >> 1;
        if (behind <= 0) {
            return false;
        }
        return behind > WIDTH || (used >>> behind - 1 & 1) != 0;
    }

    void use(int conv) {
        int ahead = (conv - next >> 1) + 1;
        if (ahead > 0) {
            used = ahead < WIDTH ? used << ahead | 1 : 1;
            next = conv + 2;
        } else if (ahead > -WIDTH) {
            used |= 1L << -ahead;
        }
    }
}
