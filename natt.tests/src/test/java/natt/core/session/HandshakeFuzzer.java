package natt.core.session;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.noise.Noise;
import natt.tests.fuzz.Input;
import natt.transport.kcp.KcpTransport;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.random.RandomGenerator;

/// Handshakes with somebody who knows every key that he should, and says with them what he likes:
/// as the caller, in INIT, and as the host, in RESPONSE and COOKIE; then in DATA. Fields are
/// changed before they are sealed, so that what lies behind the codes is reached.
public final class HandshakeFuzzer {
    private static final Identity NODE = Identity.generate(new Random(1));
    private static final Identity PEER = Identity.generate(new Random(2));
    private static final InetSocketAddress THERE = new InetSocketAddress("192.0.2.1", 1000);
    private static final long SECOND = 1_000_000_000;
    private static final int MOST_STEPS = 20;
    private static final int PEERS_INDEX = 0x0badcafe;

    private final Input input;
    private final RandomGenerator random;
    private final SessionEngine engine;
    private final ByteBuffer buffer = ByteBuffer.allocate(2048);
    private long now;

    private HandshakeFuzzer(byte[] bytes) {
        input = new Input(bytes);
        random = input.random();
        now = input.moment();
        Admission anybody = (key, from) -> Admission.Answer.anybody();
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                NODE,
                                PreSharedKey.NONE,
                                List.of(new KcpTransport()),
                                Optional.of(anybody),
                                random),
                        now);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        var fuzzer = new HandshakeFuzzer(bytes);
        if (fuzzer.input.flag()) {
            fuzzer.call();
        } else {
            fuzzer.answer();
        }
    }

    private static Gate gate(Identity host) {
        return new Gate(PreSharedKey.NONE, host.publicKey());
    }

    // ---- the peer calls

    private void call() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            now += input.octet() * SECOND / 64;
            callOnce();
        }
    }

    private void callOnce() {
        byte[] init = new byte[Wire.INIT_LENGTH];
        init[0] = (byte) Wire.INIT;
        init[1] = Wire.VERSION;
        Wire.putShort(init, 2, input.pair());
        Wire.putInt(init, Wire.INIT_SENDER, PEERS_INDEX);
        var noise =
                new Noise(
                        Noise.Pattern.IK_PSK1,
                        true,
                        InitiatorHandshake.prologue(init),
                        PEER,
                        NODE.publicKey(),
                        PreSharedKey.NONE);
        int changes = input.octet();
        byte[] payload = new InitPayload(1, 0, Wire.MOST_DATAGRAM, 0).encode();
        change(payload, changes);
        noise.write(payload, 0, payload.length, init, Wire.INIT_NOISE, random);
        if (changes >= 0xe0) {
            // Not what was sealed, but with the right code.
            init[input.octet() % Wire.INIT_MAC1] ^= 1;
        }
        gate(NODE).mac1(init, Wire.INIT_MAC1, init, Wire.INIT_MAC1);
        engine.handleDatagram(THERE, ByteBuffer.wrap(init), now);
        byte[] answer = sent();
        if (answer.length > init.length) {
            throw new AssertionError("%d bytes for %d".formatted(answer.length, init.length));
        }
        boolean plain = changes < 0xe0;
        if ((answer[0] & 0xff) == Wire.RESPONSE) {
            if (!plain) {
                throw new AssertionError("answers what nobody sealed");
            }
            confirm(noise, InitPayload.decode(payload), answer);
        } else if ((answer[0] & 0xff) == Wire.COOKIE && plain) {
            byte[] cookie =
                    gate(NODE).readCookie(ByteBuffer.wrap(answer), PEERS_INDEX, Gate.mac1Of(init));
            if (cookie == null) {
                throw new AssertionError("a cookie that cannot be read");
            }
        }
        settle();
    }

    /// Changes so many bytes, where and to what the input says.
    private void change(byte[] bytes, int changes) {
        for (int i = changes & 0x1f; i > 0; i--) {
            bytes[input.octet() % bytes.length] = (byte) input.octet();
        }
    }

    private void confirm(Noise noise, InitPayload asked, byte[] response) {
        byte[] payload = new byte[ResponsePayload.LENGTH];
        int length = Wire.RESPONSE_MAC1 - Wire.RESPONSE_NOISE;
        int index = Wire.getInt(response, Wire.RESPONSE_SENDER);
        if (!gate(NODE).checkMac1(response, Wire.RESPONSE_MAC1)
                || noise.read(response, Wire.RESPONSE_NOISE, length, payload, 0) < 0
                || !ResponsePayload.hasIndexes(payload, index, PEERS_INDEX)) {
            throw new AssertionError("a response that cannot be read");
        }
        ResponsePayload granted = ResponsePayload.decode(payload);
        boolean mayHave =
                (granted.capabilities() & ~asked.capabilities()) == 0
                        && granted.sessionId() != 0
                        && asked.mode() == 0;
        if (!mayHave) {
            throw new AssertionError("%s for %s".formatted(granted, asked));
        }
        Noise.Split split = noise.split();
        var keys = new Keys(PEERS_INDEX, index, split.send(), split.receive(), now);
        while (engine.pollRefusal() != null) {
            // Of those before.
        }
        int before = engine.sessions().size();
        say(keys);
        int made = engine.sessions().size() - before;
        boolean refused = engine.pollRefusal() != null;
        if (made > (granted.capabilities() == 0 || refused ? 0 : 1)) {
            throw new AssertionError("%d sessions".formatted(made));
        }
        for (int i = input.choice(4); i > 0; i--) {
            say(keys);
        }
    }

    // ---- the node calls

    private void answer() {
        Session session = engine.call(PEER.publicKey(), PreSharedKey.NONE, new KcpTransport(), now);
        session.streams().dial("x", now);
        session.addCandidates(List.of(THERE), now);
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            byte[] init = sent();
            if ((init[0] & 0xff) == Wire.INIT) {
                if (input.flag()) {
                    respond(session, init);
                } else {
                    giveCookie(init);
                }
            }
            settle();
            now += input.octet() * SECOND / 64;
            settle();
        }
        session.streams().dial("y", now).reset(ResetCode.UNSPECIFIED, now);
        settle();
    }

    private void respond(Session session, byte[] init) {
        byte[] prologue = InitiatorHandshake.prologue(init);
        var noise =
                new Noise(Noise.Pattern.IK_PSK1, false, prologue, PEER, null, PreSharedKey.NONE);
        byte[] asked = new byte[InitPayload.LENGTH];
        int length = Wire.INIT_MAC1 - Wire.INIT_NOISE;
        if (noise.read(init, Wire.INIT_NOISE, length, asked, 0) < 0) {
            throw new AssertionError("an INIT that cannot be read");
        }
        int index = Wire.getInt(init, Wire.INIT_SENDER);
        byte[] response = new byte[Wire.RESPONSE_LENGTH];
        response[0] = (byte) Wire.RESPONSE;
        response[1] = Wire.VERSION;
        Wire.putShort(response, 2, input.pair());
        Wire.putInt(response, Wire.RESPONSE_SENDER, PEERS_INDEX);
        Wire.putInt(response, Wire.RESPONSE_RECEIVER, index);
        long id = InitPayload.decode(asked).resume();
        var granted = new ResponsePayload(1, Wire.MOST_DATAGRAM, 15, id == 0 ? 7 : id);
        byte[] payload = granted.encode(PEERS_INDEX, index);
        change(payload, input.octet());
        noise.write(payload, 0, payload.length, response, Wire.RESPONSE_NOISE, random);
        gate(PEER).mac1(response, Wire.RESPONSE_MAC1, response, Wire.RESPONSE_MAC1);
        boolean fits = ResponsePayload.hasIndexes(payload, PEERS_INDEX, index);
        Session.State before = session.state();
        engine.handleDatagram(THERE, ByteBuffer.wrap(response), now);
        if (!fits && session.state() != before) {
            throw new AssertionError("takes a response with other indexes");
        }
        Noise.Split split = noise.split();
        var keys = new Keys(PEERS_INDEX, index, split.send(), split.receive(), now);
        for (int i = input.choice(8); i > 0; i--) {
            say(keys);
            settle();
        }
    }

    private void giveCookie(byte[] init) {
        byte[] cookie = Arrays.copyOf(input.bytes(Gate.COOKIE), Gate.COOKIE);
        buffer.clear();
        gate(PEER).writeCookie(init, cookie, random, buffer);
        buffer.flip();
        engine.handleDatagram(THERE, buffer, now);
        byte[] again = sent();
        byte[] mac2 = new byte[Hmac.SHORT];
        if (again.length == Wire.INIT_LENGTH) {
            Gate.mac2(cookie, again, Wire.INIT_MAC2, mac2, 0);
            if (!Arrays.equals(mac2, Arrays.copyOfRange(again, Wire.INIT_MAC2, again.length))) {
                throw new AssertionError("another cookie");
            }
        }
    }

    // ---- both

    /// DATA of any content.
    private void say(Keys keys) {
        byte[] plain = new byte[2048];
        int length = input.octet();
        byte[] content = input.bytes(length & 0x3f);
        System.arraycopy(content, 0, plain, 1, content.length);
        plain[0] = (byte) (length >> 6);
        var data = ByteBuffer.allocate(2048);
        keys.seal(plain, 1 + content.length, new byte[2048], data);
        engine.handleDatagram(THERE, data.flip(), now);
    }

    /// The first datagram that is sent; one zero if there is none.
    private byte[] sent() {
        byte[] first = new byte[1];
        for (int i = 0; engine.pollTransmit(buffer.clear(), now) != null; i++) {
            if (i > 4096 || buffer.position() > Wire.MOST_DATAGRAM) {
                throw new AssertionError("sends %d bytes".formatted(buffer.position()));
            }
            if (i == 0) {
                first = Arrays.copyOf(buffer.array(), buffer.position());
            }
        }
        return first;
    }

    private void settle() {
        for (Session session; (session = engine.accept()) != null; ) {
            drain(session);
        }
        for (Session session; (session = engine.pollReady()) != null; ) {
            drain(session);
        }
        if (engine.nanosUntilTimeout(now) <= 0) {
            engine.handleTimeout(now);
        }
    }

    private void drain(Session session) {
        while (session.pollEvent() != null) {
            // The owner's log.
        }
        NodeKey peer = session.peer();
        if (!peer.equals(PEER.publicKey())) {
            throw new AssertionError("a session with " + peer);
        }
        while (session.streams().accept() != null) {
            // Whatever it is for.
        }
    }
}
