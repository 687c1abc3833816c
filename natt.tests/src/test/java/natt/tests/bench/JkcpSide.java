package natt.tests.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.beykery.jkcp.Kcp;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/// The class Kcp of jkcp, set as kcptun's fast modes and the original set kcp-go, but for its
/// interval: a flush every 10 ms, fast retransmission after 2 acknowledgements of later
/// segments, no congestion control. Its clock counts milliseconds from zero, as it must.
final class JkcpSide implements Side {
    private static final int CONV = 7;
    private static final int MTU = 1400;
    private static final int INTERVAL_MILLIS = 10;
    private static final int RESEND = 2;
    private static final int MOST_HELD = 2 * KcpBenchmark.WINDOW;

    private final Kcp kcp;
    private final ArrayDeque<ByteBuf> outgoing = new ArrayDeque<>();
    private final byte[] message = new byte[KcpBenchmark.MESSAGE];
    private final ByteBuf buffer = Unpooled.wrappedBuffer(message);
    private final byte[] datagramBytes = new byte[MTU];
    private final ByteBuf datagramBuffer = Unpooled.wrappedBuffer(datagramBytes);

    JkcpSide() {
        kcp = new Kcp((datagram, _, _) -> outgoing.add(datagram), null);
        kcp.setConv(CONV);
        kcp.setMtu(MTU);
        kcp.noDelay(1, INTERVAL_MILLIS, RESEND, 1);
        kcp.wndSize(KcpBenchmark.WINDOW, KcpBenchmark.WINDOW);
    }

    @Override
    public void handleDatagram(ByteBuffer datagram, long nowNanos) {
        int length = datagram.remaining();
        datagram.get(datagramBytes, 0, length);
        kcp.input(datagramBuffer.setIndex(0, length));
    }

    @Override
    public void handleTimeout(long nowNanos) {
        if (nanosUntilTimeout(nowNanos) <= 0) {
            kcp.update(millis(nowNanos));
        }
    }

    @Override
    public void transmit(Wire wire, long nowNanos) {
        for (ByteBuf datagram; (datagram = outgoing.poll()) != null; ) {
            ByteBuffer into = wire.next();
            int length = datagram.readableBytes();
            datagram.readBytes(into.array(), 0, length);
            datagram.release();
            into.position(length);
            wire.send(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return TimeUnit.MILLISECONDS.toNanos(kcp.check(millis(nowNanos))) - nowNanos;
    }

    private static long millis(long nowNanos) {
        return TimeUnit.NANOSECONDS.toMillis(nowNanos);
    }

    @Override
    public void write(ByteBuffer data, long nowNanos) {
        if (kcp.waitSnd() < MOST_HELD) {
            int length = data.remaining();
            data.get(message, 0, length);
            kcp.send(buffer.setIndex(0, length).retain());
        }
    }

    @Override
    public int read(ByteBuffer into, long nowNanos) {
        int length = kcp.receive(buffer.clear());
        if (length <= 0) {
            return 0;
        }
        into.put(message, 0, length);
        return length;
    }
}
