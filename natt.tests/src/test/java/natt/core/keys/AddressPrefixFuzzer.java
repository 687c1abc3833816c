package natt.core.keys;

import natt.core.TextFuzzer;
import natt.tests.fuzz.Input;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// Any text is a prefix, or refused in one line; a prefix reads again as itself and has the
/// addresses whose first bits are its own. The input: 16 bytes of an address, then the text.
public final class AddressPrefixFuzzer {
    private AddressPrefixFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws UnknownHostException {
        var input = new Input(bytes);
        byte[] ip = input.bytes(16);
        AddressPrefix prefix;
        try {
            prefix = AddressPrefix.parse(input.text());
        } catch (IllegalArgumentException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
            return;
        }
        byte[] network = prefix.network().getAddress();
        if (!AddressPrefix.parse(prefix.toString()).equals(prefix)
                || !prefix.contains(prefix.network())) {
            throw new AssertionError("another prefix: " + prefix);
        }
        for (int bit = 0; bit < network.length * 8; bit++) {
            byte[] other = network.clone();
            other[bit / 8] ^= (byte) (0x80 >> bit % 8);
            if (prefix.contains(InetAddress.getByAddress(other)) != bit >= prefix.length()) {
                throw new AssertionError("bit %d of %s".formatted(bit, prefix));
            }
        }
        if (ip.length == network.length) {
            int shift = network.length * 8 - prefix.length();
            boolean expected =
                    new BigInteger(1, ip)
                            .shiftRight(shift)
                            .equals(new BigInteger(1, network).shiftRight(shift));
            InetAddress address = InetAddress.getByAddress(ip);
            boolean same = address.getAddress().length == network.length;
            if (same && prefix.contains(address) != expected) {
                throw new AssertionError("%s in %s".formatted(address, prefix));
            }
        }
    }
}
