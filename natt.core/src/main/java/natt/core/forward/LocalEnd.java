package natt.core.forward;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The local side of a forwarded connection: a TCP connection, or standard input and output.
///
/// Used on the driver's thread only; nothing blocks. The owner is told through its callback when
/// reading or writing may go on.
public interface LocalEnd {
    /// Reads what has arrived: its length, 0 when there is nothing yet, -1 at the end.
    int read(ByteBuffer into) throws IOException;

    /// Writes what the other program takes now and advances the buffer.
    void write(ByteBuffer data) throws IOException;

    /// Passes on that nothing more will be written, once everything written has left.
    void finish() throws IOException;

    /// Whether everything written, and the end, has been handed to the other program.
    ///
    /// @throws IOException if it took less than that and takes no more
    boolean flushed() throws IOException;

    /// Says what to wait for.
    void interest(boolean reading, boolean writing);

    /// Ends both directions in order; [#flushed] tells when that is done.
    void close();

    /// Breaks both directions off, so that the other program sees an error where it can. What was
    /// written before may still be handed over, until [#flushed].
    void abort();
}
