package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

import javax.net.ssl.SSLEngine;

/// The links of a port, by the number in their routes.
final class Connections {
    /// How often deadlines are looked at, at most.
    private static final long AT_MOST_EVERY_NANOS = 100_000_000;

    private static final int PLAINTEXT_BYTES = 32 << 10;

    private final Driver driver;
    private final OwnSocket.Receiver receiver;
    private final Map<Integer, Link> links = new HashMap<>();
    private final List<Link> toFlush = new ArrayList<>();
    private @Nullable ByteBuffer plaintext;
    private int last;
    private boolean watching;
    private long lookAtNanos;

    Connections(Driver driver, OwnSocket.Receiver receiver) {
        this.driver = driver;
        this.receiver = receiver;
    }

    Driver driver() {
        return driver;
    }

    /// A buffer that every link uses, one after the other.
    ByteBuffer plaintext() {
        if (plaintext == null) {
            plaintext = ByteBuffer.allocate(PLAINTEXT_BYTES);
        }
        return plaintext;
    }

    InetSocketAddress add(HostAndPort remote) {
        return add(remote, () -> {}).route();
    }

    private Link add(@Nullable HostAndPort remote, Runnable onClosed) {
        do {
            last = last == Integer.MAX_VALUE ? 1 : last + 1;
        } while (links.containsKey(last));
        var link = new Link(this, Route.connected(last), remote, onClosed);
        links.put(last, link);
        return link;
    }

    /// @param onClosed called once, when the connection has ended
    void accept(SocketChannel accepted, Callable<SSLEngine> maker, Runnable onClosed) {
        Link link = add(null, onClosed);
        try {
            link.accept(accepted, maker, driver.nanoTime());
        } catch (IOException | RuntimeException failed) {
            Driver.closeQuietly(accepted);
            link.close(driver.nanoTime());
        }
    }

    @Nullable Link get(InetSocketAddress route) {
        return links.get(Route.connection(route).orElse(0));
    }

    void forget(Link link) {
        links.remove(Route.connection(link.route()).orElse(0));
    }

    /// Offers a datagram to the engines in the buffer where they expect it.
    void received(InetSocketAddress route, ByteBuffer datagram, long nowNanos) {
        ByteBuffer incoming = driver.receiveBuffer().clear();
        receiver.received(route, incoming.put(datagram).flip(), nowNanos);
    }

    void flushLater(Link link) {
        toFlush.add(link);
    }

    /// Sends what the links were given: many datagrams in one record.
    void flush(long nowNanos) {
        for (int i = 0; i < toFlush.size(); i++) {
            toFlush.get(i).flush(nowNanos);
        }
        toFlush.clear();
    }

    /// Looks at the deadlines of all links after a time, at the latest.
    void watch(long nanosFromNow) {
        long at = driver.nanoTime() + Math.max(nanosFromNow, AT_MOST_EVERY_NANOS);
        if (!watching || at - lookAtNanos < 0) {
            watching = true;
            lookAtNanos = at;
            driver.schedule(Duration.ofNanos(at - driver.nanoTime()), () -> look(at));
        }
    }

    private void look(long at) {
        if (!watching || at != lookAtNanos) {
            return;
        }
        watching = false;
        long next = Long.MAX_VALUE;
        for (Link link : List.copyOf(links.values())) {
            next = Math.min(next, link.check(driver.nanoTime()));
        }
        if (next != Long.MAX_VALUE) {
            watch(next);
        }
    }

    void closeAll(long nowNanos) {
        List.copyOf(links.values()).forEach(link -> link.close(nowNanos));
    }
}
