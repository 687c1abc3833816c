package natt.tun.device;

import natt.core.Text;
import natt.core.keys.AddressPrefix;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// A TUN device as it is wanted.
///
/// @param name in 1 to 15 bytes
/// @param addresses the device's
/// @param mtu the longest packet, in bytes
/// @param routes prefixes to which it leads beside those of its addresses
/// @param offloads whether many packets of TCP may pass as one, where the kernel can
public record TunConfig(
        String name,
        List<TunAddress> addresses,
        int mtu,
        List<AddressPrefix> routes,
        boolean offloads) {
    /// What the kernel takes, without the zero at the end.
    private static final int LONGEST_NAME = 15;

    /// IPv4 asks for no less (RFC 791), and a length has 16 bits.
    private static final int LEAST_MTU = 68;

    private static final int MOST_MTU = 65_535;

    /// IPv6 asks for no less (RFC 8200, section 5).
    private static final int LEAST_MTU_IPV6 = 1_280;

    /// @throws IllegalArgumentException with one line for the user
    public TunConfig {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
        checkName(name);
        boolean six =
                addresses.stream().anyMatch(TunAddress::isIpv6)
                        || routes.stream().anyMatch(each -> each.network().getAddress().length > 4);
        int least = six ? LEAST_MTU_IPV6 : LEAST_MTU;
        if (mtu < least || mtu > MOST_MTU) {
            throw new IllegalArgumentException(
                    "the MTU of a device%s is %d to %d, not %d"
                            .formatted(six ? " with IPv6" : "", least, MOST_MTU, mtu));
        }
    }

    public TunConfig(String name, List<TunAddress> addresses, int mtu, List<AddressPrefix> routes) {
        this(name, addresses, mtu, routes, true);
    }

    private static void checkName(String name) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length > LONGEST_NAME) {
            throw new IllegalArgumentException(
                    "the device name '%s' has %d bytes; a name has at most %d"
                            .formatted(Text.escape(name), length, LONGEST_NAME));
        }
        // The kernel also takes others, which other programs do not.
        if (!name.matches("[A-Za-z0-9_.=+-]+") || name.matches("[.-].*")) {
            throw new IllegalArgumentException(
                    "'%s' is not a device name like natt0".formatted(Text.escape(name)));
        }
    }

    /// The commands by which an administrator prepares such a device.
    String commands(String user) {
        var text = new StringBuilder("ip tuntap add dev " + name + " mode tun user " + user);
        // Up first: the other end of an IPv6 address that is there before gets no route.
        text.append("; ip link set dev ").append(name).append(" mtu ").append(mtu).append(" up");
        for (TunAddress each : addresses) {
            text.append("; ip addr add ").append(each).append(" dev ").append(name);
        }
        for (AddressPrefix each : routes) {
            text.append("; ip route add ").append(each).append(" dev ").append(name);
        }
        return text.toString();
    }
}
