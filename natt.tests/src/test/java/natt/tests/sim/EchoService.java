package natt.tests.sim;

import natt.core.spi.Transport;

import java.nio.ByteBuffer;

/// Sends back what arrives.
final class EchoService implements Pump {
    static final String SERVICE = "echo";

    private final Transport.Stream stream;
    private final ByteBuffer buffer = ByteBuffer.allocate(16_384).limit(0);
    private boolean ended;

    EchoService(Transport.Stream stream) {
        this.stream = stream;
    }

    @Override
    public Transport.Stream stream() {
        return stream;
    }

    @Override
    public void serve(long nowNanos) {
        while (!ended) {
            if (buffer.hasRemaining()) {
                stream.write(buffer, nowNanos);
                if (buffer.hasRemaining()) {
                    return;
                }
            }
            int n = stream.read(buffer.clear(), nowNanos);
            buffer.flip();
            if (n == 0) {
                return;
            }
            if (n < 0) {
                ended = true;
                stream.finish(nowNanos);
            }
        }
    }
}
