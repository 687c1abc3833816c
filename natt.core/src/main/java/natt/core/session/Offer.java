package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Where a node may be reached in one round of a search, as told to its peer in a control message:
///
/// ```text
///  0               1               2               3
/// +---------------+---------------+---------------+---------------+
/// | 4             | zero                                          |
/// +---------------+---------------+---------------+---------------+
/// | search                                                        |
/// +---------------+---------------+---------------+---------------+
/// | serial                                                        |
/// |                                                               |
/// +---------------+---------------+---------------+---------------+
/// | round         | ports         | step of ports, signed         |
/// +---------------+---------------+---------------+---------------+
/// | go delay, milliseconds        | flags         | count         |
/// +---------------+---------------+---------------+---------------+
/// | type          | family 4 or 6 | port                          |  count times
/// +---------------+---------------+---------------+---------------+
/// | address, 4 or 16 bytes                                        |
/// ```
///
/// Big-endian. Flags: 1 for attested, 2 for keepsUnsolicited. The acknowledgement is an ordinary
/// control message with the serial as its token.
///
/// @param search from 1, given by the initiator; 0 says that the responder has new candidates
///     and wants a search
/// @param serial tells one offer from another
/// @param goDelay how long whoever gets this waits before its checks: the initiator after it has
///     got it, the responder after it has answered
/// @param attested whether the sender may send to many ports of the receiver's address
/// @param keepsUnsolicited whether the sender's NAT takes a port away for what it refuses
record Offer(
        int search,
        long serial,
        int round,
        Ports ports,
        int step,
        int goDelay,
        boolean attested,
        boolean keepsUnsolicited,
        List<Candidate> candidates) {
    /// How a NAT chooses the external ports of a node's mappings, as far as it matters to a peer.
    enum Ports {
        UNKNOWN,
        /// One port for all peers.
        INDEPENDENT,
        /// Another for each peer, a step from the one before.
        PREDICTABLE,
        /// Another for each peer.
        RANDOM
    }

    static final int MOST_CANDIDATES = 16;

    /// The longest offer, in bytes.
    static final int MOST_LENGTH = 24 + MOST_CANDIDATES * 20;

    private static final int MOST_DELAY = 5000;
    private static final int HEADER = 24;
    private static final int SEARCH_AT = 4;
    private static final int ROUND_AT = 16;
    private static final int PORTS_AT = 17;
    private static final int STEP_AT = 18;
    private static final int DELAY_AT = 20;
    private static final int FLAGS_AT = 22;
    private static final int COUNT_AT = 23;

    private static final int ATTESTED = 1;
    private static final int KEEPS_UNSOLICITED = 2;

    private static final Candidate.Type[] TYPES = Candidate.Type.values();
    private static final Ports[] PORTS = Ports.values();

    Offer {
        candidates = List.copyOf(candidates);
    }

    Offer withGoDelay(int milliseconds) {
        return new Offer(
                search,
                serial,
                round,
                ports,
                step,
                Math.clamp(milliseconds, 0, MOST_DELAY),
                attested,
                keepsUnsolicited,
                candidates);
    }

    /// Writes it; returns its length.
    int write(byte[] out, int at) {
        Control.write(out, at, Control.CANDIDATES, 0, serial, HEADER);
        Wire.putInt(out, at + SEARCH_AT, search);
        out[at + ROUND_AT] = (byte) round;
        out[at + PORTS_AT] = (byte) ports.ordinal();
        Wire.putShort(out, at + STEP_AT, step);
        Wire.putShort(out, at + DELAY_AT, goDelay);
        int flags = (attested ? ATTESTED : 0) | (keepsUnsolicited ? KEEPS_UNSOLICITED : 0);
        out[at + FLAGS_AT] = (byte) flags;
        out[at + COUNT_AT] = (byte) candidates.size();
        int to = at + HEADER;
        for (Candidate each : candidates) {
            byte[] address = each.address().getAddress().getAddress();
            out[to] = (byte) each.type().ordinal();
            out[to + 1] = (byte) (address.length == 4 ? 4 : 6);
            Wire.putShort(out, to + 2, each.address().getPort());
            System.arraycopy(address, 0, out, to + 4, address.length);
            to += 4 + address.length;
        }
        return to - at;
    }

    /// Reads one; null if it is malformed. Candidates of unknown types are left out.
    static @Nullable Offer read(byte[] in, int at, int length) {
        if (length < HEADER || in[at + COUNT_AT] < 0 || in[at + COUNT_AT] > MOST_CANDIDATES) {
            return null;
        }
        var candidates = new ArrayList<Candidate>();
        int from = at + HEADER;
        int end = at + length;
        for (int i = 0; i < in[at + COUNT_AT]; i++) {
            int size = end - from < 4 ? 0 : size(in[from + 1]);
            if (size == 0 || end - from < 4 + size) {
                return null;
            }
            int type = in[from];
            int port = Wire.getShort(in, from + 2);
            if (type >= 0 && type < TYPES.length && port != 0) {
                InetAddress address = address(Arrays.copyOfRange(in, from + 4, from + 4 + size));
                candidates.add(new Candidate(TYPES[type], new InetSocketAddress(address, port)));
            }
            from += 4 + size;
        }
        int ports = in[at + PORTS_AT];
        return new Offer(
                Wire.getInt(in, at + SEARCH_AT),
                Control.token(in, at),
                Byte.toUnsignedInt(in[at + ROUND_AT]),
                ports > 0 && ports < PORTS.length ? PORTS[ports] : Ports.UNKNOWN,
                (short) Wire.getShort(in, at + STEP_AT),
                Math.min(Wire.getShort(in, at + DELAY_AT), MOST_DELAY),
                (in[at + FLAGS_AT] & ATTESTED) != 0,
                (in[at + FLAGS_AT] & KEEPS_UNSOLICITED) != 0,
                candidates);
    }

    private static int size(byte family) {
        return switch (family) {
            case 4 -> 4;
            case 6 -> 16;
            default -> 0;
        };
    }

    /// An IPv4-mapped address is the IPv4 address.
    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("4 or 16 bytes are an address", wrongLength);
        }
    }
}
