package natt.core.doctor;

import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.time.Ticker;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/// Runs engines on ports of their own until they have found what they look for.
final class Bench implements AutoCloseable {
    /// Engines, and what they look for.
    interface Trial<T> {
        List<Engine> engines();

        /// What has been found; null to go on. Called after every input, on the driver's thread.
        @Nullable T poll(long nowNanos);

        /// What is known when there is no more time.
        T giveUp();
    }

    /// Prepares a trial on its port, on the driver's thread.
    interface Setup<T> {
        Trial<T> begin(Port port, long nowNanos) throws IOException;
    }

    private final Driver driver;

    Bench(Ticker ticker) throws IOException {
        driver = new Driver(ticker, "natt-doctor").start();
    }

    Driver driver() {
        return driver;
    }

    /// Runs a trial on a port of its own.
    ///
    /// @param any the wildcard of the family to be used
    /// @return empty if there is no such port
    <T> Optional<T> run(String any, Duration patience, Setup<T> setup) throws InterruptedException {
        var outcome = new CompletableFuture<Optional<T>>();
        var bind = new InetSocketAddress(InetAddress.ofLiteral(any), 0);
        driver.execute(() -> begin(bind, patience, setup, outcome));
        try {
            return outcome.get();
        } catch (ExecutionException broken) {
            throw new IllegalStateException(broken.getCause());
        }
    }

    private <T> void begin(
            InetSocketAddress bind,
            Duration patience,
            Setup<T> setup,
            CompletableFuture<Optional<T>> outcome) {
        Port port;
        try {
            port = driver.openPort(bind);
        } catch (IOException none) {
            outcome.complete(Optional.empty());
            return;
        }
        try {
            long now = driver.nanoTime();
            Trial<T> trial = setup.begin(port, now);
            driver.schedule(patience, () -> end(port, outcome, trial::giveUp));
            port.attach(
                    trial.engines(),
                    at -> {
                        T found = trial.poll(at);
                        if (found != null) {
                            driver.execute(() -> end(port, outcome, () -> found));
                        }
                        return Engine.NEVER;
                    });
        } catch (IOException none) {
            port.close();
            outcome.complete(Optional.empty());
        } catch (RuntimeException | AssertionError fault) {
            port.close();
            outcome.completeExceptionally(fault);
        }
    }

    private static <T> void end(
            Port port, CompletableFuture<Optional<T>> outcome, Supplier<T> found) {
        if (!outcome.isDone()) {
            outcome.complete(Optional.of(found.get()));
            port.close();
        }
    }

    @Override
    public void close() {
        driver.close();
    }
}
