package natt.core.unix;

import java.io.IOException;
import java.io.Serial;

/// A system call that has failed.
public final class UnixException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    private final int errno;

    /// @param call the name of the system call
    /// @param errno the number of the error
    /// @param text what the system calls it
    public UnixException(String call, int errno, String text) {
        super(call + ": " + text);
        this.errno = errno;
    }

    /// The number of the error, as in `errno(3)`.
    public int errno() {
        return errno;
    }
}
