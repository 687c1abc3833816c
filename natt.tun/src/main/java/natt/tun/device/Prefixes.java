package natt.tun.device;

import natt.core.keys.AddressPrefix;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// Makes prefixes of addresses.
final class Prefixes {
    private Prefixes() {}

    /// The prefix in which an address is.
    ///
    /// @param length in bits
    static AddressPrefix of(InetAddress address, int length) {
        byte[] bytes = address.getAddress();
        for (int bit = length; bit < bytes.length * 8; bit++) {
            bytes[bit >> 3] &= (byte) ~(0x80 >> (bit & 7));
        }
        return new AddressPrefix(address(bytes), length);
    }

    /// @param bytes 4 or 16
    static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("an address of 4 or 16 bytes", impossible);
        }
    }
}
