package natt.core.node;

import natt.core.NodeKey;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.util.random.RandomGenerator;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Gives every client a loopback address of its own, from which its connections reach the service:
/// so that sshd's log and its penalties tell clients apart. Where other addresses than 127.0.0.1
/// belong to the loopback, as on Linux.
final class ClientSources {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int KEY_BYTES = 32;

    private final Mac mac;

    /// @param random keys the addresses, so that nobody can choose keys that share one
    ClientSources(RandomGenerator random) {
        var key = new byte[KEY_BYTES];
        random.nextBytes(key);
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has HMAC-SHA256", missing);
        }
    }

    /// The client's address: 127.1.0.1 to 127.254.255.254, never 127.0.0.x, which belongs to the
    /// machine's own programs, and never a broadcast address.
    InetAddress of(NodeKey client) {
        byte[] hash = mac.doFinal(client.bytes());
        byte[] address = {
            127,
            (byte) (1 + Byte.toUnsignedInt(hash[0]) % 254),
            hash[1],
            (byte) (1 + Byte.toUnsignedInt(hash[2]) % 254)
        };
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("four bytes are an address", wrongLength);
        }
    }
}
