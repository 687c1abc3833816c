package natt.tun.device;

import natt.core.Addresses;
import natt.core.keys.AddressPrefix;

import java.net.Inet6Address;
import java.net.InetAddress;

/// An address of a device.
///
/// @param local this machine's
/// @param peer the other end's, or the same as `local` where the device leads to many
/// @param length of the prefix that the device leads to, in bits, which begins as `peer` does
public record TunAddress(InetAddress local, InetAddress peer, int length) {

    /// @throws IllegalArgumentException with one line for the user
    public TunAddress {
        local = Addresses.unmapped(local);
        peer = Addresses.unmapped(peer);
        int bits = local.getAddress().length * 8;
        if (peer.getAddress().length * 8 != bits) {
            throw new IllegalArgumentException(
                    "%s and %s are not of the same family"
                            .formatted(Addresses.format(local), Addresses.format(peer)));
        }
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException(
                    "a prefix of %s has 0 to %d bits, not %d"
                            .formatted(Addresses.format(local), bits, length));
        }
        for (InetAddress each : new InetAddress[] {local, peer}) {
            if (each.isMulticastAddress() || each.isAnyLocalAddress() || isBroadcast(each)) {
                throw new IllegalArgumentException(
                        "%s is no address of a device".formatted(Addresses.format(each)));
            }
        }
    }

    private static boolean isBroadcast(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 && (bytes[0] & bytes[1] & bytes[2] & bytes[3]) == -1;
    }

    /// Of a device that leads to one other.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static TunAddress toPeer(InetAddress local, InetAddress peer) {
        return new TunAddress(local, peer, Addresses.unmapped(local).getAddress().length * 8);
    }

    /// Of a device that leads to all of a prefix.
    ///
    /// @param length in bits
    /// @throws IllegalArgumentException with one line for the user
    public static TunAddress inPrefix(InetAddress local, int length) {
        return new TunAddress(local, local, length);
    }

    boolean isIpv6() {
        return local instanceof Inet6Address;
    }

    /// The prefix to which the device leads by this address.
    public AddressPrefix prefix() {
        return Prefixes.of(peer, length);
    }

    /// As after `ip addr add`.
    @Override
    public String toString() {
        String end = "/" + length;
        return local.equals(peer)
                ? Addresses.format(local) + end
                : Addresses.format(local) + " peer " + Addresses.format(peer) + end;
    }
}
