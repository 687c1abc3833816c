package natt.core.publish;

import natt.core.HostAndPort;

import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.Consumer;

/// Resolves the names of the STUN servers, again and again, since their addresses change and the
/// network may not be up at the start.
public final class StunServers implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration WHEN_ALL_RESOLVE = Duration.ofMinutes(10);
    private static final Duration WHEN_SOME_FAIL = Duration.ofSeconds(10);

    private final List<HostAndPort> servers;
    private final Consumer<List<InetSocketAddress>> onResolved;
    private final Thread thread;
    private List<InetSocketAddress> announced = List.of();
    private boolean asked;

    /// @param onResolved is given the addresses, up to one of each family for a server, whenever
    ///     others have been resolved; at least one
    public StunServers(List<HostAndPort> servers, Consumer<List<InetSocketAddress>> onResolved) {
        this.servers = servers;
        this.onResolved = onResolved;
        thread = Thread.ofVirtual().name("natt-stun-names").unstarted(this::run);
    }

    public StunServers start() {
        thread.start();
        return this;
    }

    /// Resolves soon again, because the servers do not answer.
    public synchronized void resolveAgain() {
        asked = true;
        notifyAll();
    }

    private void run() {
        boolean warned = false;
        try {
            while (true) {
                var unresolved = new ArrayList<HostAndPort>();
                var resolved = new ArrayList<InetSocketAddress>();
                for (HostAndPort server : servers) {
                    resolve(server, resolved, unresolved);
                }
                announce(resolved);
                if (!unresolved.isEmpty() && !warned) {
                    LOG.log(Level.WARNING, "no address for STUN server {0}", unresolved);
                }
                warned = !unresolved.isEmpty();
                await(warned ? WHEN_SOME_FAIL : WHEN_ALL_RESOLVE);
            }
        } catch (InterruptedException closed) {
            LOG.log(Level.DEBUG, "resolving STUN servers ends");
        }
    }

    /// Passes addresses on if they are others than before: every time they are passed on, all
    /// servers are asked.
    void announce(List<InetSocketAddress> resolved) {
        if (!resolved.isEmpty() && !resolved.equals(announced)) {
            announced = List.copyOf(resolved);
            onResolved.accept(announced);
        }
    }

    private static void resolve(
            HostAndPort server, List<InetSocketAddress> resolved, List<HostAndPort> unresolved) {
        var families = new HashSet<Class<?>>();
        try {
            for (InetAddress address : InetAddress.getAllByName(server.host())) {
                if (families.add(address.getClass())) {
                    resolved.add(new InetSocketAddress(address, server.port()));
                }
            }
        } catch (UnknownHostException unknown) {
            LOG.log(Level.DEBUG, "STUN server {0} does not resolve", server);
        }
        if (families.isEmpty()) {
            unresolved.add(server);
        }
    }

    private synchronized void await(Duration pause) throws InterruptedException {
        long deadline = System.nanoTime() + pause.toNanos();
        for (long left; !asked && (left = deadline - System.nanoTime()) > 0; ) {
            wait(1 + left / 1_000_000);
        }
        if (asked) {
            asked = false;
            wait(WHEN_SOME_FAIL.toMillis());
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
