package natt.core.io;

import natt.core.HostAndPort;
import natt.core.Text;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Accepts connections of peers whose UDP is blocked, for the engines of a port: TLS on TCP, with
/// datagrams inside.
public final class StreamListener implements Driver.Ready {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);
    private static final int BACKLOG = 256;

    /// How many connections may be accepted before others get a turn.
    private static final int ACCEPTED_PER_TURN = 64;

    /// How much of an IPv6 address names a site, in bytes: more of it costs nobody anything.
    private static final int SITE = 8;

    /// How many connections there are at once; what is more is closed at once.
    ///
    /// @param inAll from 1
    /// @param perSource from 1; for an IPv4 address, or an IPv6 prefix of 64 bits
    public record Limits(int inAll, int perSource) {
        public static final Limits DEFAULT = new Limits(1024, 64);

        public Limits {
            if (inAll < 1 || perSource < 1) {
                throw new IllegalArgumentException("at least one connection has to be allowed");
            }
        }
    }

    private final Driver driver;
    private final Connections connections;
    private final TlsIdentity identity;
    private final Limits limits;
    private final ServerSocketChannel channel;
    private final SelectionKey key;
    private final InetSocketAddress local;
    private final Map<InetAddress, Integer> bySource = new HashMap<>();
    private int count;

    StreamListener(
            Driver driver,
            Connections connections,
            InetSocketAddress bind,
            TlsIdentity identity,
            Limits limits)
            throws IOException {
        this.driver = driver;
        this.connections = connections;
        this.identity = identity;
        this.limits = limits;
        channel = ServerSocketChannel.open();
        try {
            channel.bind(bind, BACKLOG);
            local = (InetSocketAddress) channel.getLocalAddress();
            key = driver.register(channel, SelectionKey.OP_ACCEPT, this);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /// The address that is bound, with the port that the system chose if none was given.
    public InetSocketAddress local() {
        return local;
    }

    /// How many connections there are.
    public int count() {
        return count;
    }

    @Override
    public void ready(SelectionKey ready, long nowNanos) {
        try {
            for (int i = 0; i < ACCEPTED_PER_TURN; i++) {
                SocketChannel accepted = channel.accept();
                if (accepted == null) {
                    return;
                }
                accept(accepted);
            }
        } catch (IOException failed) {
            LOG.log(
                    Level.DEBUG,
                    "cannot accept on {0}: {1}",
                    HostAndPort.format(local),
                    Text.escape(failed.toString()));
            // Without descriptors connections stay in the backlog: trying at once would spin.
            key.interestOps(0);
            driver.schedule(AFTER_FAILURE, this::resume);
        }
    }

    private void resume() {
        if (key.isValid()) {
            key.interestOps(SelectionKey.OP_ACCEPT);
        }
    }

    private void accept(SocketChannel accepted) {
        InetAddress source = accepted.socket().getInetAddress();
        if (source == null) {
            Driver.closeQuietly(accepted);
            return;
        }
        InetAddress site = site(source);
        if (count >= limits.inAll() || bySource.getOrDefault(site, 0) >= limits.perSource()) {
            Driver.closeQuietly(accepted);
            return;
        }
        count++;
        bySource.merge(site, 1, Integer::sum);
        connections.accept(accepted, () -> Tls.server(identity.context()), () -> ended(site));
    }

    private void ended(InetAddress site) {
        count--;
        bySource.computeIfPresent(site, (_, some) -> some == 1 ? null : some - 1);
    }

    private static InetAddress site(InetAddress source) {
        if (source instanceof Inet4Address) {
            return source;
        }
        byte[] bytes = source.getAddress();
        Arrays.fill(bytes, SITE, bytes.length, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("16 bytes are an address", wrongLength);
        }
    }

    /// Accepts no more. The connections that there are stay.
    public void close() {
        Driver.closeQuietly(channel);
    }
}
