package natt.transport.kcp;

import natt.core.spi.Transport;
import natt.transport.kcp.proto.MemoryBudget;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.SegmentPool;

/// Provides streams by KCP inside a session, one conversation for each. All sessions together
/// hold at most 64 MiB.
public final class KcpTransport implements Transport {
    /// Kept back for the few segments that every stream may hold when all else is gone.
    private static final long KEPT_BACK = 1 << 20;

    private final MemoryBudget memory = new MemoryBudget(SegmentPool.MOST_HELD - KEPT_BACK);

    private final Mode mode;

    public KcpTransport() {
        this(Mode.NATT);
    }

    private KcpTransport(Mode mode) {
        this.mode = mode;
    }

    @Override
    public String id() {
        return "kcp";
    }

    @Override
    public Transport inMode(String name) {
        return new KcpTransport(Mode.of(name));
    }

    @Override
    public int capability() {
        return 1;
    }

    @Override
    public Multiplexer open(Context context) {
        return new KcpMultiplexer(context, mode, memory);
    }
}
