package natt.core.keys;

import natt.core.Addresses;
import natt.core.Text;

import java.net.InetAddress;

/// The addresses that share their first bits: `10.0.0.0/8`, `2001:db8::/32`.
///
/// @param network its bits after the first `length` are zero
/// @param length in bits
public record AddressPrefix(InetAddress network, int length) {

    /// @throws IllegalArgumentException with one line for the user, if the network has bits after
    ///     the first `length`
    public AddressPrefix {
        network = Addresses.unmapped(network);
        byte[] bytes = network.getAddress();
        int bits = bytes.length * 8;
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException(
                    "a prefix of %s has 0 to %d bits, not %d"
                            .formatted(Addresses.format(network), bits, length));
        }
        for (int bit = length; bit < bits; bit++) {
            if ((bytes[bit >> 3] & 0x80 >> (bit & 7)) != 0) {
                throw new IllegalArgumentException(
                        "%s/%d has bits after the first %d"
                                .formatted(Addresses.format(network), length, length));
            }
        }
    }

    /// Reads `ADDRESS/BITS`, or an address, which is a prefix of its own.
    ///
    /// @throws IllegalArgumentException with one line for the user
    public static AddressPrefix parse(String text) {
        int slash = text.indexOf('/');
        String literal = slash < 0 ? text : text.substring(0, slash);
        InetAddress network =
                Addresses.parse(literal)
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "'%s' is not an address or prefix like 10.0.0.0/8"
                                                        .formatted(Text.escape(text))));
        int all = network.getAddress().length * 8;
        if (slash < 0) {
            return new AddressPrefix(network, all);
        }
        String digits = text.substring(slash + 1);
        // A prefix of an IPv4-mapped address counts 96 bits that are not there any more.
        if (!digits.matches("0|[1-9][0-9]{0,2}") || literal.indexOf(':') >= 0 && all == 32) {
            throw new IllegalArgumentException(
                    "'%s' is not a prefix like 10.0.0.0/8".formatted(Text.escape(text)));
        }
        return new AddressPrefix(network, Integer.parseInt(digits));
    }

    /// Whether an address, or the IPv4 address that it maps, begins with these bits.
    public boolean contains(InetAddress address) {
        byte[] bytes = Addresses.unmapped(address).getAddress();
        byte[] wanted = network.getAddress();
        if (bytes.length != wanted.length) {
            return false;
        }
        for (int bit = 0; bit < length; bit++) {
            if (((bytes[bit >> 3] ^ wanted[bit >> 3]) & 0x80 >> (bit & 7)) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return Addresses.format(network) + "/" + length;
    }
}
