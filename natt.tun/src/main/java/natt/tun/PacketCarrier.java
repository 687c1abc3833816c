package natt.tun;

import natt.core.status.Report;

import java.util.concurrent.CompletableFuture;

/// A device at work, whatever carries its packets to the other end.
public interface PacketCarrier extends AutoCloseable {
    /// Completes with one line for the user if it can do its work no longer.
    CompletableFuture<String> failure();

    /// How it is, now.
    CompletableFuture<Report> report();

    /// What the log says of it at the start, one line.
    String description();

    /// Tells the other ends, and removes the device, or leaves one that was there before as it was.
    @Override
    void close();
}
