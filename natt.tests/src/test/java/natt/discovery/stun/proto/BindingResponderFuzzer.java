package natt.discovery.stun.proto;

import natt.core.Route;
import natt.core.spi.AddressDiscovery.LocalSocket;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;

/// Whatever comes, at most one answer goes to where it came from, not longer than twice the request
/// (or the 44 bytes that IPv6 takes), and one source has its share at most.
public final class BindingResponderFuzzer {
    private static final int MOST_STEPS = 200;
    private static final int LONGEST_PLAIN_ANSWER = 44;
    private static final String[] CLIENTS = {"203.0.113.7", "203.0.113.8", "2001:db8::7"};

    private BindingResponderFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        long now = input.moment();
        var sockets = new ArrayList<LocalSocket>();
        int count = input.choice(5);
        for (int i = 0; i < count; i++) {
            var local = new InetSocketAddress("192.0.2." + (1 + i / 2), 3478 + i % 2);
            sockets.add(new LocalSocket(i, local));
        }
        var responder = new BindingResponder(new ResponderContext(sockets, input.random()));
        int[] answers = new int[CLIENTS.length];
        long start = now;
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            now += input.octet() * 1_000_000L;
            int who = input.choice(CLIENTS.length);
            var client = new InetSocketAddress(CLIENTS[who], 1 + input.octet());
            int socket = who == 2 ? 0 : input.choice(6);
            InetSocketAddress from = socket == 0 ? client : Route.through(socket, client);
            byte[] request = request(input);
            boolean taken = responder.handleDatagram(from, ByteBuffer.wrap(request), now);
            if (answered(responder, client, request.length, now)) {
                answers[who]++;
                if (!taken) {
                    throw new AssertionError("answered what it did not take");
                }
            }
            long most = SourceLimiter.BURST + (now - start) / 1_000_000 * 20 / 1000 + 1;
            if (answers[who] > most) {
                throw new AssertionError("%d answers of %d".formatted(answers[who], most));
            }
        }
    }

    /// The input's bytes, mostly with a right header in front.
    private static byte[] request(Input input) {
        boolean framed = input.choice(8) != 0;
        byte[] attributes = input.bytes(input.choice(64));
        if (!framed) {
            return attributes;
        }
        var request = ByteBuffer.allocate(StunMessage.HEADER_LENGTH + attributes.length);
        request.putShort((short) 1).putShort((short) attributes.length);
        request.putInt(StunMessage.MAGIC_COOKIE).position(StunMessage.HEADER_LENGTH);
        return request.put(attributes).array();
    }

    private static boolean answered(
            BindingResponder responder, InetSocketAddress client, int length, long now) {
        var out = ByteBuffer.allocate(200);
        InetSocketAddress to = responder.pollTransmit(out, now);
        if (to == null) {
            return false;
        }
        int most = Math.max(2 * length, LONGEST_PLAIN_ANSWER);
        if (!Route.remote(to).equals(client) || out.position() > most) {
            throw new AssertionError("%d bytes to %s".formatted(out.position(), to));
        }
        if (responder.pollTransmit(out.clear(), now) != null) {
            throw new AssertionError("two answers");
        }
        return true;
    }
}
