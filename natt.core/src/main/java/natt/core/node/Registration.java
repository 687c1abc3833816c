package natt.core.node;

import natt.core.NodeKey;
import natt.core.io.Driver;
import natt.core.rendezvous.Message.NameCode;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Waits until a node is registered at its first broker, with all its names. Lives on the driver's
/// thread.
final class Registration {
    /// How long the broker may take to answer.
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final Driver driver;
    private final Brokers brokers;
    private final NodeKey own;
    private final List<String> names;
    private final CompletableFuture<String> registered;
    private final long since;

    /// @param own this node's key
    /// @param names that it wants
    /// @param registered completed with an empty string, or with one line for the user
    Registration(
            Driver driver,
            Brokers brokers,
            NodeKey own,
            List<String> names,
            CompletableFuture<String> registered) {
        this.driver = driver;
        this.brokers = brokers;
        this.own = own;
        this.names = names;
        this.registered = registered;
        since = driver.nanoTime();
    }

    void await() {
        BrokerLink link = brokers.links().getFirst();
        if (link.answer().isPresent()) {
            List<NameCode> codes = link.answer().get().names();
            for (int i = 0; i < Math.min(codes.size(), names.size()); i++) {
                if (codes.get(i) != NameCode.OK) {
                    registered.complete(
                            "the broker %s does not give the name %s: %s"
                                    .formatted(
                                            link.address().place(),
                                            names.get(i),
                                            BrokerLink.describe(codes.get(i))));
                }
            }
            registered.complete("");
        } else if (brokers.isHopeless(own) || driver.nanoTime() - since > PATIENCE.toNanos()) {
            registered.complete(brokers.why(own));
        } else {
            driver.schedule(LOOK_AGAIN, this::await);
        }
    }
}
