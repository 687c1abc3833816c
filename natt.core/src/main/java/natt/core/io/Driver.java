package natt.core.io;

import natt.core.Text;
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
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// The one thread that owns sockets: it feeds the engines of its ports, sends what they emit, and
/// moves bytes between streams and local connections.
///
/// Everything but [#execute], [#start], [#failure] and [#close] is called on that thread. What goes
/// wrong with one datagram or connection is reported, and the others go on.
public final class Driver implements Executor, Ticker, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int SCRATCH_BYTES = 65_536;

    /// How soon a port is served again whose engine or owner has failed.
    private static final long AFTER_FAULT_NANOS = 100_000_000;

    private static final long REPORT_INTERVAL_NANOS = 1_000_000_000;

    /// Something that waits for its channel.
    public interface Ready {
        void ready(SelectionKey key, long nowNanos);
    }

    private record Task(long atNanos, long order, Runnable action) {}

    /// How far the wall clock and the ticker may part between two turns, in milliseconds.
    private static final long JUMP_MILLIS = 5_000;

    /// How long a jump may stay unnoticed.
    private static final Duration CLOCK_CHECK = Duration.ofSeconds(1);

    private final Ticker ticker;
    private final LongSupplier wallMillis;
    private final List<Runnable> onClockJump = new ArrayList<>();
    private final Selector selector;
    private final Consumer<SelectionKey> onReady = this::ready;
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
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private long taskCount;
    private long now;
    private long checkedWall;
    private long checkedAt;
    private long reportedAt;
    private boolean reported;
    private volatile boolean closing;
    private boolean runs = true;

    public Driver(Ticker ticker, String name) throws IOException {
        this(ticker, System::currentTimeMillis, name);
    }

    /// @param wallMillis the wall clock, in milliseconds since 1970
    Driver(Ticker ticker, LongSupplier wallMillis, String name) throws IOException {
        this.ticker = ticker;
        this.wallMillis = wallMillis;
        selector = Selector.open();
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    }

    public Driver start() {
        thread.start();
        return this;
    }

    /// Runs an action on the driver's thread, in the order of the calls. Ignored after [#close].
    /// One that is added by another of them has its turn after the sockets.
    @Override
    public void execute(Runnable action) {
        commands.add(action);
        selector.wakeup();
    }

    /// The time of this turn on the driver's thread, so that it never goes backwards for an engine;
    /// elsewhere the time.
    @Override
    public long nanoTime() {
        return Thread.currentThread() == thread ? now : ticker.nanoTime();
    }

    /// Completes with one line for the user if the thread stops without [#close]; on that thread.
    public CompletableFuture<String> failure() {
        return failure;
    }

    /// Runs an action once the delay has passed.
    public void schedule(Duration delay, Runnable action) {
        tasks.add(new Task(nanoTime() + delay.toNanos(), taskCount++, action));
    }

    /// Runs an action whenever the wall clock and the ticker have parted by more than 5 seconds
    /// from one turn to the next: the machine has slept, or somebody has set its clock.
    public void onClockJump(Runnable action) {
        if (onClockJump.isEmpty()) {
            checkedWall = wallMillis.getAsLong();
            checkedAt = nanoTime();
            schedule(CLOCK_CHECK, this::keepTurning);
        }
        onClockJump.add(action);
    }

    private void keepTurning() {
        schedule(CLOCK_CHECK, this::keepTurning);
    }

    private void checkClock() {
        long wall = wallMillis.getAsLong();
        long jump = wall - checkedWall - (now - checkedAt) / 1_000_000;
        checkedWall = wall;
        checkedAt = now;
        if (Math.abs(jump) > JUMP_MILLIS) {
            LOG.log(Level.INFO, "the clock has jumped by {0} s", jump / 1_000);
            onClockJump.forEach(this::guarded);
        }
    }

    /// Opens a UDP socket whose datagrams the engines of the port share.
    ///
    /// @throws IOException if the address cannot be bound
    public Port openPort(InetSocketAddress bind) throws IOException {
        return open(receiver -> new PortSocket(this, 0, bind, PortSocket.LARGE_BUFFERS, receiver));
    }

    /// Makes a port of what has been opened on the port of another program; the driver's from now
    /// on, as is its end.
    ///
    /// @throws IOException if it is closed already
    public Port openSharedPort(SharedPort shared) throws IOException {
        return open(receiver -> new SharedSocket(this, shared, receiver));
    }

    private Port open(OwnSocket.Opener opener) throws IOException {
        var port = new Port(this, opener);
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

    /// Lets the sockets that are opened from now on send and receive one by one.
    void useNoRuns() {
        runs = false;
    }

    boolean usesRuns() {
        return runs;
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
        now = ticker.nanoTime();
        try (selector) {
            while (!closing) {
                turn();
            }
        } catch (IOException | RuntimeException | Error broken) {
            failure.complete("the network thread has stopped: " + Text.escape(broken.toString()));
        } finally {
            List.copyOf(ports).forEach(port -> guarded(port::close));
            ended.countDown();
        }
    }

    private void turn() throws IOException {
        now = ticker.nanoTime();
        // Those that they add wait for the next turn, else the sockets might never have theirs.
        for (int left = commands.size(); left > 0; left--) {
            guarded(Objects.requireNonNull(commands.poll()));
        }
        now = ticker.nanoTime();
        if (!onClockJump.isEmpty()) {
            checkClock();
        }
        for (Task task; (task = tasks.peek()) != null && task.atNanos - now <= 0; ) {
            tasks.poll();
            guarded(task.action);
        }
        long wait = Long.MAX_VALUE;
        for (int i = 0; i < ports.size(); i++) {
            wait = Math.min(wait, serve(ports.get(i)));
        }
        Task next = tasks.peek();
        if (next != null) {
            wait = Math.min(wait, next.atNanos - now);
        }
        if (!commands.isEmpty() || wait <= 0) {
            selector.selectNow(onReady);
        } else if (wait == Long.MAX_VALUE) {
            selector.select(onReady);
        } else {
            selector.select(onReady, 1 + (wait - 1) / 1_000_000);
        }
    }

    private long serve(Port port) {
        try {
            return port.serve(now);
        } catch (RuntimeException | AssertionError fault) {
            report(fault);
            return AFTER_FAULT_NANOS;
        }
    }

    private void ready(SelectionKey key) {
        now = ticker.nanoTime();
        try {
            if (key.isValid() && key.attachment() instanceof Ready attached) {
                attached.ready(key, now);
            }
        } catch (RuntimeException | AssertionError fault) {
            report(fault);
        }
    }

    private void guarded(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | AssertionError fault) {
            report(fault);
        }
    }

    /// Logs a fault of this program in one line, and at most one a second.
    public void report(Throwable fault) {
        if (reported && now - reportedAt < REPORT_INTERVAL_NANOS) {
            return;
        }
        reported = true;
        reportedAt = now;
        StackTraceElement[] trace = fault.getStackTrace();
        LOG.log(
                Level.ERROR,
                "a fault in natt, which goes on: {0} at {1}",
                Text.escape(fault.toString()),
                trace.length == 0 ? "an unknown place" : trace[0]);
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
