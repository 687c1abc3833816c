package natt.core.forward;

import java.nio.ByteBuffer;

/// How a stream carries what a command says, big-endian: standard output and standard error in
/// pieces as they come, and at last the exit status.
///
/// ```text
/// 0      1       3
/// | type | n     | n bytes
/// ```
///
/// Types: 1 output, 2 error, 3 exit status (one byte, 128 and the signal's number for a program
/// that a signal has ended).
final class CommandFrame {
    static final int OUTPUT = 1;
    static final int ERROR = 2;
    static final int STATUS = 3;
    static final int HEADER = 3;

    private CommandFrame() {}

    /// @param length of the data, at most 65535 bytes
    static ByteBuffer of(int type, byte[] data, int length) {
        return ByteBuffer.allocate(HEADER + length)
                .put((byte) type)
                .putShort((short) length)
                .put(data, 0, length)
                .flip();
    }

    static ByteBuffer status(int status) {
        return of(STATUS, new byte[] {(byte) status}, 1);
    }
}
