package natt.core.unix;

import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.concurrent.Semaphore;

/// Says when one of some sockets can be read from, on which Java cannot select: a thread of its own
/// polls them, tells once, and goes on when what was there has been read.
///
/// For little traffic; [PacketFile] is for much.
public final class SocketWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");

    private final Libc libc;
    private final int[] sockets;
    private final int wake;
    private final Runnable readable;
    private final Semaphore turns = new Semaphore(0);
    private volatile boolean closing;

    private SocketWatch(Libc libc, int[] sockets, Runnable readable) throws UnixException {
        this.libc = libc;
        this.sockets = sockets;
        this.readable = readable;
        wake = libc.eventfd();
    }

    /// Starts watching sockets, which it closes at its end, also if it cannot begin.
    ///
    /// @param readable told on the watch's thread that there is something to be read
    public static SocketWatch start(Libc libc, String name, Runnable readable, int... sockets)
            throws UnixException {
        int[] own = sockets.clone();
        try {
            var watch = new SocketWatch(libc, own, readable);
            Thread.ofPlatform().daemon().name(name).start(watch::run);
            return watch;
        } catch (UnixException failed) {
            Arrays.stream(own).forEach(libc::close);
            throw failed;
        }
    }

    private void run() {
        int[] all = Arrays.copyOf(sockets, sockets.length + 1);
        all[sockets.length] = wake;
        try {
            while (!closing) {
                libc.awaitReadable(-1, all);
                if (!closing) {
                    readable.run();
                    turns.acquireUninterruptibly();
                }
            }
        } catch (UnixException failed) {
            LOG.log(
                    Level.ERROR,
                    "nothing is received any more beside another program: {0}",
                    failed.getMessage());
            // The sockets are still used for sending.
            while (!closing) {
                turns.acquireUninterruptibly();
            }
        } finally {
            // Here, so that nobody else's descriptors are polled under these numbers.
            Arrays.stream(all).forEach(libc::close);
        }
    }

    /// What there was to be read has been read, or as much as is read at a time.
    public void resume() {
        turns.release();
    }

    /// Ends the thread, which closes the sockets: nobody may use them from now on. Called once.
    @Override
    public void close() {
        try {
            libc.wake(wake);
        } catch (UnixException impossible) {
            throw new AssertionError("a counter can be written to", impossible);
        }
        // Last, since the thread closes what was written to as soon as it knows.
        closing = true;
        turns.release();
    }
}
