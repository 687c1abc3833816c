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
    private final Duration lifetime;
    private final Pace pace;
    private final Ticker ticker;
    private final Consumer<News> news;
    private final Thread thread;

    /// That which may have been made, and may have to be withdrawn.
    private @Nullable Mapping last;

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
                    unavailable(List.of(new Answer("gateway", false, "none, or none is needed")));
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
        Mapping made = last;
        if (made != null) {
            try {
                made.protocol.unmap(made.gateway);
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
        Mapping mapping = null;
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            var asked = new ArrayList<Future<Answer>>();
            for (Protocol each : candidates) {
                asked.add(threads.submit(() -> each.probe(gateway)));
            }
            for (int i = 0; i < candidates.size() && mapping == null; i++) {
                Answer answer = answer(candidates.get(i), asked.get(i));
                if (answer.spoken()) {
                    var tried = new Mapping(gateway, candidates.get(i));
                    String refusal = tried.make();
                    mapping = refusal == null ? tried : null;
                    answer = refusal == null ? answer : refused(answer, refusal);
                }
                answers.add(answer);
            }
        } finally {
            threads.shutdownNow();
        }
        if (mapping == null) {
            unavailable(answers);
            return false;
        }
        told = List.of();
        mapping.keep();
        return true;
    }

    private static Answer refused(Answer answer, String said) {
        return new Answer(answer.protocol(), true, said, answer.external());
    }

    private static Answer answer(Protocol asked, Future<Answer> answer)
            throws InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException failed) {
            return new Answer(asked.name(), false, "cannot be asked");
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

    /// A mapping by one protocol.
    private final class Mapping {
        private final Gateway gateway;
        private final Protocol protocol;
        private Result.@Nullable Mapped now;
        private long grantedAt;
        private long renewAt;
        private long checkAt;

        Mapping(Gateway gateway, Protocol protocol) {
            this.gateway = gateway;
            this.protocol = protocol;
        }

        /// Makes or renews it.
        ///
        /// @return what the gateway said against it, or null
        @Nullable String make() throws InterruptedException {
            last = this;
            switch (protocol.map(gateway, suggested, lifetime)) {
                case Result.Failed(var said) -> {
                    return said;
                }
                case Result.Mapped granted -> {
                    Result.Mapped before = now;
                    now = granted;
                    suggested = granted.external();
                    grantedAt = ticker.nanoTime();
                    renewAt = grantedAt + renewal(granted.lifetime());
                    if (before == null || !before.external().equals(granted.external())) {
                        news.accept(
                                new News.Mapped(
                                        granted.external(), protocol.name(), granted.lifetime()));
                    }
                    return null;
                }
            }
        }

        /// Returns when it is lost.
        void keep() throws InterruptedException {
            checkAt = grantedAt + protocol.checkInterval().toNanos();
            String why = null;
            while (why == null) {
                long at = ticker.nanoTime();
                long wait = Math.min(renewAt - at, checkAt - at);
                // No longer than until the next look at the network.
                Thread.sleep(Duration.ofNanos(Math.clamp(wait, 0, pace.look().toNanos())));
                why = look();
            }
            Result.Mapped gone = now;
            if (gone != null) {
                news.accept(new News.Lost(gone.external(), why));
            }
        }

        /// Does what is due.
        ///
        /// @return why the mapping is lost, or null
        private @Nullable String look() throws InterruptedException {
            long at = ticker.nanoTime();
            if (!gateways.get().equals(Optional.of(gateway))) {
                return "the gateway's or this machine's address has changed";
            }
            boolean forgotten = false;
            if (checkAt - at <= 0) {
                checkAt = at + protocol.checkInterval().toNanos();
                forgotten = protocol.check(gateway) == Check.LOST;
            }
            if (renewAt - at > 0 && !forgotten || make() == null) {
                return null;
            }
            return forgotten ? "the gateway has restarted or forgotten it" : expired(at);
        }

        /// After a renewal that failed.
        private @Nullable String expired(long at) {
            Duration granted = now == null ? Duration.ZERO : now.lifetime();
            long left = granted.isZero() ? Long.MAX_VALUE : grantedAt + granted.toNanos() - at;
            renewAt = at + Math.clamp(left / 2, pace.least().toNanos(), pace.most().toNanos());
            return left <= 0 ? "the gateway does not renew it" : null;
        }
    }
}
