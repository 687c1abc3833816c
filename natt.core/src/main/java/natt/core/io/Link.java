package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Text;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

import javax.net.ssl.SSLEngine;

/// Datagrams to and from one peer over TLS: one connection that was accepted, or, one after the
/// other, those that are made while engines send.
///
/// Nothing tells a TCP connection whose NAT has forgotten it from a slow one. So one over which
/// engines send for 30 s and hear nothing is given up; sessions answer within 15 s.
final class Link implements TlsChannel.Events {
    private static final System.Logger LOG = System.getLogger("natt");

    /// For the TCP connection and the handshake together.
    static final Duration TO_OPEN = Duration.ofSeconds(10);

    static final Duration UNANSWERED = Duration.ofSeconds(30);
    static final Duration MADE_IDLE = Duration.ofSeconds(120);
    static final Duration ACCEPTED_IDLE = Duration.ofSeconds(60);
    static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
    static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

    private enum State {
        DOWN,
        OPENING,
        OPEN,
        CLOSED
    }

    private final Connections connections;
    private final Driver driver;
    private final InetSocketAddress route;

    /// Whom to call; null if the peer has called.
    private final @Nullable HostAndPort remote;

    private final Runnable onClosed;
    private final DatagramStream stream = new DatagramStream();
    private State state = State.DOWN;
    private @Nullable TlsChannel tls;
    private @Nullable SocketChannel channel;
    private @Nullable InetSocketAddress peer;

    /// Counts the connections made, so that news of an earlier one are told apart.
    private int attempt;

    /// Counts those that came to nothing: a host may have addresses that cannot be reached from
    /// here, and each gets its turn.
    private int failures;

    private long backoffNanos = FIRST_BACKOFF.toNanos();
    private boolean backingOff;
    private long retryAtNanos;
    private long openingSinceNanos;
    private long heardAtNanos;
    private long sentAtNanos;

    /// When the first of the datagrams was sent that nothing has followed.
    private long unansweredSinceNanos;

    private boolean unanswered;
    private boolean queuedForFlush;

    /// @param remote null for a connection that was accepted
    /// @param onClosed called once, when this is of no more use
    Link(
            Connections connections,
            InetSocketAddress route,
            @Nullable HostAndPort remote,
            Runnable onClosed) {
        this.connections = connections;
        this.route = route;
        this.remote = remote;
        this.onClosed = onClosed;
        driver = connections.driver();
    }

    InetSocketAddress route() {
        return route;
    }

    /// The transport address at the other end, while there is a connection.
    Optional<InetSocketAddress> peer() {
        return Optional.ofNullable(peer);
    }

    /// Takes over a connection that was accepted.
    void accept(SocketChannel accepted, Callable<SSLEngine> maker, long nowNanos)
            throws IOException {
        open(nowNanos);
        speak(accepted, false, maker);
    }

    /// Takes a datagram, and calls the peer if that has to be done first; false if it was dropped.
    boolean send(ByteBuffer datagram, long nowNanos) {
        if (state == State.DOWN && mayCall(nowNanos)) {
            open(nowNanos);
            call(remote);
        }
        if (state != State.OPENING && state != State.OPEN || !stream.offer(datagram)) {
            return false;
        }
        sentAtNanos = nowNanos;
        if (!unanswered) {
            unanswered = true;
            unansweredSinceNanos = nowNanos;
            connections.watch(UNANSWERED.toNanos());
        }
        if (!queuedForFlush) {
            queuedForFlush = true;
            connections.flushLater(this);
        }
        return true;
    }

    void flush(long nowNanos) {
        queuedForFlush = false;
        if (state == State.OPEN && tls != null) {
            stream.flush(tls, nowNanos);
        }
    }

    private boolean mayCall(long nowNanos) {
        return remote != null && (!backingOff || nowNanos - retryAtNanos >= 0);
    }

    private void open(long nowNanos) {
        state = State.OPENING;
        openingSinceNanos = nowNanos;
        heardAtNanos = nowNanos;
        sentAtNanos = nowNanos;
        unanswered = false;
        connections.watch(TO_OPEN.toNanos());
    }

    private void call(@Nullable HostAndPort whom) {
        if (whom == null) {
            throw new AssertionError("only whom natt has called is called again");
        }
        int current = ++attempt;
        int turn = failures;
        Thread.ofVirtual().name("natt-call").start(() -> prepare(whom, turn, current));
    }

    /// Looks the name up and prepares TLS, both of which take long.
    private void prepare(HostAndPort whom, int turn, int current) {
        try {
            InetAddress[] all = InetAddress.getAllByName(whom.host());
            var to = new InetSocketAddress(all[turn % all.length], whom.port());
            SSLEngine engine = Tls.client(whom);
            driver.execute(() -> connect(to, engine, current));
        } catch (IOException | RuntimeException failed) {
            driver.execute(() -> failed(current, failed));
        }
    }

    private boolean isCurrent(int which) {
        return state == State.OPENING && which == attempt;
    }

    private void failed(int current, Exception why) {
        if (isCurrent(current)) {
            LOG.log(Level.DEBUG, "no connection to {0}: {1}", remote, Text.escape(why.toString()));
            ended(driver.nanoTime());
        }
    }

    private void connect(InetSocketAddress to, SSLEngine engine, int current) {
        if (!isCurrent(current)) {
            return;
        }
        try {
            SocketChannel begun = SocketChannel.open();
            channel = begun;
            peer = to;
            begun.configureBlocking(false);
            if (begun.connect(to)) {
                speak(begun, true, () -> engine);
            } else {
                driver.register(
                        begun,
                        SelectionKey.OP_CONNECT,
                        (key, _) -> connected(key, engine, current));
            }
        } catch (IOException | RuntimeException failed) {
            failed(current, failed);
        }
    }

    private void connected(SelectionKey key, SSLEngine engine, int current) {
        try {
            var begun = (SocketChannel) key.channel();
            if (isCurrent(current) && begun.finishConnect()) {
                speak(begun, true, () -> engine);
            }
        } catch (IOException | RuntimeException failed) {
            failed(current, failed);
        }
    }

    private void speak(SocketChannel connected, boolean client, Callable<SSLEngine> maker)
            throws IOException {
        channel = connected;
        peer = (InetSocketAddress) connected.getRemoteAddress();
        tls = new TlsChannel(driver, connected, connections.plaintext(), client, maker, this);
    }

    @Override
    public void opened(long nowNanos) {
        state = State.OPEN;
        heardAtNanos = nowNanos;
        connections.watch(idle().toNanos());
        flush(nowNanos);
    }

    private Duration idle() {
        return remote == null ? ACCEPTED_IDLE : MADE_IDLE;
    }

    @Override
    public void received(ByteBuffer plaintext, long nowNanos) {
        heardAtNanos = nowNanos;
        unanswered = false;
        backoffNanos = FIRST_BACKOFF.toNanos();
        if (!stream.received(plaintext, this::deliver, nowNanos)) {
            LOG.log(Level.DEBUG, "a TLS connection carries something else than datagrams");
            hangUp(nowNanos);
        }
    }

    private void deliver(ByteBuffer datagram, long nowNanos) {
        connections.received(route, datagram, nowNanos);
    }

    @Override
    public void writable(long nowNanos) {
        flush(nowNanos);
    }

    /// The connection has ended, or could not be made.
    @Override
    public void ended(long nowNanos) {
        drop();
        if (remote == null) {
            gone();
            return;
        }
        if (state == State.OPENING) {
            failures = failures + 1 & Integer.MAX_VALUE;
        }
        state = State.DOWN;
        backingOff = true;
        retryAtNanos = nowNanos + backoffNanos;
        backoffNanos = Math.min(2 * backoffNanos, LONGEST_BACKOFF.toNanos());
    }

    /// Ends the connection, as if the peer had.
    private void hangUp(long nowNanos) {
        if (tls != null) {
            tls.close();
        }
        ended(nowNanos);
    }

    private void drop() {
        if (channel != null) {
            Driver.closeQuietly(channel);
        }
        channel = null;
        tls = null;
        peer = null;
        stream.clear();
    }

    private void gone() {
        state = State.CLOSED;
        connections.forget(this);
        onClosed.run();
    }

    /// Sends what waits, as far as the connection takes it, and ends everything.
    void close(long nowNanos) {
        if (state == State.CLOSED) {
            return;
        }
        flush(nowNanos);
        if (tls != null) {
            tls.close();
        }
        drop();
        if (state != State.CLOSED) {
            gone();
        }
    }

    /// Gives up what has taken too long.
    ///
    /// @return when to ask again at the latest, in nanoseconds from now
    long check(long nowNanos) {
        return switch (state) {
            case OPENING -> {
                long left = TO_OPEN.toNanos() - (nowNanos - openingSinceNanos);
                if (left <= 0) {
                    hangUp(nowNanos);
                }
                yield left <= 0 ? Long.MAX_VALUE : left;
            }
            case OPEN -> checkOpen(nowNanos);
            case DOWN, CLOSED -> Long.MAX_VALUE;
        };
    }

    private long checkOpen(long nowNanos) {
        stream.trim();
        long quiet = nowNanos - heardAtNanos;
        long silent = unanswered ? nowNanos - unansweredSinceNanos : 0;
        if (remote != null) {
            quiet = Math.min(quiet, nowNanos - sentAtNanos);
        }
        long idleIn = idle().toNanos() - quiet;
        long deadIn = UNANSWERED.toNanos() - silent;
        if (idleIn <= 0) {
            hangUp(nowNanos);
            backingOff = false;
            backoffNanos = FIRST_BACKOFF.toNanos();
            return Long.MAX_VALUE;
        }
        if (remote != null && deadIn <= 0) {
            hangUp(nowNanos);
            return Long.MAX_VALUE;
        }
        return remote != null && unanswered ? Math.min(idleIn, deadIn) : idleIn;
    }
}
