package natt.core.forward;

import natt.core.io.Driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// Waits for the first bytes that a service says, to tell whether it is one that authenticates its
/// callers by itself, as sshd does (RFC 4253, section 4.2).
public final class Greeting implements Driver.Ready {
    private static final byte[] SSH = "SSH-".getBytes(StandardCharsets.US_ASCII);

    /// Is told, on the driver's thread, what the service said.
    public interface Outcome {
        /// @param said what has been read from the channel, which is open
        void ssh(ByteBuffer said);

        /// The channel is closed.
        void other();

        /// Nothing was said in time; the channel is closed.
        void silent();
    }

    private final SocketChannel channel;
    private final Outcome outcome;
    private final ByteBuffer said = ByteBuffer.allocate(SSH.length);
    private boolean over;

    private Greeting(SocketChannel channel, Outcome outcome) {
        this.channel = channel;
        this.outcome = outcome;
    }

    /// Waits for a connected service to speak.
    public static void await(
            Driver driver, SocketChannel channel, Duration patience, Outcome outcome) {
        var greeting = new Greeting(channel, outcome);
        try {
            driver.register(channel, SelectionKey.OP_READ, greeting);
            driver.schedule(patience, greeting::giveUp);
        } catch (IOException closed) {
            greeting.refuse();
        }
    }

    @Override
    public void ready(SelectionKey key, long nowNanos) {
        if (over) {
            return;
        }
        int length;
        try {
            length = channel.read(said);
        } catch (IOException broken) {
            length = -1;
        }
        boolean fits = matches();
        if (length < 0 || !fits) {
            refuse();
        } else if (!said.hasRemaining()) {
            over = true;
            key.interestOps(0);
            outcome.ssh(said.flip());
        }
    }

    private boolean matches() {
        for (int i = 0; i < said.position(); i++) {
            if (said.get(i) != SSH[i]) {
                return false;
            }
        }
        return true;
    }

    private void refuse() {
        over = true;
        Driver.closeQuietly(channel);
        outcome.other();
    }

    private void giveUp() {
        if (!over) {
            over = true;
            Driver.closeQuietly(channel);
            outcome.silent();
        }
    }
}
