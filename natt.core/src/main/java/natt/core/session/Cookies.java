package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// A responder's cookies, which prove that a caller receives what is sent to its address. Nothing
/// is kept per caller.
///
/// ```text
/// cookie = HMAC-SHA256(secret, address 4 or 16, port 2)[0..16)
/// ```
///
/// The secret changes every 120 seconds; cookies of the one before are taken for 120 more.
final class Cookies {
    private static final long PERIOD = TimeUnit.SECONDS.toNanos(120);

    private final RandomGenerator random;
    private Hmac current;
    private @Nullable Hmac previous;
    private long since;

    /// @param random cryptographically strong
    Cookies(RandomGenerator random, long nowNanos) {
        this.random = random;
        current = newSecret();
        since = nowNanos;
    }

    private Hmac newSecret() {
        var secret = new byte[Hmac.LENGTH];
        random.nextBytes(secret);
        return new Hmac(secret);
    }

    /// The cookie of an address: 16 bytes.
    byte[] cookie(InetSocketAddress from, long nowNanos) {
        rotate(nowNanos);
        return cookie(current, from);
    }

    /// Whether the mac2 of an INIT was made with the cookie of the address it came from.
    ///
    /// @param init at the beginning of an array
    boolean checkMac2(byte[] init, InetSocketAddress from, long nowNanos) {
        rotate(nowNanos);
        return init.length >= Wire.INIT_LENGTH
                && (matches(current, init, from)
                        || previous != null && matches(previous, init, from));
    }

    private static boolean matches(Hmac secret, byte[] init, InetSocketAddress from) {
        return new Hmac(cookie(secret, from))
                .add(init, 0, Wire.INIT_MAC2)
                .matches(init, Wire.INIT_MAC2);
    }

    private static byte[] cookie(Hmac secret, InetSocketAddress from) {
        byte[] address = from.getAddress().getAddress();
        var port = new byte[Short.BYTES];
        Wire.putShort(port, 0, from.getPort());
        var cookie = new byte[Gate.COOKIE];
        secret.add(address, 0, address.length).add(port, 0, Short.BYTES).write(cookie, 0);
        return cookie;
    }

    private void rotate(long nowNanos) {
        long age = nowNanos - since;
        if (age < PERIOD) {
            return;
        }
        boolean adjacent = age < 2 * PERIOD;
        previous = adjacent ? current : null;
        since = adjacent ? since + PERIOD : nowNanos;
        current = newSecret();
    }
}
