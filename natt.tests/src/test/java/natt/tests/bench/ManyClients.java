package natt.tests.bench;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport;
import natt.core.time.Ticker;
import natt.core.unix.Processor;
import natt.transport.kcp.KcpTransport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/// Many clients of one server in one thread of one process, each with its key, its socket and its
/// session. What their streams bring is counted and dropped.
final class ManyClients implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;

    /// How much of a stream is read before another has its turn.
    private static final int CHUNKS_PER_TURN = 8;

    private final Driver driver = new Driver(Ticker.system(), "clients").start();
    private final SecureRandom random = new SecureRandom();
    private final List<Client> clients = new ArrayList<>();

    ManyClients() throws IOException {}

    /// Whom the clients call.
    record Host(InetSocketAddress at, NodeKey key, PreSharedKey secret) {}

    private static final class Download {
        private final Transport.Stream stream;
        private final ByteBuffer request;
        private long bytes;

        private Download(Transport.Stream stream, String request) {
            this.stream = stream;
            this.request = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
        }

        /// Whether there may be more.
        private boolean go(ByteBuffer scratch, long now) {
            if (request.hasRemaining()) {
                stream.write(request, now);
            }
            for (int i = 0; i < CHUNKS_PER_TURN; i++) {
                int length = stream.read(scratch.clear(), now);
                if (length <= 0) {
                    return false;
                }
                bytes += length;
            }
            return true;
        }
    }

    private final class Client implements Port.Owner {
        private final Port port;
        private final SessionEngine engine;
        private final Session session;
        private final List<Download> downloads = new ArrayList<>();
        private boolean more;

        private Client(Host host, int streams, String request) throws IOException {
            long now = driver.nanoTime();
            port = driver.openPort(new InetSocketAddress(host.at().getAddress(), 0));
            var transport = new KcpTransport();
            engine =
                    new SessionEngine(
                            new SessionEngine.Config(
                                    Identity.generate(random),
                                    PreSharedKey.NONE,
                                    List.of(transport),
                                    Optional.empty(),
                                    random,
                                    Optional.empty(),
                                    false,
                                    SessionEngine.Limits.NODE,
                                    Optional.empty(),
                                    false,
                                    Processor.hasAes()),
                            now);
            port.attach(List.of(engine), this);
            session = engine.call(host.key(), host.secret(), transport, now);
            session.addCandidates(List.of(host.at()), now);
            for (int i = 0; i < streams; i++) {
                downloads.add(new Download(session.streams().dial("bench", now), request));
            }
        }

        @Override
        public long afterInput(long nowNanos) {
            boolean touched = more;
            more = false;
            for (Session ready; (ready = engine.pollReady()) != null; ) {
                touched = true;
                for (SessionEvent event; (event = ready.pollEvent()) != null; ) {
                    if (event instanceof SessionEvent.Closed(var reason)) {
                        System.err.println(reason.describe());
                    }
                }
                while (ready.streams().pollReady() != null) {}
            }
            if (touched) {
                for (Download each : downloads) {
                    more |= each.go(driver.scratchBuffer(), nowNanos);
                }
            }
            return more ? 0 : Engine.NEVER;
        }

        private boolean isServed() {
            return downloads.stream().allMatch(each -> each.bytes > 0);
        }
    }

    /// Begins sessions with as many streams each, on which the service is asked for data; returns
    /// when all of them bring some.
    void begin(Host host, int sessions, int streams, String request)
            throws IOException, InterruptedException {
        for (int i = 0; i < sessions; i++) {
            Client client = call(() -> new Client(host, streams, request));
            clients.add(client);
            long begun = System.nanoTime();
            while (!call(client::isServed)) {
                if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)) {
                    throw new IOException("session %d brings nothing".formatted(i + 1));
                }
                Thread.sleep(1);
            }
        }
    }

    /// What each stream has brought.
    long[] bytes() throws IOException {
        return call(
                () ->
                        clients.stream()
                                .flatMap(each -> each.downloads.stream())
                                .mapToLong(each -> each.bytes)
                                .toArray());
    }

    /// Ends the sessions, telling the host.
    void end() throws IOException {
        call(
                () -> {
                    for (Client each : clients) {
                        each.engine.shutdown(CloseCode.SHUTTING_DOWN, driver.nanoTime());
                        each.port.close();
                    }
                    return true;
                });
        clients.clear();
    }

    private interface Action<T> {
        T run() throws IOException;
    }

    private <T> T call(Action<T> action) throws IOException {
        var result = new CompletableFuture<T>();
        driver.execute(
                () -> {
                    try {
                        result.complete(action.run());
                    } catch (IOException | RuntimeException failed) {
                        result.completeExceptionally(failed);
                    }
                });
        try {
            return result.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
        } catch (CompletionException failed) {
            throw new IOException(failed.getCause());
        }
    }

    @Override
    public void close() {
        driver.close();
    }
}
