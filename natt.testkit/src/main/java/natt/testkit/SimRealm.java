package natt.testkit;

import org.jspecify.annotations.Nullable;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// A network within which addresses are unique: the Internet, or what is behind a NAT or a
/// firewall. Hosts and NATs hang on it by two links each, one per direction.
///
/// IPv4 and IPv6 are apart: IPv6 passes the border of a realm only after [#routeIpv6],
// untranslated.
public final class SimRealm {
    /// The external address of what has none.
    private static final InetAddress NOWHERE = InetAddress.ofLiteral("0.0.0.0");

    private final SimNetwork network;
    private final String name;
    private final @Nullable Gateway gateway;
    private final List<SimHost> hosts = new ArrayList<>();
    private final List<SimRealm> inner = new ArrayList<>();
    private @Nullable SimNat ipv6;

    SimRealm(SimNetwork network, String name, @Nullable Gateway gateway) {
        this.network = network;
        this.name = name;
        this.gateway = gateway;
    }

    /// What joins a realm to the one outside.
    ///
    /// @param nat for IPv4
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
    public SimRealm addNat(String natName, String externalAddress, SimTranslator.Model model) {
        if (!model.translates()) {
            throw new IllegalArgumentException("no NAT: " + model);
        }
        return addRealm(natName, model, free(externalAddress));
    }

    /// Adds a firewall, or an open router, and returns the realm behind it, whose hosts have
    /// addresses of this realm.
    public SimRealm addFirewall(String firewallName, SimTranslator.Model model) {
        if (model.translates()) {
            throw new IllegalArgumentException("no firewall: " + model);
        }
        return addRealm(firewallName, model, NOWHERE);
    }

    /// Adds a host in a realm of its own behind a NAT or firewall, as in the laboratory.
    ///
    /// @param hostName of the host; the realm's has `nat` before it
    /// @param publicAddress the NAT's, or the host's if nothing is translated
    /// @param insideAddress the host's behind a NAT
    public SimHost addHostBehind(
            SimTranslator.Model model,
            String hostName,
            String publicAddress,
            String insideAddress) {
        String natName = "nat " + hostName;
        return model.translates()
                ? addNat(natName, publicAddress, model).addHost(hostName, insideAddress)
                : addFirewall(natName, model).addHost(hostName, publicAddress);
    }

    private SimRealm addRealm(String natName, SimTranslator.Model model, InetAddress external) {
        var nat = new SimNat(model, external, network.random(natName));
        var up = new SimLink(SimLink.Shape.clean(), network.random(natName + " up"));
        var down = new SimLink(SimLink.Shape.clean(), network.random(natName + " down"));
        var realm = new SimRealm(network, natName, new Gateway(this, nat, up, down));
        inner.add(realm);
        return realm;
    }

    /// Lets IPv6 pass between this realm and the one outside, where its hosts' addresses are
    /// known.
    ///
    /// @param model a firewall or [SimTranslator.Model#open()]
    public void routeIpv6(SimTranslator.Model model) {
        if (model.translates()) {
            throw new IllegalArgumentException("IPv6 is not translated: " + model);
        }
        gateway();
        ipv6 = new SimNat(model, NOWHERE, network.random(name + " IPv6"));
    }

    public String name() {
        return name;
    }

    /// The NAT or firewall between this realm and the next for IPv4; the Internet has none.
    public SimNat nat() {
        return gateway().nat;
    }

    /// The firewall between this realm and the next for IPv6.
    public SimNat ipv6() {
        if (ipv6 == null) {
            throw new IllegalStateException("no IPv6 passes between " + name + " and outside");
        }
        return ipv6;
    }

    /// The link from this realm's NAT outwards.
    public SimLink up() {
        return gateway().up;
    }

    /// The link from outside to this realm's NAT.
    public SimLink down() {
        return gateway().down;
    }

    /// From now on other hosts' mappings take an external port each, by chance at this mean
    /// interval. They are not counted and take no room; only sequential allocation notices.
    public void otherTraffic(Duration meanInterval) {
        var random = network.random(name + " other traffic");
        var next =
                new Runnable() {
                    @Override
                    public void run() {
                        nat().skipPorts(1);
                        schedule();
                    }

                    private void schedule() {
                        double wait = random.nextExponential() * meanInterval.toNanos();
                        network.after(Duration.ofNanos(Math.round(wait)), this);
                    }
                };
        next.schedule();
    }

    /// Puts a datagram into this realm as if somebody in it had sent it, under any source
    /// address.
    public void inject(InetSocketAddress from, InetSocketAddress to, byte[] payload) {
        var datagram = new SimDatagram(from, to, payload.clone());
        network.note(SimFate.SENT, name, datagram);
        route(datagram);
    }

    /// The realm outside this one; null for the Internet.
    @Nullable SimRealm outside() {
        return gateway == null ? null : gateway.outside;
    }

    /// Takes a datagram to whoever has its destination in this realm, or outwards.
    void route(SimDatagram datagram) {
        if (routeInside(datagram)) {
            return;
        }
        SimNat nat = border(datagram);
        if (gateway == null || nat == null) {
            network.note(SimFate.NO_ROUTE, name, datagram);
        } else {
            leave(gateway, nat, datagram);
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
            if (realm.isKnownOutsideBy(to)) {
                network.carry(realm.down(), realm.name + " down", datagram, realm::enter);
                return true;
            }
        }
        return false;
    }

    /// What stands between this realm and the next for the datagram's family; null if nothing
    /// passes.
    private @Nullable SimNat border(SimDatagram datagram) {
        if (datagram.to().getAddress() instanceof Inet6Address) {
            return ipv6;
        }
        return gateway == null ? null : gateway.nat;
    }

    /// Whether an address belongs to this realm as seen from outside it.
    private boolean isKnownOutsideBy(InetAddress address) {
        if (nat().translates() && nat().externalAddress().equals(address)) {
            return true;
        }
        boolean routed = address instanceof Inet6Address ? ipv6 != null : !nat().translates();
        return routed && isWithin(address);
    }

    private boolean isWithin(InetAddress address) {
        Predicate<SimHost> has = host -> host.addresses().contains(address);
        return hosts.stream().anyMatch(has)
                || inner.stream().anyMatch(realm -> realm.isKnownOutsideBy(address));
    }

    private void leave(Gateway by, SimNat nat, SimDatagram datagram) {
        long now = network.nanoTime();
        var out = nat.outbound(datagram.from(), datagram.to(), now);
        if (out.address() == null) {
            network.note(out.fate(), name, datagram);
            return;
        }
        var translated = datagram.from(out.address());
        InetAddress to = datagram.to().getAddress();
        if (nat.translates() && to.equals(nat.externalAddress())) {
            comeBack(nat, translated, datagram.from());
        } else {
            network.carry(by.up, name + " up", translated, by.outside::route);
        }
    }

    /// Hairpinning.
    private void comeBack(SimNat nat, SimDatagram datagram, InetSocketAddress inside) {
        var in = nat.inbound(datagram.from(), datagram.to(), network.nanoTime());
        deliver(in, datagram, nat.hairpinsWithInsideSources() ? inside : datagram.from());
    }

    private void enter(SimDatagram datagram) {
        SimNat nat = border(datagram);
        if (nat == null) {
            network.note(SimFate.NO_ROUTE, name, datagram);
            return;
        }
        var in = nat.inbound(datagram.from(), datagram.to(), network.nanoTime());
        deliver(in, datagram, datagram.from());
    }

    private void deliver(SimTranslator.Passage in, SimDatagram datagram, InetSocketAddress source) {
        if (in.address() == null) {
            network.note(in.fate(), name, datagram);
            return;
        }
        var translated = datagram.from(source).to(in.address());
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
        if (isWithin(parsed) || gateway != null && isTakenOutside(gateway, parsed)) {
            throw new IllegalArgumentException(address + " is taken in " + name);
        }
        return parsed;
    }

    /// Whether the realm outside has an address already that would be known there, too.
    private static boolean isTakenOutside(Gateway by, InetAddress address) {
        boolean ipv4 = !(address instanceof Inet6Address);
        return ipv4 && !by.nat.translates() && by.outside.isWithin(address);
    }
}
