package natt.tun.packet;

import natt.core.keys.AddressPrefix;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which owner an address belongs to: that of the longest prefix that it is in. Looking one up
/// allocates nothing.
///
/// @param <P> an owner of prefixes
public final class AllowedIps<P> {
    /// The prefixes of one length, sorted as unsigned numbers.
    private static final class Level<P> {
        private final int length;
        private final long[] highs;
        private final long[] lows;
        private final List<P> owners;

        Level(int length, List<Claim<P>> claims) {
            this.length = length;
            highs = claims.stream().mapToLong(Claim::high).toArray();
            lows = claims.stream().mapToLong(Claim::low).toArray();
            owners = claims.stream().map(Claim::owner).toList();
        }

        @Nullable P find(long high, long low) {
            long wantedHigh = high & highMask(length);
            long wantedLow = low & lowMask(length);
            int from = 0;
            int to = highs.length - 1;
            while (from <= to) {
                int middle = (from + to) >>> 1;
                int order = Long.compareUnsigned(highs[middle], wantedHigh);
                if (order == 0) {
                    order = Long.compareUnsigned(lows[middle], wantedLow);
                }
                if (order == 0) {
                    return owners.get(middle);
                }
                if (order < 0) {
                    from = middle + 1;
                } else {
                    to = middle - 1;
                }
            }
            return null;
        }
    }

    private record Claim<P>(long high, long low, P owner) {}

    private final Level<P>[] ipv4;
    private final Level<P>[] ipv6;

    private AllowedIps(Level<P>[] ipv4, Level<P>[] ipv6) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
    }

    private static long highMask(int length) {
        return length == 0 ? 0 : length >= 64 ? -1 : -1L << (64 - length);
    }

    private static long lowMask(int length) {
        return length <= 64 ? 0 : -1L << (128 - length);
    }

    /// Returns whose address it is, or null.
    ///
    /// @param high as [IpPacket] has addresses
    /// @param low as [IpPacket] has addresses
    public @Nullable P find(boolean isIpv6, long high, long low) {
        for (Level<P> level : isIpv6 ? ipv6 : ipv4) {
            P owner = level.find(high, low);
            if (owner != null) {
                return owner;
            }
        }
        return null;
    }

    /// Returns whose address it is, or null.
    public @Nullable P find(InetAddress address) {
        byte[] bytes = address.getAddress();
        return find(bytes.length == 16, high(bytes), low(bytes));
    }

    static long high(byte[] address) {
        var bytes = ByteBuffer.wrap(address);
        return address.length == 16
                ? bytes.getLong(0)
                : Integer.toUnsignedLong(bytes.getInt(0)) << 32;
    }

    static long low(byte[] address) {
        return address.length == 16 ? ByteBuffer.wrap(address).getLong(8) : 0;
    }

    public static <P> Builder<P> builder() {
        return new Builder<>();
    }

    /// Collects who owns what.
    ///
    /// @param <P> an owner of prefixes
    public static final class Builder<P> {
        private final Map<AddressPrefix, P> claims =
                new TreeMap<>(
                        Comparator.<AddressPrefix>comparingInt(AddressPrefix::length)
                                .reversed()
                                .thenComparing(
                                        each -> each.network().getAddress(), Builder::order));

        private Builder() {}

        private static int order(byte[] a, byte[] b) {
            return a.length == b.length ? Arrays.compareUnsigned(a, b) : a.length - b.length;
        }

        /// Gives a prefix to an owner. One inside it, or around it, may be another's.
        ///
        /// @throws IllegalArgumentException with one line for the user, if this very prefix has an
        ///     owner
        public Builder<P> add(AddressPrefix prefix, P owner) {
            if (claims.putIfAbsent(prefix, owner) != null) {
                throw new IllegalArgumentException(prefix + " is allowed twice");
            }
            return this;
        }

        public AllowedIps<P> build() {
            return new AllowedIps<>(levels(4), levels(16));
        }

        @SuppressWarnings("unchecked")
        private Level<P>[] levels(int bytes) {
            var levels = new TreeMap<Integer, List<Claim<P>>>(Comparator.reverseOrder());
            claims.forEach(
                    (prefix, owner) -> {
                        byte[] network = prefix.network().getAddress();
                        if (network.length == bytes) {
                            levels.computeIfAbsent(prefix.length(), _ -> new ArrayList<>())
                                    .add(new Claim<>(high(network), low(network), owner));
                        }
                    });
            return levels.entrySet().stream()
                    .map(each -> new Level<>(each.getKey(), each.getValue()))
                    .toArray(Level[]::new);
        }
    }
}
