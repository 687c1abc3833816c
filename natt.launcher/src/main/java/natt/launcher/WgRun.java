package natt.launcher;

import java.lang.System.Logger.Level;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/// A run of `natt wg`, from before anything is touched to its end: by itself, or by a signal, which
/// is no failure whenever it comes.
final class WgRun {
    private static final System.Logger LOG = System.getLogger("natt");

    private Runnable closing = () -> {};
    private CompletableFuture<String> failure = new CompletableFuture<>();
    private boolean isStopping;
    private boolean hasEnded;

    /// Does the work and returns its exit code.
    int run(Callable<Integer> work) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        return call(work);
    }

    int call(Callable<Integer> work) throws Exception {
        try {
            return work.call();
        } finally {
            synchronized (this) {
                hasEnded = true;
            }
        }
    }

    /// Takes what is to be closed at the end; false if the end has come meanwhile.
    ///
    /// @param failed completes if it ends by itself and should not have
    synchronized boolean keep(Runnable close, CompletableFuture<String> failed) {
        if (isStopping) {
            return false;
        }
        closing = close;
        failure = failed;
        return true;
    }

    private void stop() {
        if (end()) {
            LOG.log(Level.INFO, "stopped");
            // An orderly stop is no failure, whatever the signal.
            Runtime.getRuntime().halt(CommandLine.DONE);
        }
    }

    /// Closes what is to be closed, and returns whether that ended the work.
    boolean end() {
        Runnable close;
        boolean works;
        synchronized (this) {
            isStopping = true;
            close = closing;
            works = !hasEnded && !failure.isDone();
        }
        close.run();
        return works;
    }
}
