package natt.testkit;

import natt.core.spi.Engine;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/// A machine with addresses and UDP ports.
public final class SimHost {
    private static final int FIRST_EPHEMERAL_PORT = 49_152;

    private final SimNetwork network;
    private final SimRealm realm;
    private final String name;
    private final List<InetAddress> addresses;
    private final List<SimPort> ports = new ArrayList<>();
    private final SimLink up;
    private final SimLink down;

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
        int chosen = port;
        for (int next = FIRST_EPHEMERAL_PORT; chosen == 0; next++) {
            chosen = taken(address, next) ? 0 : next;
        }
        if (taken(address, chosen)) {
            throw new IllegalArgumentException(name + " has bound port " + port);
        }
        var bound = new SimPort(network, this, address, chosen, List.of(engines));
        ports.add(bound);
        network.add(bound);
        return bound;
    }

    /// Changes an address, as on another network of the same realm. Ports stay bound.
    ///
    /// @param address its number among this host's addresses
    public void renumber(int address, String newAddress) {
        addresses.set(address, realm.free(newAddress));
    }

    void unbind(SimPort port) {
        ports.remove(port);
        network.remove(port);
    }

    void send(SimDatagram datagram) {
        network.note(SimFate.SENT, name, datagram);
        if (addresses.contains(datagram.to().getAddress())) {
            network.later(0, () -> arrive(datagram));
        } else {
            network.carry(up, name + " up", datagram, realm::route);
        }
    }

    void arrive(SimDatagram datagram) {
        for (SimPort port : ports) {
            if (port.local().equals(datagram.to())) {
                network.note(port.receive(datagram), name, datagram);
                return;
            }
        }
        network.note(SimFate.NO_LISTENER, name, datagram);
    }

    private boolean taken(int address, int number) {
        var wanted = new InetSocketAddress(addresses.get(address), number);
        return ports.stream().anyMatch(port -> port.local().equals(wanted));
    }
}
