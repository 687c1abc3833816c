package natt.testkit;

import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;

/// A STUN server (RFC 8489) on a simulated host that tells the truth, or does not.
///
/// On a host with two addresses and with two ports it is a server for NAT behavior discovery
/// too: it heeds CHANGE-REQUEST and sends OTHER-ADDRESS and RESPONSE-ORIGIN (RFC 5780).
public final class FakeStunServer {
    private static final int HEADER_LENGTH = 20;
    private static final int MAGIC_COOKIE = 0x2112_a442;
    private static final int BINDING_REQUEST = 0x0001;
    private static final int BINDING_SUCCESS = 0x0101;
    private static final int BINDING_ERROR = 0x0111;
    private static final int MAPPED_ADDRESS = 0x0001;
    private static final int CHANGE_REQUEST = 0x0003;
    private static final int ERROR_CODE = 0x0009;
    private static final int XOR_MAPPED_ADDRESS = 0x0020;
    private static final int RESPONSE_ORIGIN = 0x802b;
    private static final int OTHER_ADDRESS = 0x802c;
    private static final int CHANGE_ADDRESS = 4;
    private static final int CHANGE_PORT = 2;

    private final SimPort[][] sockets;
    private final Queue<Reply>[][] replies;
    private Answer answer = new Answer.Honest();
    private long requests;
    private long answered;

    private record Reply(InetSocketAddress to, byte[] message) {}

    /// How the server answers.
    public sealed interface Answer {
        /// With the source of the request in XOR-MAPPED-ADDRESS.
        record Honest() implements Answer {}

        /// As RFC 3489 did, with MAPPED-ADDRESS alone.
        record MappedAddressOnly() implements Answer {}

        /// With another address than the request's source.
        record Lying(InetSocketAddress claimed) implements Answer {}

        /// With an error response.
        ///
        /// @param code 300 to 699
        record Refusing(int code) implements Answer {}

        /// Not at all.
        record Silent() implements Answer {}
    }

    /// Starts a server on every address of the host.
    ///
    /// @param ports one or two
    public FakeStunServer(SimHost host, int... ports) {
        int addresses = Math.min(2, host.addresses().size());
        sockets = new SimPort[addresses][ports.length];
        replies = queues(addresses, ports.length);
        for (int a = 0; a < addresses; a++) {
            for (int p = 0; p < ports.length; p++) {
                sockets[a][p] = host.bind(a, ports[p], new Socket(a, p));
            }
        }
    }

    /// Changes how requests are answered from now on.
    public void answer(Answer newAnswer) {
        answer = newAnswer;
    }

    /// The transport address with the host's first address and the first port.
    public InetSocketAddress address() {
        return sockets[0][0].local();
    }

    /// All transport addresses, address by address.
    public List<InetSocketAddress> addresses() {
        return Arrays.stream(sockets).flatMap(Arrays::stream).map(SimPort::local).toList();
    }

    /// How many Binding requests have come.
    public long requests() {
        return requests;
    }

    /// How many of them were answered.
    public long answered() {
        return answered;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Queue<Reply>[][] queues(int addresses, int ports) {
        Queue[][] queues = new Queue[addresses][ports];
        for (Queue[] row : queues) {
            Arrays.setAll(row, i -> new ArrayDeque<Reply>());
        }
        return (Queue<Reply>[][]) queues;
    }

    private boolean isRequest(ByteBuffer message) {
        int at = message.position();
        return message.remaining() >= HEADER_LENGTH
                && message.getShort(at) == BINDING_REQUEST
                && message.getShort(at + 2) == message.remaining() - HEADER_LENGTH
                && message.getInt(at + 4) == MAGIC_COOKIE;
    }

    private void handleRequest(int a, int p, InetSocketAddress from, ByteBuffer request) {
        requests++;
        int change = changeRequest(request);
        int fromA = (change & CHANGE_ADDRESS) == 0 ? a : 1 - a;
        int fromP = (change & CHANGE_PORT) == 0 ? p : 1 - p;
        boolean there = fromA >= 0 && fromA < sockets.length;
        if (!there || fromP < 0 || fromP >= sockets[0].length) {
            return;
        }
        byte[] transactionId = new byte[12];
        request.get(request.position() + 8, transactionId);
        byte[] message = answerTo(transactionId, from, fromA, fromP, a, p);
        if (message != null) {
            answered++;
            replies[fromA][fromP].add(new Reply(from, message));
        }
    }

    private byte @Nullable [] answerTo(
            byte[] id, InetSocketAddress from, int fromA, int fromP, int a, int p) {
        var attributes = new ArrayList<byte[]>();
        int type = BINDING_SUCCESS;
        switch (answer) {
            case Answer.Honest _ -> attributes.add(xorMapped(from, id));
            case Answer.Lying(var claimed) -> attributes.add(xorMapped(claimed, id));
            case Answer.MappedAddressOnly _ -> attributes.add(address(MAPPED_ADDRESS, from));
            case Answer.Refusing(int code) -> {
                type = BINDING_ERROR;
                byte[] value = {0, 0, (byte) (code / 100), (byte) (code % 100)};
                attributes.add(attribute(ERROR_CODE, value));
            }
            case Answer.Silent _ -> {
                return null;
            }
        }
        if (sockets.length == 2 && sockets[0].length == 2) {
            attributes.add(address(RESPONSE_ORIGIN, sockets[fromA][fromP].local()));
            attributes.add(address(OTHER_ADDRESS, sockets[1 - a][1 - p].local()));
        }
        int length = attributes.stream().mapToInt(attribute -> attribute.length).sum();
        var message = ByteBuffer.allocate(HEADER_LENGTH + length);
        message.putShort((short) type).putShort((short) length).putInt(MAGIC_COOKIE).put(id);
        attributes.forEach(message::put);
        return message.array();
    }

    /// The flags of CHANGE-REQUEST, 0 if there is none.
    private static int changeRequest(ByteBuffer request) {
        int end = request.limit();
        int at = request.position() + HEADER_LENGTH;
        while (at + 4 <= end) {
            int length = Short.toUnsignedInt(request.getShort(at + 2));
            if (request.getShort(at) == CHANGE_REQUEST && length == 4 && at + 8 <= end) {
                return request.getInt(at + 4);
            }
            at += 4 + (length + 3) / 4 * 4;
        }
        return 0;
    }

    private static byte[] xorMapped(InetSocketAddress address, byte[] transactionId) {
        byte[] attribute = address(XOR_MAPPED_ADDRESS, address);
        byte[] mask = ByteBuffer.allocate(16).putInt(MAGIC_COOKIE).put(transactionId).array();
        attribute[6] ^= mask[0];
        attribute[7] ^= mask[1];
        for (int i = 8; i < attribute.length; i++) {
            attribute[i] ^= mask[i - 8];
        }
        return attribute;
    }

    /// Type, length, a zero byte, family (1 or 2), port, address.
    private static byte[] address(int type, InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        byte[] bytes = ip.getAddress();
        var value = ByteBuffer.allocate(4 + bytes.length);
        value.putShort((short) (bytes.length == 4 ? 1 : 2)).putShort((short) address.getPort());
        return attribute(type, value.put(bytes).array());
    }

    private static byte[] attribute(int type, byte[] value) {
        var attribute = ByteBuffer.allocate(4 + value.length);
        return attribute.putShort((short) type).putShort((short) value.length).put(value).array();
    }

    private final class Socket implements Engine {
        private final int a;
        private final int p;

        private Socket(int a, int p) {
            this.a = a;
            this.p = p;
        }

        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long now) {
            if (!isRequest(datagram)) {
                return false;
            }
            handleRequest(a, p, from, datagram);
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            // It has no timers.
        }

        @Override
        public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            Reply reply = replies[a][p].poll();
            if (reply == null) {
                return null;
            }
            into.put(reply.message);
            return reply.to;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }
}
