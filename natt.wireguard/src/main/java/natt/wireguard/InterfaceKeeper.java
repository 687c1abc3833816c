package natt.wireguard;

import natt.core.Text;
import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.WireGuardInterface;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Looks at an interface again and again, and sets it in between, on a thread of its own.
final class InterfaceKeeper {
    /// Told on the keeper's thread.
    interface Listener {
        /// @param unixSeconds when the interface was looked at
        /// @param settings how many of [#set] had been done before
        void looked(InterfaceState state, long unixSeconds, int settings);

        /// @param why in one line for the user
        void failed(String why);
    }

    private final WireGuardInterface device;
    private final Duration pause;
    private final Listener listener;
    private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private int settings;
    private boolean ending;

    InterfaceKeeper(WireGuardInterface device, Duration pause, Listener listener) {
        this.device = device;
        this.pause = pause;
        this.listener = listener;
    }

    void start() {
        Thread.ofVirtual().name("natt-wireguard").start(this::run);
    }

    /// Sets what is to be set, soon.
    void set(List<PeerChange> changes) {
        work.add(() -> setNow(changes));
    }

    /// Sets something for the last time, and ends.
    ///
    /// @return completes when that is done
    CompletableFuture<Boolean> finish(List<PeerChange> changes) {
        var done = new CompletableFuture<Boolean>();
        work.add(
                () -> {
                    ending = true;
                    done.complete(setNow(changes));
                });
        return done;
    }

    private void run() {
        try {
            long lookAt = System.nanoTime() + pause.toNanos();
            while (!ending) {
                Runnable next = work.poll(lookAt - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (next != null) {
                    next.run();
                } else {
                    look();
                    lookAt = System.nanoTime() + pause.toNanos();
                }
            }
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        long unixSeconds = System.currentTimeMillis() / 1_000;
        InterfaceState state;
        try {
            state = device.read();
        } catch (IOException | RuntimeException failed) {
            listener.failed(line(failed));
            return;
        }
        listener.looked(state, unixSeconds, settings);
    }

    private boolean setNow(List<PeerChange> changes) {
        settings++;
        try {
            if (!changes.isEmpty()) {
                device.set(changes);
            }
            return true;
        } catch (IOException | RuntimeException failed) {
            listener.failed(line(failed));
            return false;
        }
    }

    /// What nobody has foreseen must not end the looks; it is shown by its type and first line.
    private String line(Exception failed) {
        if (failed instanceof IOException) {
            return String.valueOf(failed.getMessage());
        }
        String first = failed.toString().lines().findFirst().orElse("");
        return "%s: %s".formatted(device.name(), Text.escape(first));
    }
}
