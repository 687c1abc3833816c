package natt.tun;

import natt.core.Addresses;
import natt.core.Text;
import natt.core.keys.AddressPrefix;
import natt.tun.device.TunAddress;
import natt.tun.device.TunConfig;
import natt.tun.packet.LocalAddress;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/// A device, and the peers whose packets it carries.
///
/// @param device the name of the network interface
/// @param mtu if it was given
/// @param locals its addresses
/// @param forward whether packets may go from one peer to another
/// @param peers of which no two own the same prefix
public record TunnelConfig(
        String device,
        OptionalInt mtu,
        List<LocalAddress> locals,
        boolean forward,
        List<TunnelPeer> peers) {
    public static final String USUAL_DEVICE = "natt0";

    /// Where the user leaves it open: what goes whole in a packet of 1500 bytes by IPv6, whose
    /// headers, and natt's, take 80. Senders are told of narrower paths.
    public static final int USUAL_MTU = 1420;

    public TunnelConfig {
        locals = List.copyOf(locals);
        peers = List.copyOf(peers);
    }

    /// The MTU that was given, else the usual one.
    public int mtuOrUsual() {
        return mtu.orElse(USUAL_MTU);
    }

    /// The device for it. A device with one peer that is one address leads there, as a cable does;
    /// others lead to the networks of their addresses. What peers own beside gets a route, but for
    /// everything (`0.0.0.0/0`), which would take this node's own datagrams with it.
    public TunConfig toDevice() {
        List<TunAddress> addresses = locals.stream().map(this::address).toList();
        List<AddressPrefix> reached =
                addresses.stream()
                        .filter(TunnelConfig::leadsThereByItself)
                        .map(TunAddress::prefix)
                        .toList();
        List<AddressPrefix> routes =
                prefixes()
                        .filter(each -> each.length() > 0)
                        .filter(each -> reached.stream().noneMatch(wide -> covers(wide, each)))
                        .toList();
        return new TunConfig(device, addresses, mtuOrUsual(), routes);
    }

    /// The kernel forgets the other end of an IPv6 address that a device gets before it is up.
    private static boolean leadsThereByItself(TunAddress address) {
        return address.local() instanceof Inet4Address || address.local().equals(address.peer());
    }

    /// Prefixes of peers that lead to all addresses there are, and so get no route.
    public List<AddressPrefix> withoutRoute() {
        return prefixes().filter(each -> each.length() == 0).toList();
    }

    private Stream<AddressPrefix> prefixes() {
        return peers.stream().flatMap(each -> each.allowedIps().stream());
    }

    private TunAddress address(LocalAddress local) {
        int whole = local.address().getAddress().length * 8;
        List<AddressPrefix> hosts =
                prefixes()
                        .filter(each -> each.network().getAddress().length * 8 == whole)
                        .filter(each -> each.length() == whole)
                        .toList();
        return peers.size() == 1 && hosts.size() == 1 && local.length() == whole
                ? TunAddress.toPeer(local.address(), hosts.getFirst().network())
                : TunAddress.inPrefix(local.address(), local.length());
    }

    private static boolean covers(AddressPrefix wide, AddressPrefix narrow) {
        return wide.length() <= narrow.length() && wide.contains(narrow.network());
    }

    public static Builder builder() {
        return new Builder();
    }

    /// Takes what a user says, and refuses what cannot be right as soon as it is said: all methods
    /// throw [IllegalArgumentException] with one line for the user.
    public static final class Builder {
        /// The least MTU of IPv4 (RFC 791, section 3.2: what every host takes) and of IPv6.
        private static final int LEAST_IPV4 = 576;

        private static final int LEAST_IPV6 = 1280;

        /// What goes whole in a packet of 1500 bytes by IPv4.
        private static final int MOST = 1440;

        private Optional<String> device = Optional.empty();
        private OptionalInt mtu = OptionalInt.empty();
        private boolean forward;
        private final List<LocalAddress> locals = new ArrayList<>();
        private final Map<String, List<AddressPrefix>> peers = new LinkedHashMap<>();
        private final Map<AddressPrefix, String> owners = new HashMap<>();
        private final Set<AddressPrefix> own = new HashSet<>();
        private String lastPeer = "";

        private Builder() {}

        /// @param name at most 15 characters, as Linux wants it
        public Builder device(String name) {
            if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}") || name.matches("all|default")) {
                throw new IllegalArgumentException(
                        "'%s' is not the name of a device, of 1 to 15 letters, digits, . - and _"
                                .formatted(Text.escape(name)));
            }
            if (device.isPresent()) {
                throw new IllegalArgumentException("the device is named twice");
            }
            device = Optional.of(name);
            return this;
        }

        /// @param text a number of bytes, or `auto`
        public Builder mtu(String text) {
            if (mtu.isPresent()) {
                throw new IllegalArgumentException("the MTU is given twice");
            }
            if (text.equals("auto")) {
                return this;
            }
            int number = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
            if (number < LEAST_IPV4 || number > MOST) {
                throw new IllegalArgumentException(
                        "the MTU is 'auto' or %d to %d, not '%s'"
                                .formatted(LEAST_IPV4, MOST, Text.escape(text)));
            }
            mtu = OptionalInt.of(number);
            return this;
        }

        /// Lets packets go from one peer to another.
        public Builder forward() {
            forward = true;
            return this;
        }

        /// Gives the device an address.
        public Builder local(LocalAddress local) {
            AddressPrefix host = local.host();
            if (!own.add(host)) {
                throw new IllegalArgumentException(
                        Addresses.format(local.address()) + " is given to the device twice");
            }
            if (owners.containsKey(host)) {
                throw bothEnds(host, owners.get(host));
            }
            locals.add(local);
            return this;
        }

        /// Adds a peer, which the next calls of [#allow] are about.
        public Builder peer(String name) {
            checkLastPeer();
            if (peers.putIfAbsent(name, new ArrayList<>()) != null) {
                throw new IllegalArgumentException("the peer %s is there twice".formatted(name));
            }
            lastPeer = name;
            return this;
        }

        /// Gives a prefix to the last peer.
        public Builder allow(AddressPrefix prefix) {
            List<AddressPrefix> prefixes = peers.get(lastPeer);
            if (prefixes == null) {
                throw new IllegalArgumentException(
                        "allowed-ips are those of a peer, of which" + " there is none yet");
            }
            if (isUseless(prefix)) {
                throw new IllegalArgumentException(
                        "%s are no addresses of hosts".formatted(prefix));
            }
            if (own.contains(prefix)) {
                throw bothEnds(prefix, lastPeer);
            }
            String other = owners.putIfAbsent(prefix, lastPeer);
            if (other != null) {
                throw new IllegalArgumentException(
                        other.equals(lastPeer)
                                ? "%s is allowed to %s twice".formatted(prefix, lastPeer)
                                : "%s is allowed to both %s and %s"
                                        .formatted(prefix, other, lastPeer));
            }
            prefixes.add(prefix);
            return this;
        }

        private static IllegalArgumentException bothEnds(AddressPrefix prefix, String peer) {
            return new IllegalArgumentException(
                    "%s is both this device's and that of %s"
                            .formatted(Addresses.format(prefix.network()), peer));
        }

        /// Whether nothing in it is ever on the way: loopback, multicast and the like.
        private static boolean isUseless(AddressPrefix prefix) {
            int wholly = prefix.network() instanceof Inet4Address ? 8 : 96;
            boolean multicast = prefix.network().isMulticastAddress() && prefix.length() >= 4;
            return prefix.length() >= wholly && !LocalAddress.isPossible(prefix.network())
                    || multicast;
        }

        private void checkLastPeer() {
            List<AddressPrefix> prefixes = peers.get(lastPeer);
            if (prefixes != null && prefixes.isEmpty()) {
                throw new IllegalArgumentException(
                        "the peer %s has no allowed-ips".formatted(lastPeer));
            }
        }

        public TunnelConfig build() {
            checkLastPeer();
            if (locals.isEmpty()) {
                throw new IllegalArgumentException("the device has no local address");
            }
            if (peers.isEmpty()) {
                throw new IllegalArgumentException("there is no peer");
            }
            boolean six =
                    Stream.concat(own.stream(), owners.keySet().stream())
                            .anyMatch(each -> !(each.network() instanceof Inet4Address));
            if (six && mtu.orElse(USUAL_MTU) < LEAST_IPV6) {
                throw new IllegalArgumentException(
                        "IPv6 needs an MTU of %d at least".formatted(LEAST_IPV6));
            }
            return new TunnelConfig(
                    device.orElse(USUAL_DEVICE),
                    mtu,
                    locals,
                    forward,
                    peers.entrySet().stream()
                            .map(each -> new TunnelPeer(each.getKey(), each.getValue()))
                            .toList());
        }
    }
}
