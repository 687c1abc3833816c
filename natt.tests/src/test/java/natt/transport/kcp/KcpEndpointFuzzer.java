package natt.transport.kcp;

import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.tests.fuzz.Input;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.Segment;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// A port, its application and several peers, of which some see what is sent to them and others
/// forge their address. Streams and memory are bounded, a forged address gets at most three times
/// what was sent in its name, and no deadline stays due.
public final class KcpEndpointFuzzer {
    private static final int MOST_STEPS = 300;
    private static final int MOST_DATAGRAMS = 20_000;
    private static final int MOST_ACCEPTED = 64;
    private static final int LARGEST = 1400;
    private static final int FEC = 8;
    private static final byte[] ZEROS = new byte[64 << 10];

    /// What is known of an address.
    private static final class Peer {
        private final InetSocketAddress address;
        private final boolean forged;
        private boolean dialed;
        private long sent;
        private long received;

        /// The last datagram sent to the address.
        private byte[] last = new byte[0];

        private Peer(String host, int port, boolean forged) {
            address = new InetSocketAddress(host, port);
            this.forged = forged;
        }
    }

    private final Input input;
    private final KcpEndpoint endpoint;
    private final List<Peer> peers =
            List.of(
                    new Peer("192.0.2.1", 1000, false),
                    new Peer("192.0.2.1", 1001, false),
                    new Peer("2001:db8::1", 1000, false),
                    new Peer("192.0.2.2", 1000, true),
                    new Peer("192.0.2.2", 1001, true),
                    new Peer("192.0.2.3", 1000, true));
    private final List<PlainTransport.Stream> streams = new ArrayList<>();
    private final List<PlainTransport.Stream> finished = new ArrayList<>();
    private final Segment reader = new Segment();
    private final ByteBuffer out = ByteBuffer.allocate(KcpEndpoint.MOST_DATAGRAM);
    private long dialed;
    private long now;

    private KcpEndpointFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        boolean accepting = !input.flag();
        endpoint =
                new KcpEndpoint(
                        new PlainTransport.Context(accepting, LARGEST, now, input.random()),
                        Mode.NATT);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new KcpEndpointFuzzer(bytes).run();
    }

    private void run() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(16)) {
                case 0 -> arrive(peer(), input.bytes(input.octet()));
                case 1, 2, 3 -> crafted(peer(), input.number());
                case 4 -> greetAgain();
                case 5, 6 -> acknowledge();
                case 7 -> arrive(peer(), peers.get(input.choice(3)).last);
                case 8 -> dial();
                case 9 -> flood();
                case 10, 11 -> application();
                case 12 -> now += input.octet() * 1_000_000L;
                case 13 -> now += input.octet() * 250_000_000L;
                default -> {
                    long left = endpoint.nanosUntilTimeout(now);
                    now += left == Long.MAX_VALUE ? 0 : Math.max(0, left);
                }
            }
            settle();
        }
        for (var stream : streams) {
            if (stream.closed().isPresent()) {
                while (stream.read(ByteBuffer.allocate(1 << 16), now) > 0) {
                    // What arrived before a close can still be read.
                }
            }
        }
        endpoint.shutdown(ResetCode.SHUTTING_DOWN, now);
        settle();
        if (endpoint.counters().get("streams") != 0) {
            throw new AssertionError("streams outlive the shutdown");
        }
        if (endpoint.counters().get("bytesHeld") != 0) {
            throw new AssertionError("memory of nobody is held");
        }
    }

    private Peer peer() {
        return peers.get(input.choice(peers.size()));
    }

    private void arrive(Peer from, byte[] datagram) {
        from.sent += datagram.length;
        endpoint.handleDatagram(from.address, ByteBuffer.wrap(datagram), now);
    }

    /// Segments of the input's choice, with or without the header of the error correction.
    private void crafted(Peer from, int conv) {
        int kind = input.octet();
        var datagram = ByteBuffer.allocate(LARGEST).order(ByteOrder.LITTLE_ENDIAN);
        if ((kind & 1) != 0) {
            datagram.putInt(input.octet()).putShort((short) 0xf1).putShort((short) 0);
        }
        for (int i = 0; i <= (kind >> 1 & 3); i++) {
            byte[] data = input.bytes(input.choice(24));
            int command = Segment.PUSH + input.choice(6);
            int frg = input.octet();
            int sn = input.octet();
            Segment.write(
                    datagram,
                    conv,
                    command,
                    frg,
                    input.pair(),
                    input.small(),
                    sn,
                    input.choice(8),
                    data.length);
            datagram.put(data);
        }
        if ((kind & 1) != 0) {
            datagram.putShort(6, (short) (datagram.position() - 6));
        }
        arrive(from, copy(datagram.flip()));
    }

    /// A peer that sees what is sent to it answers a greeting as natt does.
    private void greetAgain() {
        Peer from = peers.get(input.choice(3));
        if (!readLast(from)) {
            return;
        }
        var datagram = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        boolean asked = reader.command() == Segment.WINDOW_ASK;
        Segment.write(
                datagram,
                reader.conv(),
                asked ? Segment.WINDOW_TELL : Segment.WINDOW_ASK,
                input.flag() ? KcpStream.OPENED : KcpStream.GREETING,
                128,
                reader.ts(),
                reader.sn(),
                0,
                0);
        arrive(from, copy(datagram.flip()));
    }

    /// A peer that sees what is sent to it acknowledges the first segment of the last datagram.
    private void acknowledge() {
        Peer from = peers.get(input.choice(3));
        if (!readLast(from)) {
            return;
        }
        var datagram = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        int una = reader.sn() + 1 - input.choice(4);
        Segment.write(
                datagram,
                reader.conv(),
                Segment.ACK,
                0,
                input.pair(),
                reader.ts(),
                reader.sn(),
                una,
                0);
        arrive(from, copy(datagram.flip()));
    }

    private boolean readLast(Peer peer) {
        var in = ByteBuffer.wrap(peer.last).order(ByteOrder.LITTLE_ENDIAN);
        int at = in.limit() > FEC && in.getShort(4) == 0xf1 ? FEC : 0;
        return reader.read(in, at, in.limit());
    }

    private void dial() {
        Peer to = peer();
        to.dialed = true;
        dialed++;
        streams.add(endpoint.dial(to.address, now));
    }

    /// Many conversations that begin as ssh does.
    private void flood() {
        Peer from = peer();
        int first = input.number();
        int count = input.octet();
        for (int i = 0; i < count; i++) {
            var datagram = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
            Segment.write(datagram, first + i, Segment.PUSH, 0, 32, 0, 0, 0, 8);
            datagram.put(new byte[] {'S', 'S', 'H', '-', '2', '.', '0', '-'});
            arrive(from, copy(datagram.flip()));
        }
    }

    private void application() {
        if (streams.isEmpty()) {
            return;
        }
        var stream = streams.get(input.choice(256) % streams.size());
        switch (input.choice(8)) {
            case 0, 1 -> stream.read(ByteBuffer.allocate(input.pair()), now);
            case 2 -> {
                finished.add(stream);
                stream.finish(now);
            }
            case 3 -> stream.reset(ResetCode.of(input.octet()), now);
            case 4 -> {
                stream.closed();
                stream.delivered();
                stream.answered();
                stream.roundTripTime();
            }
            default -> {
                if (!finished.contains(stream)) {
                    stream.write(ByteBuffer.wrap(ZEROS, 0, input.pair()), now);
                }
            }
        }
    }

    private void settle() {
        drain();
        if (endpoint.nanosUntilTimeout(now) <= 0) {
            endpoint.handleTimeout(now);
            drain();
            if (endpoint.nanosUntilTimeout(now) <= 0) {
                throw new AssertionError("a deadline stays due");
            }
        }
        var counters = endpoint.counters();
        long open = counters.get("streams");
        if (open > MOST_ACCEPTED + dialed) {
            throw new AssertionError(open + " streams");
        }
        long held = counters.get("bytesHeld");
        if (held < 0 || held > 64 << 20) {
            throw new AssertionError(held + " bytes held");
        }
        for (Peer peer : peers) {
            if (peer.forged && !peer.dialed && peer.received > 3 * peer.sent) {
                throw new AssertionError(
                        "%d bytes for %d to a forged address".formatted(peer.received, peer.sent));
            }
        }
    }

    private void drain() {
        PlainTransport.Stream stream;
        while ((stream = endpoint.accept()) != null) {
            streams.add(stream);
        }
        while (endpoint.pollReady() != null) {
            // Nobody waits for it here.
        }
        for (int sent = 0; ; sent++) {
            InetSocketAddress to = endpoint.pollTransmit(out.clear(), now);
            if (to == null) {
                return;
            }
            if (sent == MOST_DATAGRAMS || out.position() < 1 || out.position() > LARGEST) {
                throw new AssertionError("datagram %d of %d".formatted(sent, out.position()));
            }
            Peer peer = peers.stream().filter(each -> each.address.equals(to)).findAny().get();
            peer.received += out.position();
            peer.last = copy(out.flip());
        }
    }

    private static byte[] copy(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
