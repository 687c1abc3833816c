package natt.discovery.portmap;

import natt.core.spi.PortMapper.Answer;
import natt.core.spi.PortMapper.News;
import natt.core.time.Ticker;
import natt.discovery.portmap.Protocol.Check;
import natt.discovery.portmap.Protocol.Result;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Keeps one mapping: finds the gateway and what it speaks, maps, renews, and maps anew when the
/// gateway or the network has changed. One virtual thread, and one for each protocol while they are
/// tried.
final class Keeper {
    /// How long a stop waits for the gateway.
    private static final Duration LAST_WORD = Duration.ofMillis(950);

    private final Supplier<Optional<Gateway>> gateways;
    private final Supplier<List<Protocol>> protocols;
    private final int port;
    private final Duration lifetime;
    private final Pace pace;
    private final Ticker ticker;
    private final Consumer<News> news;
    private final Thread thread;

    /// The protocol whose mapping may have been made, and where.
    private @Nullable Held held;

    private InetSocketAddress suggested;
    private List<Answer> told = List.of();

    /// How often the keeper does what it does.
    ///
    /// @param look at the gateway's and this machine's addresses
    /// @param retry when nothing was mapped
    /// @param least between two renewals, whatever lifetime a gateway grants
    /// @param most the same
    record Pace(Duration look, Duration retry, Duration least, Duration most) {
        static final Pace USUAL =
                new Pace(
                        Duration.ofSeconds(15),
                        Duration.ofMinutes(10),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(30));
    }

    private record Held(Gateway gateway, Protocol protocol) {}

    /// @param protocols makes those that are tried, the best one first, anew for each gateway
    /// @param news not called after [#close]
    Keeper(
            String name,
            Supplier<Optional<Gateway>> gateways,
            Supplier<List<Protocol>> protocols,
            int port,
            Duration lifetime,
            Pace pace,
            Ticker ticker,
            Consumer<News> news) {
        this.gateways = gateways;
        this.protocols = protocols;
        this.port = port;
        this.lifetime = lifetime;
        this.pace = pace;
        this.ticker = ticker;
        this.news = news;
        suggested = new InetSocketAddress(port);
        thread = Thread.ofVirtual().name(name).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Begins to withdraw the mapping.
    void stop() {
        thread.interrupt();
    }

    /// Waits until it is withdrawn, within reason.
    void awaitEnd() throws InterruptedException {
        boolean _ = thread.join(LAST_WORD);
    }

    private void run() {
        try {
            while (true) {
                Optional<Gateway> gateway = gateways.get();
                if (gateway.isEmpty()) {
                    unavailable(List.of(new Answer("gateway", false, "none is known")));
                    Thread.sleep(pace.look());
                } else if (!attempt(gateway.get())) {
                    awaitChange(gateway.get());
                }
            }
        } catch (InterruptedException stopped) {
            withdraw();
        }
    }

    private void withdraw() {
        Held last = held;
        if (last != null) {
            try {
                last.protocol().unmap(last.gateway());
            } catch (InterruptedException again) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void unavailable(List<Answer> answers) {
        if (!answers.equals(told)) {
            told = answers;
            news.accept(new News.Unavailable(answers));
        }
    }

    private void awaitChange(Gateway gateway) throws InterruptedException {
        long until = ticker.nanoTime() + pace.retry().toNanos();
        while (until - ticker.nanoTime() > 0 && gateways.get().equals(Optional.of(gateway))) {
            Thread.sleep(pace.look());
        }
    }

    /// Asks for all protocols at once, and maps by the best one; keeps the mapping as long as
    /// possible.
    ///
    /// @return whether there was a mapping
    private boolean attempt(Gateway gateway) throws InterruptedException {
        List<Protocol> candidates = protocols.get();
        var answers = new ArrayList<Answer>();
        var asked = new ArrayList<Future<Answer>>();
        Protocol chosen = null;
        Result.Mapped first = null;
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            for (Protocol each : candidates) {
                asked.add(threads.submit(() -> each.probe(gateway)));
            }
            for (int i = 0; i < candidates.size() && first == null; i++) {
                Protocol each = candidates.get(i);
                Answer answer = answer(each, asked.get(i));
                if (answer.spoken()) {
                    held = new Held(gateway, each);
                    Result result = each.map(gateway, suggested, lifetime);
                    switch (result) {
                        case Result.Mapped mapped -> {
                            chosen = each;
                            first = mapped;
                        }
                        case Result.Failed(var said) ->
                                answer = new Answer(each.name(), true, said, answer.external());
                    }
                }
                answers.add(answer);
            }
        } finally {
            threads.shutdownNow();
        }
        if (chosen == null || first == null) {
            unavailable(answers);
            return false;
        }
        told = List.of();
        keep(gateway, chosen, first);
        return true;
    }

    private static Answer answer(Protocol asked, Future<Answer> answer)
            throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException failed) {
            return new Answer(asked.name(), false, "cannot be asked");
        }
    }

    /// Returns when the mapping is lost.
    private void keep(Gateway gateway, Protocol protocol, Result.Mapped first)
            throws InterruptedException {
        Result.Mapped mapped = first;
        suggested = mapped.external();
        tell(protocol, mapped);
        long now = ticker.nanoTime();
        long grantedAt = now;
        long renewAt = now + renewal(mapped.lifetime());
        long checkAt = now + protocol.checkInterval().toNanos();
        while (true) {
            sleepUntil(Math.min(renewAt - now, checkAt - now));
            now = ticker.nanoTime();
            if (!gateways.get().equals(Optional.of(gateway))) {
                lost(mapped, "the gateway's or this machine's address has changed");
                return;
            }
            if (checkAt - now <= 0) {
                checkAt = now + protocol.checkInterval().toNanos();
                if (protocol.check(gateway) == Check.LOST) {
                    lost(mapped, "the gateway has restarted or forgotten it");
                    return;
                }
            }
            if (renewAt - now > 0) {
                continue;
            }
            if (protocol.map(gateway, suggested, lifetime) instanceof Result.Mapped renewed) {
                if (!renewed.external().equals(mapped.external())) {
                    tell(protocol, renewed);
                }
                mapped = renewed;
                suggested = renewed.external();
                grantedAt = now;
                renewAt = now + renewal(renewed.lifetime());
            } else {
                long left = grantedAt + mapped.lifetime().toNanos() - now;
                boolean expires = !mapped.lifetime().isZero();
                if (expires && left <= 0) {
                    lost(mapped, "the gateway does not renew it");
                    return;
                }
                renewAt = now + Math.max(pace.least().toNanos(), expires ? left / 2 : 0);
            }
        }
    }

    /// Half of the lifetime (RFC 6886, section 3.3; RFC 6887, section 11.2.1), within bounds: that
    /// is a number of the gateway's.
    private long renewal(Duration granted) {
        long most = pace.most().toNanos();
        // A longer one is cut before it is in nanoseconds, where it could overflow.
        boolean endless = granted.isZero() || granted.compareTo(pace.most().multipliedBy(2)) > 0;
        return endless ? most : Math.max(pace.least().toNanos(), granted.toNanos() / 2);
    }

    /// Sleeps that long, but not longer than until the next look at the network.
    private void sleepUntil(long nanos) throws InterruptedException {
        long bounded = Math.clamp(nanos, 0, pace.look().toNanos());
        Thread.sleep(Duration.ofNanos(bounded));
    }

    private void tell(Protocol protocol, Result.Mapped mapped) {
        news.accept(new News.Mapped(mapped.external(), protocol.name(), mapped.lifetime()));
    }

    private void lost(Result.Mapped mapped, String why) {
        news.accept(new News.Lost(mapped.external(), why));
    }

    @Override
    public String toString() {
        return "mapping of port " + port;
    }
}
