package natt.core.node;

import natt.core.forward.LocalEnd;
import natt.core.forward.PipeEnd;
import natt.core.io.Driver;

import org.jspecify.annotations.Nullable;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;

/// A connection to a target of a peer, to be used by any thread.
///
/// Each direction ends by itself: to close [#output] tells the target that there is no more, and
/// what it still says can be read. Reading fails with one line that says why if the connection
/// breaks off.
public final class NodeStream implements AutoCloseable {
    private final Call call;

    private NodeStream(Call call) {
        this.call = call;
    }

    /// What the target says.
    public InputStream input() {
        return call.pipe().input();
    }

    /// What the target is told.
    public OutputStream output() {
        return call.pipe().output();
    }

    /// What a command says on its standard error: to be read if it may be more than 256 KiB, since
    /// the command waits. Empty for other targets.
    public InputStream error() {
        return call.error == null ? InputStream.nullInputStream() : call.error.input();
    }

    /// Completes when the connection has ended, with the exit status of a command.
    public CompletableFuture<Ending> ended() {
        return call.ended.copy();
    }

    /// Ends the connection: what was written is still delivered, what comes is dropped.
    @Override
    public void close() {
        call.pipe().drop();
        if (call.error != null) {
            call.error.drop();
        }
        call.onClose.run();
    }

    /// What is carried: pipes to this program.
    static final class Call implements LocalCall {
        private final CompletableFuture<NodeStream> connected = new CompletableFuture<>();
        private final CompletableFuture<Ending> ended = new CompletableFuture<>();
        private volatile @Nullable PipeEnd pipe;
        private volatile @Nullable PipeEnd error;
        private volatile Runnable onClose = () -> {};

        CompletableFuture<NodeStream> whenConnected() {
            return connected;
        }

        CompletableFuture<Ending> whenEnded() {
            return ended;
        }

        void onClose(Runnable action) {
            onClose = action;
        }

        private PipeEnd pipe() {
            PipeEnd opened = pipe;
            if (opened == null) {
                throw new AssertionError("a stream is given away when it has been opened");
            }
            return opened;
        }

        @Override
        public LocalEnd open(Driver driver, Runnable onReady) {
            var opened = new PipeEnd(driver, onReady);
            pipe = opened;
            return opened;
        }

        @Override
        public LocalEnd openError(Driver driver, Runnable onReady) {
            var opened = new PipeEnd(driver, onReady);
            error = opened;
            return opened;
        }

        @Override
        public String origin() {
            return "this program";
        }

        @Override
        public void refuse() {
            // The future says so.
        }

        @Override
        public void connected() {
            connected.complete(new NodeStream(this));
        }

        @Override
        public void over(boolean wasConnected, String why) {
            if (!why.isEmpty() && pipe != null) {
                pipe().fail(why);
            }
        }
    }
}
