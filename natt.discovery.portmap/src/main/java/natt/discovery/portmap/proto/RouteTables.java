package natt.discovery.portmap.proto;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;

/// The default gateways in Linux's `/proc/net/route` and `/proc/net/ipv6_route`.
public final class RouteTables {
    private static final int UP = 1;
    private static final int GATEWAY = 2;
    private static final int SIXTEEN = 32;

    private RouteTables() {}

    /// @param device which leads to it
    public record Gateway(InetAddress address, String device) {}

    /// The gateway of the best default route, by the metric.
    ///
    /// @param order of this machine: the kernel writes the bytes as a number of its own
    public static Optional<Gateway> ipv4(String table, ByteOrder order) {
        Optional<Gateway> best = Optional.empty();
        long least = Long.MAX_VALUE;
        for (String line : table.lines().skip(1).toList()) {
            String[] field = line.trim().split("\\s+");
            if (field.length < 8) {
                continue;
            }
            try {
                int flags = Integer.parseInt(field[3], 16);
                long metric = Long.parseLong(field[6]);
                boolean isDefault = hex(field[1]) == 0 && hex(field[7]) == 0;
                boolean usable = (flags & (UP | GATEWAY)) == (UP | GATEWAY);
                if (isDefault && usable && hex(field[2]) != 0 && metric < least) {
                    least = metric;
                    byte[] bytes =
                            ByteBuffer.allocate(4).order(order).putInt(hex(field[2])).array();
                    best = Optional.of(new Gateway(InetAddress.getByAddress(bytes), field[0]));
                }
            } catch (NumberFormatException | UnknownHostException _) {
                // A line of another form is no route to us.
            }
        }
        return best;
    }

    private static int hex(String field) {
        return Integer.parseUnsignedInt(field, 16);
    }

    /// The same for IPv6, whose gateways are link-local; they come without a scope.
    public static Optional<Gateway> ipv6(String table) {
        Optional<Gateway> best = Optional.empty();
        long least = Long.MAX_VALUE;
        for (String line : table.lines().toList()) {
            String[] field = line.trim().split("\\s+");
            if (field.length < 10 || field[4].length() != SIXTEEN || field[0].matches(".*[^0].*")) {
                continue;
            }
            try {
                int flags = hex(field[8]);
                long metric = Integer.toUnsignedLong(hex(field[5]));
                boolean usable = (flags & (UP | GATEWAY)) == (UP | GATEWAY);
                if (hex(field[1]) == 0 && usable && metric < least) {
                    byte[] bytes = HexFormat.of().parseHex(field[4]);
                    least = metric;
                    best = Optional.of(new Gateway(Inet6Address.getByAddress(bytes), field[9]));
                }
            } catch (IllegalArgumentException | UnknownHostException _) {
                // A line of another form is no route to us.
            }
        }
        return best;
    }
}
