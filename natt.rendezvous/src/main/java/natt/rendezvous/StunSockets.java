package natt.rendezvous;

import natt.core.io.Port;
import natt.core.spi.AddressDiscovery.LocalSocket;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The sockets of a broker's port that answer STUN beside its first: a second port, and both on a
/// second address.
///
/// @param sockets those whose addresses are known and may be told
/// @param port the second one; 0 if there is none
/// @param address the second one
record StunSockets(List<LocalSocket> sockets, int port, Optional<InetAddress> address) {
    private static final int MOST_PORT = 65_535;
    private static final InetAddress ANY = InetAddress.ofLiteral("0.0.0.0");

    /// @param listen as configured, the first of which is the port's own
    static StunSockets open(Port port, List<InetSocketAddress> listen) throws IOException {
        InetSocketAddress own = port.local();
        InetAddress first = listen.getFirst().getAddress();
        boolean any = first.isAnyLocalAddress();
        if (!any && !(first instanceof Inet4Address)) {
            return new StunSockets(List.of(), 0, Optional.empty());
        }
        boolean chosen = listen.getFirst().getPort() != 0;
        int next = !chosen || own.getPort() == MOST_PORT ? 0 : own.getPort() + 1;
        int second = add(port, new InetSocketAddress(any ? ANY : first, next));
        int secondPort = port.local(second).orElseThrow().getPort();
        var sockets = new ArrayList<LocalSocket>();
        Optional<InetAddress> known = any ? publicAddress() : Optional.of(first);
        known.ifPresent(
                address -> {
                    sockets.add(new LocalSocket(0, new InetSocketAddress(address, own.getPort())));
                    sockets.add(
                            new LocalSocket(second, new InetSocketAddress(address, secondPort)));
                });
        if (listen.size() < 2) {
            return new StunSockets(List.copyOf(sockets), secondPort, Optional.empty());
        }
        InetAddress other = listen.getLast().getAddress();
        for (int each : new int[] {own.getPort(), secondPort}) {
            var address = new InetSocketAddress(other, each);
            sockets.add(new LocalSocket(add(port, address), address));
        }
        return new StunSockets(List.copyOf(sockets), secondPort, Optional.of(other));
    }

    private static int add(Port port, InetSocketAddress bind) throws IOException {
        try {
            return port.addSocket(bind);
        } catch (IOException failed) {
            throw Broker.cannotListen("UDP", bind, failed);
        }
    }

    /// The public IPv4 address of this machine, if its interfaces have exactly one.
    static Optional<InetAddress> publicAddress() {
        try {
            List<InetAddress> found =
                    NetworkInterface.networkInterfaces()
                            .flatMap(NetworkInterface::inetAddresses)
                            .filter(StunSockets::isPublic)
                            .distinct()
                            .toList();
            return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
        } catch (SocketException none) {
            return Optional.empty();
        }
    }

    private static boolean isPublic(InetAddress address) {
        byte[] bytes = address.getAddress();
        // 100.64.0.0/10 is a carrier's (RFC 6598).
        boolean shared = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64;
        return address instanceof Inet4Address
                && !shared
                && !address.isLoopbackAddress()
                && !address.isLinkLocalAddress()
                && !address.isSiteLocalAddress();
    }
}
