package natt.core.node;

import natt.core.status.Report;

import java.util.List;
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

    /// The sessions there are.
    default List<Report> sessions() {
        return List.of();
    }

    /// Ends all, telling the peers.
    void close();
}
