package natt.core.unix;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/// `struct sockaddr_in` and `struct sockaddr_in6` of Linux.
///
/// ```text
/// 0        2      4          8                        24         28
/// | family | port | address4 | 8 zero bytes           |
/// | family | port | flow     | address6               | scope    |
/// ```
/// Family and scope are in the processor's order, the port is in that of the network.
final class SocketAddress {
    static final int MOST_BYTES = 28;

    private static final int BYTES_4 = 16;
    private static final int IPV6 = 8;

    /// What precedes the 4 bytes of a mapped address, after 8 zeros.
    private static final int MAPPED = 0xffff;

    private SocketAddress() {}

    static byte[] encode(InetSocketAddress address) {
        return encode(address, address.getAddress() instanceof Inet6Address);
    }

    /// @param six for a socket of IPv6, for which an address of IPv4 is mapped (RFC 4291, section
    ///     2.5.5.2)
    static byte[] encode(InetSocketAddress address, boolean six) {
        InetAddress ip = address.getAddress();
        byte[] raw = ip.getAddress();
        var out = new byte[six ? MOST_BYTES : BYTES_4];
        var buffer = ByteBuffer.wrap(out).order(ByteOrder.nativeOrder());
        buffer.putShort((short) (six ? Libc.AF_INET6 : Libc.AF_INET));
        buffer.order(ByteOrder.BIG_ENDIAN).putShort((short) address.getPort());
        if (ip instanceof Inet6Address address6) {
            buffer.putInt(0).put(raw);
            buffer.order(ByteOrder.nativeOrder()).putInt(address6.getScopeId());
        } else if (six) {
            buffer.putInt(0).putLong(0).putInt(MAPPED).put(raw);
        } else {
            buffer.put(raw);
        }
        return out;
    }

    /// @return nothing for other families
    static Optional<InetSocketAddress> decode(byte[] encoded) {
        var buffer = ByteBuffer.wrap(encoded).order(ByteOrder.nativeOrder());
        int family = buffer.getShort();
        int port = Short.toUnsignedInt(buffer.order(ByteOrder.BIG_ENDIAN).getShort());
        try {
            if (family == Libc.AF_INET) {
                byte[] raw = Arrays.copyOfRange(encoded, 4, IPV6);
                return Optional.of(new InetSocketAddress(InetAddress.getByAddress(raw), port));
            }
            if (family == Libc.AF_INET6) {
                byte[] raw = Arrays.copyOfRange(encoded, IPV6, IPV6 + 16);
                int scope = buffer.order(ByteOrder.nativeOrder()).getInt(IPV6 + 16);
                // Only addresses of a link have one; 0 is none.
                InetAddress ip =
                        scope == 0
                                ? InetAddress.getByAddress(raw)
                                : Inet6Address.getByAddress(null, raw, scope);
                return Optional.of(new InetSocketAddress(ip, port));
            }
        } catch (UnknownHostException impossible) {
            throw new AssertionError("an address of 4 or 16 bytes", impossible);
        }
        return Optional.empty();
    }
}
