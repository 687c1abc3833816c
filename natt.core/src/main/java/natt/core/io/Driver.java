package natt.core.io;

import natt.core.time.Ticker;

import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The one thread that owns sockets: it feeds the engines of its ports, sends what they emit, and
/// moves bytes between streams and local connections.
///
/// Everything but [#execute], [#start] and [#close] is called on that thread.
public final class Driver implements AutoCloseable {
    /// How many datagrams one port, or bytes one connection, may take before the others get a turn.
    static final int DATAGRAMS_PER_TURN = 64;

    private static final System.Logger LOG = System.getLogger("natt");
    private static final int SCRATCH_BYTES = 65_536;

    /// Something that waits for its channel.
    public interface Ready {
        void ready(SelectionKey key, long nowNanos);
    }

    private record Task(long atNanos, long order, Runnable action) {}

    private final Ticker ticker;
    private final Selector selector;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final List<Port> ports = new ArrayList<>();
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    private final ByteBuffer received = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(
                    (a, b) ->
                            a.atNanos == b.atNanos
                                    ? Long.signum(a.order - b.order)
                                    : Long.signum(a.atNanos - b.atNanos));
    private long taskCount;
    private volatile boolean closing;

    public Driver(Ticker ticker, String name) throws IOException {
        this.ticker = ticker;
        selector = Selector.open();
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    public Driver start() {
        thread.start();
        return this;
    }

    /// Runs an action on the driver's thread, in the order of the calls. Ignored after [#close].
    public void execute(Runnable action) {
        commands.add(action);
        selector.wakeup();
    }

    public long nanoTime() {
        return ticker.nanoTime();
    }

    /// Runs an action once the delay has passed.
    public void schedule(Duration delay, Runnable action) {
        tasks.add(new Task(ticker.nanoTime() + delay.toNanos(), taskCount++, action));
    }

    /// Opens a UDP socket whose datagrams the engines of the port share.
    ///
    /// @throws IOException if the address cannot be bound
    public Port openPort(InetSocketAddress bind) throws IOException {
        var port = new Port(this, bind);
        ports.add(port);
        return port;
    }

    void forget(Port port) {
        ports.remove(port);
    }

    /// Watches a channel, which becomes non-blocking, until it is closed.
    public SelectionKey register(SelectableChannel channel, int operations, Ready ready)
            throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, operations, ready);
    }

    /// A cleared buffer of 64 KiB, to be used before returning to the driver and not across calls.
    public ByteBuffer scratchBuffer() {
        return scratch.clear();
    }

    /// The buffer into which ports receive; engines keep copies, never the buffer.
    ByteBuffer receiveBuffer() {
        return received;
    }

    /// Closes a channel of which nothing more is wanted.
    public static void closeQuietly(Closeable channel) {
        try {
            channel.close();
        } catch (IOException failed) {
            LOG.log(Level.DEBUG, "closing failed: {0}", failed.toString());
        }
    }

    private void run() {
        try (selector) {
            while (!closing) {
                turn();
            }
        } catch (IOException broken) {
            LOG.log(Level.ERROR, "the network thread stops: " + broken.getMessage(), broken);
        } finally {
            List.copyOf(ports).forEach(Port::close);
            ended.countDown();
        }
    }

    private void turn() throws IOException {
        for (Runnable command; (command = commands.poll()) != null; ) {
            command.run();
        }
        long now = ticker.nanoTime();
        for (Task task; (task = tasks.peek()) != null && task.atNanos - now <= 0; ) {
            tasks.poll();
            task.action.run();
        }
        long wait = Long.MAX_VALUE;
        for (int i = 0; i < ports.size(); i++) {
            wait = Math.min(wait, ports.get(i).serve(now));
        }
        Task next = tasks.peek();
        if (next != null) {
            wait = Math.min(wait, next.atNanos - now);
        }
        if (!commands.isEmpty() || wait <= 0) {
            selector.selectNow();
        } else if (wait == Long.MAX_VALUE) {
            selector.select();
        } else {
            selector.select(1 + (wait - 1) / 1_000_000);
        }
        long ready = ticker.nanoTime();
        var keys = selector.selectedKeys();
        if (!keys.isEmpty()) {
            for (SelectionKey key : keys) {
                if (key.isValid() && key.attachment() instanceof Ready attached) {
                    attached.ready(key, ready);
                }
            }
            keys.clear();
        }
    }

    /// Gives up a driver that was never started.
    public void discard() {
        closeQuietly(selector);
    }

    /// Stops the thread and closes every port; waits for that at most a second.
    @Override
    public void close() {
        closing = true;
        selector.wakeup();
        if (Thread.currentThread() != thread) {
            try {
                boolean inTime = ended.await(1, TimeUnit.SECONDS);
                if (!inTime) {
                    LOG.log(Level.DEBUG, "the network thread is still busy");
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
