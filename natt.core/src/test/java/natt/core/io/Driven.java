package natt.core.io;

import natt.core.spi.Engine;
import natt.core.time.Ticker;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/// A driver with one port on the loopback address, for tests on another thread.
final class Driven implements AutoCloseable {
    static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    final Driver driver;
    final Port port;
    final EchoEngine engine;

    /// Counted on the driver's thread.
    private int turns;

    Driven(Ticker ticker, boolean echoes) throws Exception {
        driver = new Driver(ticker, "test-driven").start();
        engine = new EchoEngine(echoes);
        port = call(() -> driver.openPort(new InetSocketAddress(LOOPBACK, 0)));
        run(() -> port.attach(List.of(engine), this::turned));
    }

    private long turned(long nowNanos) {
        turns++;
        return Engine.NEVER;
    }

    static Driven echoing() throws Exception {
        return new Driven(Ticker.system(), true);
    }

    static Driven silent() throws Exception {
        return new Driven(Ticker.system(), false);
    }

    /// Runs something on the driver's thread and waits for it.
    <T> T call(Callable<T> action) throws Exception {
        var done = new CompletableFuture<T>();
        driver.execute(
                () -> {
                    try {
                        done.complete(action.call());
                    } catch (Exception | AssertionError failed) {
                        done.completeExceptionally(failed);
                    }
                });
        return done.get();
    }

    void run(Runnable action) throws Exception {
        call(
                () -> {
                    action.run();
                    return true;
                });
    }

    /// Waits until what was due has been done and what the engine had has been sent.
    void settle() throws Exception {
        int before = call(() -> turns);
        while (call(() -> turns) == before) {
            Thread.onSpinWait();
        }
    }

    /// Lets the engine send, and waits until it has.
    void send(InetSocketAddress to, byte... data) throws Exception {
        run(() -> engine.send(to, data));
        settle();
    }

    @Override
    public void close() throws IOException {
        driver.close();
    }
}
