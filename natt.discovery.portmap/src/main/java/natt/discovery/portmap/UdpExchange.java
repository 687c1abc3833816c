package natt.discovery.portmap;

import natt.core.time.Ticker;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// One question to the gateway over UDP, sent again while there is no answer. The socket is
/// connected, so that an answer has to come from the gateway, to a port of this question's own.
final class UdpExchange {
    /// One that is larger than any answer is cut, and then none.
    private static final int BUFFER = 2_048;

    /// How long each question waits for its answer. RFC 6887, section 8.1.1, begins with 3 s, but
    /// the gateway is on this link, and a person waits.
    static final List<Duration> WAITS =
            List.of(Duration.ofMillis(250), Duration.ofMillis(500), Duration.ofMillis(1_000));

    /// The same for what has to be over in a second.
    static final List<Duration> SHORT_WAITS =
            List.of(Duration.ofMillis(200), Duration.ofMillis(200), Duration.ofMillis(300));

    private final int gatewayPort;
    private final Ticker ticker;

    /// @param gatewayPort where the gateway is asked
    UdpExchange(int gatewayPort, Ticker ticker) {
        this.gatewayPort = gatewayPort;
        this.ticker = ticker;
    }

    /// What became of a question.
    sealed interface Outcome<T> {
        record Answered<T>(T reply) implements Outcome<T> {}

        /// The gateway says that nobody listens there.
        record Closed<T>() implements Outcome<T> {}

        record Silent<T>() implements Outcome<T> {}
    }

    /// Asks, and waits after each time that it has asked.
    ///
    /// @param reader is empty for what is no answer
    <T> Outcome<T> ask(
            Gateway gateway,
            byte[] question,
            List<Duration> waits,
            Function<byte[], Optional<T>> reader)
            throws InterruptedException {
        if (gateway.address().isEmpty()) {
            return new Outcome.Silent<>();
        }
        try (var socket = new DatagramSocket(new InetSocketAddress(gateway.local(), 0))) {
            socket.connect(new InetSocketAddress(gateway.address().get(), gatewayPort));
            for (Duration wait : waits) {
                socket.send(new DatagramPacket(question, question.length));
                Optional<T> reply = await(socket, ticker.nanoTime() + wait.toNanos(), reader);
                if (reply.isPresent()) {
                    return new Outcome.Answered<>(reply.get());
                }
            }
            return new Outcome.Silent<>();
        } catch (PortUnreachableException closed) {
            return new Outcome.Closed<>();
        } catch (IOException failed) {
            Interruption.check();
            return new Outcome.Silent<>();
        }
    }

    private <T> Optional<T> await(
            DatagramSocket socket, long until, Function<byte[], Optional<T>> reader)
            throws IOException {
        var packet = new DatagramPacket(new byte[BUFFER], BUFFER);
        for (long left; (left = until - ticker.nanoTime()) > 0; ) {
            // A timeout of 0 would never end.
            socket.setSoTimeout(1 + (int) TimeUnit.NANOSECONDS.toMillis(left));
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException silent) {
                return Optional.empty();
            }
            Optional<T> reply = reader.apply(Arrays.copyOf(packet.getData(), packet.getLength()));
            if (reply.isPresent()) {
                return reply;
            }
            packet.setLength(BUFFER);
        }
        return Optional.empty();
    }
}
