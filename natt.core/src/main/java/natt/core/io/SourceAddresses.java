package natt.core.io;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/// From which IPv4 address the kernel sends to others, as far as that is known: it is part of what
/// the checksum of UDP covers.
final class SourceAddresses {
    /// For so long an answer is taken as true: the network may be another one since.
    static final long KNOWN_NANOS = 1_000_000_000;

    /// A search has a few hundred ports, and a handful of addresses.
    static final int MOST = 64;

    /// Asks the kernel.
    interface Kernel {
        InetSocketAddress sourceTo(InetSocketAddress destination) throws IOException;
    }

    private record Known(int source, long atNanos) {}

    private final Kernel kernel;
    private final Map<Integer, Known> known = new HashMap<>();

    SourceAddresses(Kernel kernel) {
        this.kernel = kernel;
    }

    /// The address from which datagrams to another leave.
    ///
    /// @param number the destination's address as a number
    /// @throws IOException if there is no way there
    int to(InetSocketAddress destination, int number, long nowNanos) throws IOException {
        Known last = known.get(number);
        if (last != null && nowNanos - last.atNanos < KNOWN_NANOS) {
            return last.source;
        }
        InetSocketAddress found = kernel.sourceTo(destination);
        if (known.size() >= MOST) {
            known.clear();
        }
        int source = number(found);
        known.put(number, new Known(source, nowNanos));
        return source;
    }

    /// An IPv4 address as a number, the first byte the most significant.
    static int number(InetSocketAddress address) throws IOException {
        if (address.getAddress() instanceof Inet4Address four) {
            return ByteBuffer.wrap(four.getAddress()).getInt();
        }
        throw new IOException("not of IPv4: " + address);
    }
}
