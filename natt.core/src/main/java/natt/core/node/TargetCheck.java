package natt.core.node;

import natt.core.HostAndPort;
import natt.core.Text;
import natt.core.forward.Greeting;
import natt.core.forward.TargetDialer;
import natt.core.io.Driver;

import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Consumer;

/// Looks at a target once, at the start: so that a mistake is seen before the first client does.
final class TargetCheck {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Driver driver;
    private final HostAndPort target;

    TargetCheck(Driver driver, HostAndPort target) {
        this.driver = driver;
        this.target = target;
    }

    /// Warns if the target cannot be reached, which may change.
    void reach() {
        dial(Driver::closeQuietly, () -> {});
    }

    /// Besides wants it to authenticate its callers by itself, since nobody else does.
    ///
    /// @param passed called if it does, or cannot be reached now
    /// @param refused is given one line for the user if it does not
    void requireSsh(Runnable passed, Consumer<String> refused) {
        dial(
                channel ->
                        Greeting.await(
                                driver,
                                channel,
                                PATIENCE,
                                new Greeting.Outcome() {
                                    @Override
                                    public void ssh(ByteBuffer said) {
                                        Driver.closeQuietly(channel);
                                        passed.run();
                                    }

                                    @Override
                                    public void other() {
                                        refused.accept(why("does not speak SSH"));
                                    }

                                    @Override
                                    public void silent() {
                                        refused.accept(why("says nothing"));
                                    }
                                }),
                passed);
    }

    private String why(String what) {
        return ("the target %s %s, and anybody may connect: list the clients in"
                        + " --authorized-clients or give --psk-file")
                .formatted(target, what);
    }

    private void dial(Consumer<SocketChannel> connected, Runnable unreachable) {
        new TargetDialer(driver, target)
                .dial(
                        new TargetDialer.Outcome() {
                            @Override
                            public void connected(SocketChannel channel) {
                                connected.accept(channel);
                            }

                            @Override
                            public void failed(String why) {
                                LOG.log(
                                        Level.WARNING,
                                        "the target {0} cannot be reached now: {1}",
                                        target,
                                        Text.escape(why));
                                unreachable.run();
                            }
                        });
    }
}
