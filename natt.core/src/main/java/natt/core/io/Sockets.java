package natt.core.io;

import natt.core.Route;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The additional sockets of a port, by number.
final class Sockets {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final InetSocketAddress ANY =
            new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);

    private final Driver driver;
    private final OwnSocket.Receiver receiver;
    private final Map<Integer, PortSocket> open = new HashMap<>();
    private final Set<Integer> ephemeral = new HashSet<>();
    private int last;

    Sockets(Driver driver, OwnSocket.Receiver receiver) {
        this.driver = driver;
        this.receiver = receiver;
    }

    int add(InetSocketAddress bind) throws IOException {
        return add(bind, PortSocket.LARGE_BUFFERS);
    }

    private int add(InetSocketAddress bind, int bufferBytes) throws IOException {
        if (!(bind.getAddress() instanceof Inet4Address)) {
            throw new IllegalArgumentException("an additional socket is IPv4: " + bind);
        }
        if (open.size() == Route.MOST_SOCKETS) {
            throw new IOException("too many sockets");
        }
        int number = unused();
        open.put(number, new PortSocket(driver, number, bind, bufferBytes, receiver));
        last = number;
        return number;
    }

    private int unused() {
        int number = last;
        do {
            number = number % Route.MOST_SOCKETS + 1;
        } while (open.containsKey(number));
        return number;
    }

    List<Integer> addEphemeral(int count) {
        var added = new ArrayList<Integer>();
        int wanted = Math.min(count, Port.MOST_EPHEMERAL - ephemeral.size());
        // A socket that the selector has seen keeps its descriptor until the next turn; these are
        // free again at once.
        var reserve = new ArrayList<DatagramChannel>();
        try {
            while (reserve.size() < Port.RESERVED_DESCRIPTORS) {
                reserve.add(DatagramChannel.open(StandardProtocolFamily.INET));
            }
            while (added.size() < wanted) {
                int number = add(ANY, PortSocket.SMALL_BUFFERS);
                ephemeral.add(number);
                added.add(number);
            }
        } catch (IOException _) {
            // Those that there are have to do.
        } finally {
            reserve.forEach(Driver::closeQuietly);
        }
        if (added.size() < count) {
            LOG.log(Level.DEBUG, "{0} of {1} sockets opened", added.size(), count);
        }
        return List.copyOf(added);
    }

    @Nullable PortSocket get(int number) {
        return open.get(number);
    }

    void close(int number) {
        ephemeral.remove(number);
        PortSocket socket = open.remove(number);
        if (socket != null) {
            socket.close();
        }
    }

    void closeAll() {
        open.values().forEach(PortSocket::close);
        open.clear();
        ephemeral.clear();
    }
}
