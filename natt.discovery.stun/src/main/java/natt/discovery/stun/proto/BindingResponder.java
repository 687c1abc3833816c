package natt.discovery.stun.proto;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.spi.AddressDiscovery.ResponderContext;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Answers Binding requests (RFC 8489), and those of NAT behavior discovery (RFC 5780) as far as
/// its sockets reach.
///
/// Anyone can ask with a forged source, so an answer costs its receiver little:
///
/// - 20 bytes are answered with 32 to IPv4 and 44 to IPv6: XOR-MAPPED-ADDRESS and nothing else.
///   FINGERPRINT comes back only to who has sent it. There are no error responses and nothing for
///   clients of RFC 3489.
/// - RESPONSE-ORIGIN and OTHER-ADDRESS go only to a client that shows by CHANGE-REQUEST (its flags
///   may be zero) or PADDING that it knows them, and only if that keeps the answer within twice
///   the request. So a plain request is not answered with OTHER-ADDRESS, unlike RFC 5780, section
///   6.1, has it.
/// - The answer goes to the source of the request and nowhere else; RESPONSE-PORT is not
///   understood. One source has 20 answers a second.
///
/// OTHER-ADDRESS is said only where both the address and the port can be changed, because clients
/// compare what they see from it with what they see here and would draw the wrong conclusion
/// from two ports of one address. With one address and two ports, RESPONSE-ORIGIN without
/// OTHER-ADDRESS says that a change of port is answered. What cannot be changed as wished is not
/// answered.
public final class BindingResponder implements Responder {
    private static final int BINDING_SUCCESS = 0x0101;
    private static final int XOR_MAPPED_ADDRESS = 0x0020;
    private static final int RESPONSE_ORIGIN = 0x802B;
    private static final int OTHER_ADDRESS = 0x802C;
    private static final int COOKIE_AT = 4;

    /// Of the cookie and the transaction id.
    private static final int ID_LENGTH = 16;

    /// How much longer than the request an answer for behavior discovery may be.
    private static final int MOST_TIMES = 2;

    private static final int IPV4_ATTRIBUTE_LENGTH = 12;
    private static final int IPV6_ATTRIBUTE_LENGTH = 24;

    /// The longest answer: one address of the client, two of this server, a fingerprint.
    private static final int SLOT =
            StunMessage.HEADER_LENGTH
                    + IPV6_ATTRIBUTE_LENGTH
                    + 2 * IPV4_ATTRIBUTE_LENGTH
                    + BindingRequest.FINGERPRINT_ATTRIBUTE_LENGTH;

    /// How many answers wait to be sent at most; the driver takes them after each batch.
    static final int MOST_WAITING = 256;

    private final Map<Integer, Origin> origins = new HashMap<>();
    private final SourceLimiter limiter;
    private final long[] counters = new long[ResponderCounter.values().length];

    /// The answers that wait, in slots of one buffer, from `first` on.
    private final ByteBuffer slots = ByteBuffer.allocate(MOST_WAITING * SLOT);

    private final @Nullable InetSocketAddress[] targets = new InetSocketAddress[MOST_WAITING];
    private final int[] lengths = new int[MOST_WAITING];
    private int first;
    private int waiting;

    /// A socket whose address is told, and who answers in its stead, by the two bits of
    /// CHANGE-REQUEST; null where there is none.
    private record Origin(LocalSocket local, @Nullable Origin[] changed) {

        /// Whether both can be changed, and either.
        boolean hasOther() {
            return changed[1] != null && changed[2] != null && changed[3] != null;
        }

        int attributesLength() {
            boolean some = hasOther() || changed[1] != null;
            return hasOther() ? 2 * IPV4_ATTRIBUTE_LENGTH : some ? IPV4_ATTRIBUTE_LENGTH : 0;
        }

        /// Writes what a client who asked here may know, from where the answer leaves first.
        void writeAttributes(Origin answering, ByteBuffer into) {
            if (hasOther() || changed[1] != null) {
                answering.writeAddress(RESPONSE_ORIGIN, into);
            }
            Origin other = changed[3];
            if (hasOther() && other != null) {
                other.writeAddress(OTHER_ADDRESS, into);
            }
        }

        /// Writes `type, length 8, zero 1, family 1, port 2, address 4`.
        private void writeAddress(int type, ByteBuffer into) {
            into.putShort((short) type).putShort((short) 8).putShort((short) 1);
            into.putShort((short) local.address().getPort());
            into.put(local.address().getAddress().getAddress());
        }

        InetSocketAddress towards(InetSocketAddress client) {
            return local.socket() == 0 ? client : Route.through(local.socket(), client);
        }
    }

    public BindingResponder(ResponderContext context) {
        limiter = new SourceLimiter(context.random());
        for (LocalSocket local : context.sockets()) {
            if (!(local.address().getAddress() instanceof Inet4Address four)
                    || four.isAnyLocalAddress()
                    || local.address().getPort() == 0) {
                throw new IllegalArgumentException(
                        "not an IPv4 address and a port to tell others: " + local.address());
            }
            var origin = new Origin(local, new Origin[4]);
            if (origins.put(local.socket(), origin) != null) {
                throw new IllegalArgumentException("two addresses of socket " + local.socket());
            }
        }
        origins.values().forEach(this::join);
    }

    private void join(Origin origin) {
        InetSocketAddress from = origin.local.address();
        for (Origin other : origins.values()) {
            InetSocketAddress to = other.local.address();
            int change = to.getPort() == from.getPort() ? 0 : BindingRequest.CHANGE_PORT;
            if (!to.getAddress().equals(from.getAddress())) {
                change |= BindingRequest.CHANGE_ADDRESS;
            }
            origin.changed[change >> 1] = other;
        }
    }

    @Override
    public Map<String, Long> counters() {
        var byName = new LinkedHashMap<String, Long>();
        for (ResponderCounter counter : ResponderCounter.values()) {
            byName.put(counter.key, counters[counter.ordinal()]);
        }
        return byName;
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        if (!BindingRequest.resembles(datagram) || !Route.isDirect(from)) {
            return false;
        }
        counters[handle(from, datagram, nowNanos).ordinal()]++;
        return true;
    }

    private ResponderCounter handle(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int wishes = BindingRequest.read(datagram);
        if (wishes == BindingRequest.MALFORMED) {
            return ResponderCounter.MALFORMED;
        }
        if (wishes == BindingRequest.NOT_UNDERSTOOD) {
            return ResponderCounter.NOT_UNDERSTOOD;
        }
        InetSocketAddress client = MappingDiscovery.unwrap(Route.remote(from));
        boolean four = client.getAddress() instanceof Inet4Address;
        Origin asked = four ? origins.get(Route.socket(from)) : null;
        int change = wishes & (BindingRequest.CHANGE_PORT | BindingRequest.CHANGE_ADDRESS);
        Origin answering = asked == null ? null : asked.changed[change >> 1];
        if (change != 0 && answering == null) {
            return ResponderCounter.NO_OTHER;
        }
        if (!MappingDiscovery.usable(client) || !limiter.take(client.getAddress(), nowNanos)) {
            return ResponderCounter.LIMITED;
        }
        if (waiting == MOST_WAITING) {
            return ResponderCounter.DROPPED;
        }
        int slot = (first + waiting++) % MOST_WAITING;
        targets[slot] = change == 0 || answering == null ? from : answering.towards(client);
        lengths[slot] = write(slot * SLOT, datagram, wishes, client, asked, answering);
        return ResponderCounter.ANSWERED;
    }

    /// @return the length of the answer
    private int write(
            int start,
            ByteBuffer request,
            int wishes,
            InetSocketAddress client,
            @Nullable Origin asked,
            @Nullable Origin answering) {
        int requestLength = request.remaining();
        slots.position(start);
        slots.putShort((short) BINDING_SUCCESS).putShort((short) 0);
        slots.put(slots.position(), request, request.position() + COOKIE_AT, ID_LENGTH);
        slots.position(start + StunMessage.HEADER_LENGTH);
        writeXored(start, client);
        boolean fingerprinted = (wishes & BindingRequest.FINGERPRINTED) != 0;
        int tail = fingerprinted ? BindingRequest.FINGERPRINT_ATTRIBUTE_LENGTH : 0;
        if ((wishes & BindingRequest.EXPLORING) != 0 && asked != null && answering != null) {
            int length = slots.position() - start + asked.attributesLength() + tail;
            if (length <= MOST_TIMES * requestLength) {
                asked.writeAttributes(answering, slots);
            }
        }
        int length = slots.position() - start + tail;
        slots.putShort(start + 2, (short) (length - StunMessage.HEADER_LENGTH));
        if (fingerprinted) {
            BindingRequest.writeFingerprint(slots, start);
        }
        return length;
    }

    /// Writes `0x0020, length, zero 1, family 1, port 2, address`, port and address combined with
    /// the bytes of the header from the cookie on (RFC 8489, section 14.2).
    private void writeXored(int start, InetSocketAddress client) {
        byte[] address = client.getAddress().getAddress();
        slots.putShort((short) XOR_MAPPED_ADDRESS).putShort((short) (4 + address.length));
        slots.putShort((short) (address.length == 4 ? 1 : 2));
        slots.putShort((short) (client.getPort() ^ StunMessage.MAGIC_COOKIE >>> 16));
        for (int i = 0; i < address.length; i++) {
            slots.put((byte) (address[i] ^ slots.get(start + COOKIE_AT + i)));
        }
    }

    @Override
    public void handleTimeout(long nowNanos) {
        // It has no timers: a bucket is counted out when it is asked.
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        if (waiting == 0) {
            return null;
        }
        into.put(slots.array(), first * SLOT, lengths[first]);
        InetSocketAddress to = targets[first];
        targets[first] = null;
        first = (first + 1) % MOST_WAITING;
        waiting--;
        return to;
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return NEVER;
    }
}
