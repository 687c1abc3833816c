package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/// A network within which addresses are unique: the Internet, or what is behind a NAT. Hosts
/// and NATs hang on it by two links each, one per direction.
public final class SimRealm {
    private final SimNetwork network;
    private final String name;
    private final @Nullable Gateway gateway;
    private final List<SimHost> hosts = new ArrayList<>();
    private final List<SimRealm> inner = new ArrayList<>();

    SimRealm(SimNetwork network, String name, @Nullable Gateway gateway) {
        this.network = network;
        this.name = name;
        this.gateway = gateway;
    }

    /// What joins a realm to the one outside.
    record Gateway(SimRealm outside, SimNat nat, SimLink up, SimLink down) {}

    /// Adds a host.
    ///
    /// @param addresses in text form, the first being the one it sends from unless told
    ///     otherwise
    public SimHost addHost(String hostName, String... addresses) {
        if (addresses.length == 0) {
            throw new IllegalArgumentException("a host needs an address");
        }
        var parsed = new ArrayList<InetAddress>();
        for (String address : addresses) {
            parsed.add(free(address));
        }
        var host = new SimHost(network, this, hostName, parsed);
        hosts.add(host);
        return host;
    }

    /// Adds a NAT and returns the realm behind it.
    ///
    /// @param natName of the NAT and of the realm
    /// @param externalAddress the NAT's address in this realm, in text form
    public SimRealm addNat(String natName, String externalAddress, SimNat.Behavior behavior) {
        var nat = new SimNat(behavior, free(externalAddress), network.random(natName));
        var up = new SimLink(SimLink.Shape.clean(), network.random(natName + " up"));
        var down = new SimLink(SimLink.Shape.clean(), network.random(natName + " down"));
        var realm = new SimRealm(network, natName, new Gateway(this, nat, up, down));
        inner.add(realm);
        return realm;
    }

    public String name() {
        return name;
    }

    /// The NAT between this realm and the next; the Internet has none.
    public SimNat nat() {
        return gateway().nat;
    }

    /// The link from this realm's NAT outwards.
    public SimLink up() {
        return gateway().up;
    }

    /// The link from outside to this realm's NAT.
    public SimLink down() {
        return gateway().down;
    }

    /// Puts a datagram into this realm as if somebody in it had sent it, under any source
    /// address.
    public void inject(InetSocketAddress from, InetSocketAddress to, byte[] payload) {
        var datagram = new SimDatagram(from, to, payload.clone());
        network.note(SimFate.SENT, name, datagram);
        route(datagram);
    }

    /// Takes a datagram to whoever has its destination in this realm, or outwards.
    void route(SimDatagram datagram) {
        if (!routeInside(datagram)) {
            if (gateway == null) {
                network.note(SimFate.NO_ROUTE, name, datagram);
            } else {
                leave(gateway, datagram);
            }
        }
    }

    private boolean routeInside(SimDatagram datagram) {
        InetAddress to = datagram.to().getAddress();
        for (SimHost host : hosts) {
            if (host.addresses().contains(to)) {
                network.carry(host.down(), host.name() + " down", datagram, host::arrive);
                return true;
            }
        }
        for (SimRealm realm : inner) {
            if (realm.nat().externalAddress().equals(to)) {
                network.carry(realm.down(), realm.name + " down", datagram, realm::enter);
                return true;
            }
        }
        return false;
    }

    private void leave(Gateway by, SimDatagram datagram) {
        boolean hairpin = datagram.to().getAddress().equals(by.nat.externalAddress());
        if (hairpin && !by.nat.behavior().hairpins()) {
            by.nat.countHairpinRefused();
            network.note(SimFate.UNMAPPED, name, datagram);
            return;
        }
        InetSocketAddress external =
                by.nat.outbound(datagram.from(), datagram.to(), network.nanoTime());
        var translated = datagram.from(external);
        if (hairpin) {
            enter(translated);
        } else {
            network.carry(by.up, name + " up", translated, by.outside::route);
        }
    }

    private void enter(SimDatagram datagram) {
        SimNat.Entry entry = nat().inbound(datagram.from(), datagram.to(), network.nanoTime());
        if (entry.to() == null) {
            network.note(entry.fate(), name, datagram);
            return;
        }
        var translated = datagram.to(entry.to());
        if (!routeInside(translated)) {
            network.note(SimFate.NO_ROUTE, name, translated);
        }
    }

    private Gateway gateway() {
        if (gateway == null) {
            throw new IllegalStateException("no NAT stands before " + name);
        }
        return gateway;
    }

    /// Parses an address, which nobody in this realm may have yet.
    InetAddress free(String address) {
        InetAddress parsed = InetAddress.ofLiteral(address);
        boolean taken =
                hosts.stream().anyMatch(host -> host.addresses().contains(parsed))
                        || inner.stream().anyMatch(r -> r.nat().externalAddress().equals(parsed));
        if (taken) {
            throw new IllegalArgumentException(address + " is taken in " + name);
        }
        return parsed;
    }
}
