package natt.discovery.portmap;

import natt.core.time.Ticker;
import natt.discovery.portmap.proto.HttpUrl;
import natt.discovery.portmap.proto.Ssdp;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Searches the local network for the description of the gateway.
final class SsdpSearch {
    /// Twice, since there is no other remedy against loss; answers may take a second (MX).
    private static final Duration[] WAITS = {Duration.ofMillis(700), Duration.ofMillis(1_500)};

    private static final int BUFFER = Ssdp.LONGEST + 1;
    private static final int HOPS = 2;

    private final int port;
    private final Ticker ticker;

    /// @param port where devices listen
    SsdpSearch(int port, Ticker ticker) {
        this.port = port;
        this.ticker = ticker;
    }

    Optional<HttpUrl> find(Gateway gateway) throws InterruptedException {
        try (var socket = new DatagramSocket(new InetSocketAddress(gateway.local(), 0))) {
            NetworkInterface device = NetworkInterface.getByInetAddress(gateway.local());
            if (device != null && device.supportsMulticast()) {
                socket.setOption(StandardSocketOptions.IP_MULTICAST_IF, device);
            }
            socket.setOption(StandardSocketOptions.IP_MULTICAST_TTL, HOPS);
            for (Duration wait : WAITS) {
                ask(socket, gateway);
                Optional<HttpUrl> found =
                        await(socket, gateway, ticker.nanoTime() + wait.toNanos());
                if (found.isPresent()) {
                    return found;
                }
            }
        } catch (IOException failed) {
            Interruption.check();
        }
        return Optional.empty();
    }

    private void ask(DatagramSocket socket, Gateway gateway) throws IOException {
        for (String target : Ssdp.TARGETS) {
            byte[] question = Ssdp.search(target);
            // Where multicast is filtered, the gateway may still be asked alone.
            gateway.address().ifPresent(address -> send(socket, question, address));
            send(socket, question, Ssdp.GROUP);
        }
    }

    private void send(DatagramSocket socket, byte[] question, InetAddress to) {
        try {
            socket.send(new DatagramPacket(question, question.length, to, port));
        } catch (IOException unreachable) {
            // The other destination may work; if none does, there is no answer.
        }
    }

    private Optional<HttpUrl> await(DatagramSocket socket, Gateway gateway, long until)
            throws IOException {
        var packet = new DatagramPacket(new byte[BUFFER], BUFFER);
        for (long left; (left = until - ticker.nanoTime()) > 0; ) {
            socket.setSoTimeout(1 + (int) TimeUnit.NANOSECONDS.toMillis(left));
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException silent) {
                return Optional.empty();
            }
            InetAddress sender = packet.getAddress();
            byte[] answer = Arrays.copyOf(packet.getData(), packet.getLength());
            if (isGateway(gateway, sender)) {
                Optional<HttpUrl> found = Ssdp.location(answer, sender);
                if (found.isPresent()) {
                    return found;
                }
            }
            packet.setLength(BUFFER);
        }
        return Optional.empty();
    }

    /// Only the default gateway may answer; where it is unknown, a neighbor.
    private static boolean isGateway(Gateway gateway, InetAddress sender) {
        return gateway.address()
                .map(sender::equals)
                .orElseGet(() -> Gateways.isNear(gateway.local(), sender));
    }
}
