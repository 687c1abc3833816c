package natt.core.forward;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.io.Driver;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/// Connects to the service behind this node, without making the driver wait for names or answers.
public final class TargetDialer {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// Is told, on the driver's thread, how one attempt ended.
    public interface Outcome {
        void connected(SocketChannel channel);

        void failed(String why);
    }

    private final Driver driver;
    private final HostAndPort target;
    private boolean sourceFails;

    public TargetDialer(Driver driver, HostAndPort target) {
        this.driver = driver;
        this.target = target;
    }

    public HostAndPort target() {
        return target;
    }

    public void dial(Outcome outcome) {
        dial(Optional.empty(), outcome);
    }

    /// Connects to the target.
    ///
    /// @param loopback the source address to use if the target is a loopback IPv4 address, so that
    ///     the service can tell its callers apart
    public void dial(Optional<InetAddress> loopback, Outcome outcome) {
        var literal = target.literal();
        if (literal.isPresent()) {
            new Attempt(loopback, outcome).connect(literal.get());
            return;
        }
        Thread.startVirtualThread(
                () -> {
                    try {
                        var addresses = new ArrayDeque<InetSocketAddress>();
                        for (InetAddress each : InetAddress.getAllByName(target.host())) {
                            addresses.add(new InetSocketAddress(each, target.port()));
                        }
                        driver.execute(() -> dialOneOf(addresses, loopback, outcome));
                    } catch (UnknownHostException | RuntimeException unknown) {
                        driver.execute(() -> outcome.failed("its name has no address"));
                    }
                });
    }

    /// Tries the addresses of a name, one after the other.
    private void dialOneOf(
            Queue<InetSocketAddress> addresses, Optional<InetAddress> loopback, Outcome outcome) {
        InetSocketAddress first = addresses.remove();
        new Attempt(
                        loopback,
                        addresses.isEmpty()
                                ? outcome
                                : new Outcome() {
                                    @Override
                                    public void connected(SocketChannel channel) {
                                        outcome.connected(channel);
                                    }

                                    @Override
                                    public void failed(String why) {
                                        dialOneOf(addresses, loopback, outcome);
                                    }
                                })
                .connect(first);
    }

    private final class Attempt implements Driver.Ready {
        private final Optional<InetAddress> loopback;
        private final Outcome outcome;
        private boolean over;

        Attempt(Optional<InetAddress> loopback, Outcome outcome) {
            this.loopback = loopback;
            this.outcome = outcome;
        }

        void connect(InetSocketAddress address) {
            SocketChannel channel;
            try {
                channel = SocketChannel.open();
            } catch (IOException failed) {
                outcome.failed(String.valueOf(failed.getMessage()));
                return;
            }
            try {
                if (address.getAddress() instanceof Inet4Address ipv4 && ipv4.isLoopbackAddress()) {
                    bindSource(channel);
                }
                SelectionKey key = driver.register(channel, SelectionKey.OP_CONNECT, this);
                if (channel.connect(address)) {
                    connected(key, channel);
                } else {
                    driver.schedule(PATIENCE, () -> end(channel, "no answer for 10 s"));
                }
            } catch (IOException | RuntimeException failed) {
                end(channel, String.valueOf(failed.getMessage()));
            }
        }

        private void bindSource(SocketChannel channel) {
            if (loopback.isEmpty() || sourceFails) {
                return;
            }
            try {
                channel.bind(new InetSocketAddress(loopback.get(), 0));
            } catch (IOException failed) {
                sourceFails = true;
                LOG.log(
                        Level.WARNING,
                        "cannot connect to {0} from {1} ({2}): all clients share one source"
                                + " address",
                        target,
                        loopback.get().getHostAddress(),
                        Text.escape(String.valueOf(failed.getMessage())));
            }
        }

        @Override
        public void ready(SelectionKey key, long nowNanos) {
            var channel = (SocketChannel) key.channel();
            try {
                if (channel.finishConnect()) {
                    connected(key, channel);
                }
            } catch (IOException failed) {
                end(channel, String.valueOf(failed.getMessage()));
            }
        }

        private void connected(SelectionKey key, SocketChannel channel) {
            over = true;
            key.interestOps(0);
            outcome.connected(channel);
        }

        private void end(SocketChannel channel, String why) {
            if (!over) {
                over = true;
                Driver.closeQuietly(channel);
                outcome.failed(why);
            }
        }
    }
}
