package natt.core.forward;

import natt.core.spi.Engine;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;

/// Lets only so many young connections of strangers through to a service, which may refuse
/// everybody while too many callers have not authenticated yet, as sshd does. Others wait in their
/// order. Whoever is trusted has authenticated here and waits for nobody.
public final class Turnstile {
    /// @param most how many young connections there may be
    /// @param mostOfSource how many of these one source may have
    /// @param youth how long a connection is young
    /// @param mostWaiting how many may wait
    public record Limits(int most, int mostOfSource, Duration youth, int mostWaiting) {}

    /// The right to one connection, to be given back when that has ended.
    public final class Pass {
        private final Object source;
        private final long since;

        private Pass(Object source, long since) {
            this.source = source;
            this.since = since;
        }

        public void giveBack() {
            young.remove(this);
        }
    }

    private record Waiting(Object source, Consumer<Pass> enter) {}

    /// Stands in place of a source, and is never full.
    private static final Object TRUSTED = new Object();

    private final Limits limits;
    private final List<Pass> young = new ArrayList<>();
    private final Queue<Waiting> waiting = new ArrayDeque<>();

    public Turnstile(Limits limits) {
        this.limits = limits;
    }

    /// Asks for a connection.
    ///
    /// @param trusted whether the limits do not apply
    /// @param enter called by [#serve] when the connection may be made
    /// @return false if too many wait
    public boolean queue(InetAddress source, boolean trusted, Consumer<Pass> enter) {
        if (waiting.size() >= limits.mostWaiting()) {
            return false;
        }
        waiting.add(new Waiting(trusted ? TRUSTED : source(source), enter));
        return true;
    }

    /// An IPv4 address, or the 64 bits that an IPv6 network gives to one subscriber.
    static Object source(InetAddress address) {
        return address instanceof Inet6Address
                ? ByteBuffer.wrap(address.getAddress(), 0, 8).slice()
                : address;
    }

    /// Lets in who may enter now; returns the nanoseconds until the next call is of use.
    public long serve(long nowNanos) {
        long youth = limits.youth().toNanos();
        young.removeIf(pass -> nowNanos - pass.since >= youth);
        var entering = new ArrayList<Runnable>();
        Set<Object> full = new HashSet<>();
        for (var each = waiting.iterator(); each.hasNext(); ) {
            Waiting next = each.next();
            boolean trusted = next.source == TRUSTED;
            if (!trusted && (young.size() >= limits.most() || full.contains(next.source))) {
                continue;
            }
            if (!trusted && ofSource(next.source) >= limits.mostOfSource()) {
                full.add(next.source);
                continue;
            }
            each.remove();
            var pass = new Pass(next.source, nowNanos);
            if (!trusted) {
                young.add(pass);
            }
            entering.add(() -> next.enter.accept(pass));
        }
        entering.forEach(Runnable::run);
        return waiting.isEmpty() || young.isEmpty()
                ? Engine.NEVER
                : youth - (nowNanos - young.getFirst().since);
    }

    private int ofSource(Object source) {
        int count = 0;
        for (Pass pass : young) {
            if (pass.source.equals(source)) {
                count++;
            }
        }
        return count;
    }

    /// How many connections were young when [#serve] was called last.
    public int young() {
        return young.size();
    }

    /// How many wait.
    public int waiting() {
        return waiting.size();
    }
}
