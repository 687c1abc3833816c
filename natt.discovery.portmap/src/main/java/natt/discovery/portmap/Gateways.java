package natt.discovery.portmap;

import natt.discovery.portmap.proto.RouteTables;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Finds the default gateways of this machine.
final class Gateways {
    /// Below the process, where a systemd service with `ProcSubset=pid` still finds them.
    private static final Path ROUTES = Path.of("/proc/self/net/route");

    private static final Path ROUTES_SIX = Path.of("/proc/self/net/ipv6_route");

    /// Any port will do: nothing is sent, the system only chooses a source.
    private static final int DISCARD = 9;

    /// RFC 6598.
    private static final InetAddress SHARED_BY_CARRIER = InetAddress.ofLiteral("100.64.0.0");

    /// RFC 6333, section 10.
    private static final InetAddress BEHIND_TUNNEL = InetAddress.ofLiteral("192.0.0.0");

    private Gateways() {}

    /// @param bound only the address of this machine that is mapped, unless the wildcard
    static Optional<Gateway> ipv4(InetAddress bound) {
        if (bound instanceof Inet6Address && !bound.isAnyLocalAddress()) {
            return Optional.empty();
        }
        if (!Files.exists(ROUTES)) {
            return privateAddress().map(local -> new Gateway(Optional.empty(), local));
        }
        return read(ROUTES)
                .flatMap(table -> RouteTables.ipv4(table, ByteOrder.nativeOrder()))
                .flatMap(route -> towards(route.address(), route.address(), bound))
                .filter(gateway -> isBehindNat(gateway.local()));
    }

    /// The gateway of IPv6, and the global address that the system prefers.
    static Optional<Gateway> ipv6(InetAddress bound) {
        if (bound instanceof Inet4Address || !Files.exists(ROUTES_SIX)) {
            return Optional.empty();
        }
        return read(ROUTES_SIX)
                .flatMap(RouteTables::ipv6)
                .flatMap(
                        route -> {
                            try {
                                NetworkInterface device =
                                        NetworkInterface.getByName(route.device());
                                InetAddress scoped =
                                        Inet6Address.getByAddress(
                                                null, route.address().getAddress(), device);
                                return towards(InetAddress.ofLiteral("2000::1"), scoped, bound);
                            } catch (IOException gone) {
                                return Optional.empty();
                            }
                        });
    }

    private static Optional<Gateway> towards(
            InetAddress destination, InetAddress gateway, InetAddress bound) {
        try (var socket = new DatagramSocket(null)) {
            socket.bind(new InetSocketAddress(source(bound, destination), 0));
            socket.connect(destination, DISCARD);
            InetAddress local = socket.getLocalAddress();
            boolean usable = !local.isAnyLocalAddress() && !local.isLoopbackAddress();
            return usable
                    ? Optional.of(new Gateway(Optional.of(gateway), local))
                    : Optional.empty();
        } catch (IOException | UncheckedIOException unreachable) {
            return Optional.empty();
        }
    }

    /// A wildcard of the other family would need a machine with both.
    private static InetAddress source(InetAddress bound, InetAddress destination) {
        boolean four = destination instanceof Inet4Address;
        return bound.isAnyLocalAddress() ? InetAddress.ofLiteral(four ? "0.0.0.0" : "::") : bound;
    }

    /// Whether an IPv4 address needs a gateway to be reached from outside; nobody else is bothered,
    /// least of all the networks of hosting companies.
    static boolean isBehindNat(InetAddress local) {
        return local.isSiteLocalAddress()
                || shares(local, SHARED_BY_CARRIER, 10)
                || shares(local, BEHIND_TUNNEL, 24);
    }

    private static Optional<String> read(Path table) {
        try {
            return Optional.of(Files.readString(table, StandardCharsets.ISO_8859_1));
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    private static Optional<InetAddress> privateAddress() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(each -> each instanceof Inet4Address && each.isSiteLocalAddress())
                    .findFirst();
        } catch (SocketException unknown) {
            return Optional.empty();
        }
    }

    /// Whether another address is on the same link as one of ours.
    static boolean isNear(InetAddress local, InetAddress other) {
        try {
            NetworkInterface device = NetworkInterface.getByInetAddress(local);
            return device != null
                    && !local.equals(other)
                    && device.getInterfaceAddresses().stream()
                            .filter(each -> local.equals(each.getAddress()))
                            .anyMatch(each -> shares(local, other, each.getNetworkPrefixLength()));
        } catch (SocketException unknown) {
            return false;
        }
    }

    static boolean shares(InetAddress one, InetAddress other, int prefix) {
        byte[] a = one.getAddress();
        byte[] b = other.getAddress();
        boolean same = a.length == b.length;
        for (int bit = 0; same && bit < prefix; bit++) {
            int mask = 0x80 >> (bit & 7);
            same = (a[bit >> 3] & mask) == (b[bit >> 3] & mask);
        }
        return same;
    }
}
