package natt.core.node;

import natt.core.status.Report;

import java.util.concurrent.CompletableFuture;

/// Carries local connections to the services of one host. Lives on the driver's thread.
interface Carrier {
    /// Ends with it if the local program broke off, which is its right.
    String LOCAL_BREAK = "the local connection broke off";

    /// Ends with it if this program was stopped before.
    String STOPPED = "stopped before it was connected";

    /// Takes a connection into care.
    ///
    /// @param ended completed with an empty string if both directions ended in order, else with one
    ///     line for the user
    void carry(LocalCall call, String service, CompletableFuture<String> ended);

    /// How many connections there are.
    int connections();

    /// Adds how the host and the connections are.
    void addTo(Report.Builder report, long nowNanos);

    /// Ends all, telling the peers.
    void close();
}
