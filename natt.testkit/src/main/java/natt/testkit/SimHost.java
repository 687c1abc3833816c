package natt.testkit;

import natt.core.spi.Engine;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A machine with addresses and UDP ports.
public final class SimHost {
    private static final int FIRST_EPHEMERAL_PORT = 49_152;
    private static final int LAST_EPHEMERAL_PORT = 65_535;

    /// In place of an address' number: all of them.
    static final int ANY = -1;

    private final SimNetwork network;
    private final SimRealm realm;
    private final String name;
    private final List<InetAddress> addresses;
    private final Map<Local, Socket> sockets = new HashMap<>();
    private final SimLink up;
    private final SimLink down;

    /// The next to be taken. One that was closed comes again last: a NAT may still know it.
    private int ephemeral = FIRST_EPHEMERAL_PORT;

    SimHost(SimNetwork network, SimRealm realm, String name, List<InetAddress> addresses) {
        this.network = network;
        this.realm = realm;
        this.name = name;
        this.addresses = addresses;
        up = new SimLink(SimLink.Shape.clean(), network.random(name + " up"));
        down = new SimLink(SimLink.Shape.clean(), network.random(name + " down"));
    }

    public String name() {
        return name;
    }

    public List<InetAddress> addresses() {
        return addresses;
    }

    /// The link from this host to its realm.
    public SimLink up() {
        return up;
    }

    /// The link from its realm to this host.
    public SimLink down() {
        return down;
    }

    /// Binds a port of the first address; 0 takes a free one.
    ///
    /// @param engines asked in this order for each datagram, until one takes it
    public SimPort bind(int port, Engine... engines) {
        return bind(0, port, engines);
    }

    /// Binds a port of one address.
    ///
    /// @param address its number among this host's addresses
    public SimPort bind(int address, int port, Engine... engines) {
        var bound = new SimPort(network, this, address, List.of(engines));
        bound.open(port);
        network.add(bound);
        return bound;
    }

    /// Binds a port of all addresses: datagrams leave from the first of the destination's family.
    /// Its [SimPort#local] is that of the first address.
    public SimPort bindAny(int port, Engine... engines) {
        return bind(ANY, port, engines);
    }

    /// Changes an address, as on another network of the same realm. Ports stay bound.
    ///
    /// @param address its number among this host's addresses
    public void renumber(int address, String newAddress) {
        addresses.set(address, realm.free(newAddress));
    }

    /// The realm in which this host is.
    public SimRealm realm() {
        return realm;
    }

    /// A port number of one address or of all.
    private record Local(int address, int number) {}

    /// One of a port's sockets.
    private record Socket(SimPort port, int index) {}

    /// Gives a port a socket.
    ///
    /// @param wanted 0 for a free one
    /// @return its port number
    int open(SimPort port, int index, int address, int wanted) {
        int chosen = wanted;
        while (chosen == 0) {
            chosen = taken(address, ephemeral) ? 0 : ephemeral;
            ephemeral = ephemeral == LAST_EPHEMERAL_PORT ? FIRST_EPHEMERAL_PORT : ephemeral + 1;
        }
        if (taken(address, chosen)) {
            throw new IllegalArgumentException(name + " has bound port " + wanted);
        }
        sockets.put(new Local(address, chosen), new Socket(port, index));
        return chosen;
    }

    void close(int address, int number) {
        sockets.remove(new Local(address, number));
    }

    void close(SimPort port) {
        sockets.values().removeIf(socket -> socket.port.equals(port));
        network.remove(port);
    }

    /// The address from which a socket sends.
    ///
    /// @param address its number among the addresses, or [#ANY]
    InetAddress source(int address, InetAddress to) {
        if (address != ANY) {
            return addresses.get(address);
        }
        boolean ipv4 = to instanceof Inet4Address;
        return addresses.stream()
                .filter(mine -> mine instanceof Inet4Address == ipv4)
                .findFirst()
                .orElse(addresses.getFirst());
    }

    void send(SimDatagram datagram) {
        network.note(SimFate.SENT, name, datagram);
        boolean ipv4 = datagram.to().getAddress() instanceof Inet4Address;
        if (datagram.from().getAddress() instanceof Inet4Address != ipv4) {
            network.note(SimFate.NO_ROUTE, name, datagram);
            return;
        }
        if (addresses.contains(datagram.to().getAddress())) {
            network.later(0, () -> arrive(datagram));
        } else {
            network.carry(up, name + " up", datagram, realm::route);
        }
    }

    void arrive(SimDatagram datagram) {
        int number = datagram.to().getPort();
        int address = addresses.indexOf(datagram.to().getAddress());
        Socket socket = sockets.get(new Local(address, number));
        if (socket == null) {
            socket = sockets.get(new Local(ANY, number));
        }
        SimFate fate =
                socket == null || address < 0
                        ? SimFate.NO_LISTENER
                        : socket.port.receive(socket.index, datagram);
        network.note(fate, name, datagram);
    }

    private boolean taken(int address, int number) {
        if (sockets.containsKey(new Local(ANY, number))) {
            return true;
        }
        return address == ANY
                ? IntStream.range(0, addresses.size())
                        .anyMatch(each -> sockets.containsKey(new Local(each, number)))
                : sockets.containsKey(new Local(address, number));
    }
}
