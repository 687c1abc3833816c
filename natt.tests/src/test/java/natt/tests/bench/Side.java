package natt.tests.bench;

import java.nio.ByteBuffer;

/// One side of a connection whose engine is measured, with the engine's own clock.
interface Side {
    void handleDatagram(ByteBuffer datagram, long nowNanos);

    /// Does what is due, if anything is.
    void handleTimeout(long nowNanos);

    /// Sends what there is to send.
    void transmit(Wire wire, long nowNanos);

    long nanosUntilTimeout(long nowNanos);

    /// Takes what flow control allows, advancing the buffer.
    void write(ByteBuffer message, long nowNanos);

    /// Returns how much was read, 0 if there is nothing to read.
    int read(ByteBuffer into, long nowNanos);
}
