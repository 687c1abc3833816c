package natt.tun.packet;

import natt.core.Addresses;
import natt.core.Text;
import natt.core.keys.AddressPrefix;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// An address of the device, and how many of its bits are the network's: `10.10.0.1/24`.
public record LocalAddress(InetAddress address, int length) {

    /// @throws IllegalArgumentException with one line for the user, if it cannot be a host's
    public LocalAddress {
        address = Addresses.unmapped(address);
        byte[] bytes = address.getAddress();
        if (length < 0 || length > bytes.length * 8) {
            throw new IllegalArgumentException(
                    "a prefix of %s has 0 to %d bits, not %d"
                            .formatted(Addresses.format(address), bytes.length * 8, length));
        }
        AddressScope scope =
                AddressScope.of(bytes.length == 16, AllowedIps.high(bytes), AllowedIps.low(bytes));
        if (scope == AddressScope.MULTICAST || scope == AddressScope.MARTIAN) {
            throw new IllegalArgumentException(
                    "%s is no address for a device".formatted(Addresses.format(address)));
        }
    }

    /// Whether a host can have this address: it is neither multicast nor loopback nor the like.
    public static boolean isPossible(InetAddress address) {
        byte[] bytes = address.getAddress();
        AddressScope scope =
                AddressScope.of(bytes.length == 16, AllowedIps.high(bytes), AllowedIps.low(bytes));
        return scope == AddressScope.HOST || scope == AddressScope.LINK_LOCAL;
    }

    /// Reads `ADDRESS/BITS`, or an address, which is alone in its network.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static LocalAddress parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address =
                Addresses.parse(slash < 0 ? text : text.substring(0, slash))
                        .orElseThrow(() -> notOne(text));
        int all = address.getAddress().length * 8;
        if (slash < 0) {
            return new LocalAddress(address, all);
        }
        String digits = text.substring(slash + 1);
        if (!digits.matches("0|[1-9][0-9]{0,2}") || all == 32 && text.indexOf(':') >= 0) {
            throw notOne(text);
        }
        return new LocalAddress(address, Integer.parseInt(digits));
    }

    private static IllegalArgumentException notOne(String text) {
        return new IllegalArgumentException(
                "'%s' is not an address like 10.10.0.1/24".formatted(Text.escape(text)));
    }

    boolean isIpv6() {
        return !(address instanceof Inet4Address);
    }

    /// The address alone.
    public AddressPrefix host() {
        return new AddressPrefix(address, address.getAddress().length * 8);
    }

    /// The network that it is in.
    public AddressPrefix network() {
        byte[] bytes = address.getAddress();
        fill(bytes, false);
        return new AddressPrefix(address(bytes), length);
    }

    /// The broadcast address of an IPv4 network that has one.
    AddressPrefix broadcast() {
        byte[] bytes = address.getAddress();
        fill(bytes, true);
        return new AddressPrefix(address(bytes), 32);
    }

    /// Networks of one or two addresses have no broadcast address (RFC 3021).
    boolean hasBroadcast() {
        return !isIpv6() && length <= 30;
    }

    private void fill(byte[] bytes, boolean ones) {
        for (int bit = length; bit < bytes.length * 8; bit++) {
            int mask = 0x80 >> (bit & 7);
            bytes[bit >> 3] = (byte) (ones ? bytes[bit >> 3] | mask : bytes[bit >> 3] & ~mask);
        }
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("as many bytes as an address has", impossible);
        }
    }

    @Override
    public String toString() {
        return Addresses.format(address) + "/" + length;
    }
}
