package natt.core.session;

import natt.core.CloseCode;
import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.ResetCode;
import natt.core.session.FuzzNode.Call;
import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// A client, a host, a stranger that says what it likes, and a network that does what the input
/// says. Streams bring every byte once and in order, what is closed stays closed, what is not
/// authentic changes nothing, an address that proved nothing gets no more than it sent, what one
/// side holds is bounded, no deadline stays due, and no two talk without end. When the input has
/// been used up, the network is a good one, and what was written arrives.
public final class SessionEngineFuzzer {
    static final long MILLI = 1_000_000;
    static final long SECOND = 1000 * MILLI;

    private static final int MOST_STEPS = 400;
    private static final int MOST_FLYING = 200;
    private static final int MOST_SEEN = 64;
    private static final int MOST_ROUNDS = 100;
    private static final int MOST_CALLS = 12;
    private static final int CHALLENGE = 48;
    private static final int MOST_CHALLENGES = 50;
    private static final long LONGEST = 13 * 3600 * SECOND;
    private static final long GOOD_NETWORK = 60 * SECOND;
    private static final long DELAY = 20 * MILLI;

    private static final Identity CLIENT = Identity.generate(new Random(1));

    private static final Identity HOST = Identity.generate(new Random(2));
    private static final Identity STRANGER = Identity.generate(new Random(3));

    /// Nobody is there, and who claims to be is a forger.
    private static final List<InetSocketAddress> FORGED =
            List.of(
                    new InetSocketAddress("192.0.2.66", 66),
                    new InetSocketAddress("192.0.2.67", 66),
                    new InetSocketAddress("2001:db8::66", 66));

    /// A datagram on its way.
    record Packet(InetSocketAddress from, InetSocketAddress to, byte[] data) {}

    private final Input input;
    private final FuzzNode client;
    private final FuzzNode host;
    private final FuzzNode stranger;
    private final List<FuzzNode> nodes;
    private final List<Packet> flying = new ArrayList<>();
    private final ArrayDeque<Packet> seen = new ArrayDeque<>();
    private final List<Call> calls = new ArrayList<>();
    private final CloseCode[] refused = new CloseCode[3];
    private final ByteBuffer buffer = ByteBuffer.allocate(2048);
    private final long start;
    private long now;
    private boolean listed;

    private SessionEngineFuzzer(byte[] bytes) {
        input = new Input(bytes);
        now = input.moment();
        start = now;
        var random = input.random();
        PreSharedKey secret = PreSharedKey.NONE;
        client = new FuzzNode(CLIENT, secret, Optional.empty(), "203.0.113.1", random, now);
        Optional<Admission> admission = Optional.of((key, from) -> answer(key));
        host = new FuzzNode(HOST, secret, admission, "198.51.100.1", random, now);
        stranger = new FuzzNode(STRANGER, secret, admission, "203.0.113.99", random, now);
        nodes = List.of(client, host, stranger);
    }

    private Admission.Answer answer(NodeKey key) {
        CloseCode why = refused[key.equals(CLIENT.publicKey()) ? 0 : 2];
        if (why != null) {
            return Admission.Answer.refuse(why);
        }
        return listed ? Admission.Answer.listedKey() : Admission.Answer.anybody();
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        FuzzNode.forgetFlows();
        new SessionEngineFuzzer(bytes).run();
    }

    private void run() {
        settle();
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            step(input.choice(32));
            settle();
            check();
        }
        goodNetwork();
    }

    private void check() {
        for (FuzzNode node : nodes) {
            node.check(now);
        }
    }

    private void step(int operation) {
        switch (operation) {
            case 0, 1, 2 -> quiet();
            case 3 -> deliver(take());
            case 4 -> take();
            case 5 -> duplicate();
            case 6 -> tamper();
            case 7 -> replay();
            case 8 -> inject();
            case 9 -> pass(input.octet() * MILLI);
            case 10 -> pass(input.octet() * SECOND / 8);
            case 11 -> pass(input.octet() * 60 * SECOND);
            case 12, 13 -> untilDeadline();
            case 14 -> pass(input.pair() * SECOND);
            case 15 -> move();
            case 16, 17 -> call();
            case 18 -> addCandidates();
            case 19, 20 -> dial();
            case 21, 22 -> write();
            case 23 -> finish();
            case 24 -> reset();
            case 25 -> close();
            case 26 -> jump();
            case 27 -> review();
            case 28 -> restart();
            case 29, 30 -> say();
            default -> straight();
        }
    }

    /// Time passes, to the thirteenth hour at most.
    private void pass(long nanos) {
        now += Math.min(nanos, LONGEST - (now - start));
    }

    // ---- the network

    private Packet take() {
        return flying.isEmpty() ? null : flying.remove(input.choice(flying.size()));
    }

    private void deliver(Packet packet) {
        FuzzNode to = packet == null ? null : at(packet.to);
        if (to != null) {
            to.take(packet.from, packet.data, now);
        }
    }

    private FuzzNode at(InetSocketAddress address) {
        for (FuzzNode node : nodes) {
            if (node.address().equals(address)) {
                return node;
            }
        }
        return null;
    }

    /// Nobody does anything but answer: that comes to an end.
    private void quiet() {
        for (int round = 0; !flying.isEmpty(); round++) {
            if (round > MOST_ROUNDS) {
                throw new AssertionError("talk without end");
            }
            round();
        }
    }

    private void round() {
        List<Packet> all = List.copyOf(flying);
        flying.clear();
        all.forEach(this::deliver);
        settle();
    }

    /// For a while everything arrives.
    private void straight() {
        for (int i = input.octet(); i > 0; i--) {
            pass(DELAY);
            settle();
            round();
        }
    }

    private void duplicate() {
        if (!flying.isEmpty()) {
            deliver(flying.get(input.choice(flying.size())));
        }
    }

    /// Something of what is on its way is changed, made shorter or longer: that is silence.
    private void tamper() {
        if (flying.isEmpty()) {
            return;
        }
        Packet packet = flying.get(input.choice(flying.size()));
        byte[] data = packet.data.clone();
        int at = input.pair();
        // Who is not crowded does not look at mac2.
        int covered =
                data.length == Wire.INIT_LENGTH && (data[0] & 0xff) == Wire.INIT
                        ? Wire.INIT_MAC2
                        : data.length;
        switch (input.choice(3)) {
            case 0 -> data[at % covered] ^= (byte) (1 << input.choice(8));
            case 1 -> data = Arrays.copyOf(data, at % data.length);
            default -> data = Arrays.copyOf(data, data.length + 1 + at % 64);
        }
        InetSocketAddress from = input.flag() ? packet.from : forged();
        takeForged(at(packet.to), from, data);
    }

    private void inject() {
        FuzzNode to = nodes.get(input.choice(3));
        byte[] data = input.bytes(input.octet());
        if (data.length > 0) {
            data[0] = (byte) (0x90 | data[0] & 7);
        }
        takeForged(to, input.flag() ? forged() : client.address(), data);
    }

    private static void takeForged(FuzzNode to, InetSocketAddress from, byte[] data) {
        if (to != null) {
            to.takeForged(from, data);
        }
    }

    private InetSocketAddress forged() {
        return FORGED.get(input.choice(FORGED.size()));
    }

    /// Something caught is sent again, or for the first time, by a forger.
    private void replay() {
        if (seen.isEmpty()) {
            return;
        }
        Packet packet = List.copyOf(seen).get(input.choice(seen.size()));
        FuzzNode to = at(packet.to);
        if (to != null) {
            to.take(input.flag() ? forged() : packet.from, packet.data, now);
        }
    }

    private void move() {
        FuzzNode node = input.flag() ? stranger : client;
        node.move(input.choice(8));
    }

    // ---- time

    private void untilDeadline() {
        long least = Long.MAX_VALUE;
        for (FuzzNode node : nodes) {
            least = Math.min(least, node.engine.nanosUntilTimeout(now));
        }
        pass(least == Long.MAX_VALUE ? 0 : Math.max(0, least));
    }

    private void settle() {
        for (FuzzNode node : nodes) {
            turn(node);
            if (node.engine.nanosUntilTimeout(now) <= 0) {
                node.engine.handleTimeout(now);
                turn(node);
                if (node.engine.nanosUntilTimeout(now) <= 0) {
                    throw new AssertionError("a deadline stays due: " + node.describe(now));
                }
            }
            node.settled(now);
        }
    }

    private void turn(FuzzNode node) {
        node.collect(now);
        int sent = 0;
        InetSocketAddress to;
        while ((to = node.engine.pollTransmit(buffer.clear(), now)) != null) {
            if (++sent > 4096) {
                throw new AssertionError("sends without end");
            }
            byte[] data = new byte[buffer.position()];
            buffer.flip().get(data);
            if (data.length > Wire.MOST_DATAGRAM) {
                throw new AssertionError("sends %d bytes".formatted(data.length));
            }
            node.account(to, data.length);
            var packet = new Packet(node.address(), to, data);
            if (flying.size() < MOST_FLYING) {
                flying.add(packet);
            }
            seen.add(packet);
            if (seen.size() > MOST_SEEN) {
                seen.remove();
            }
        }
        node.collect(now);
        for (InetSocketAddress forged : FORGED) {
            node.requireNoAmplification(forged, CHALLENGE, MOST_CHALLENGES);
        }
    }

    // ---- the nodes

    private void call() {
        if (calls.size() >= MOST_CALLS) {
            return;
        }
        int kind = input.octet();
        FuzzNode from = (kind & 1) == 0 ? client : stranger;
        FuzzNode to = (kind & 2) == 0 ? host : from == client ? stranger : host;
        int special = kind >> 5;
        Call call = from.call(to, special == 1, special == 2, now);
        calls.add(call);
        if (special != 3) {
            call.session().addCandidates(List.of(to.address()), now);
        }
    }

    private Call someCall() {
        return calls.isEmpty() ? null : calls.get(input.choice(calls.size()));
    }

    private void addCandidates() {
        Call call = someCall();
        if (call == null) {
            return;
        }
        List<InetSocketAddress> addresses = new ArrayList<>();
        int which = input.octet();
        for (int i = 0; i < FORGED.size(); i++) {
            if ((which >> i & 1) != 0) {
                addresses.add(FORGED.get(i));
                call.from().candidate(FORGED.get(i));
            }
        }
        if ((which & 8) != 0) {
            addresses.add(call.to().address());
        }
        int others = which >> 4;
        for (int i = 0; i < (others == 15 ? others : others & 1); i++) {
            addresses.add(new InetSocketAddress("192.0.2.1", i));
        }
        call.session().addCandidates(addresses, now);
    }

    private void dial() {
        Call call = someCall();
        if (call != null) {
            call.from().dial(call, input, now);
        }
    }

    private FuzzNode.Flow someFlow() {
        FuzzNode node = nodes.get(input.choice(3));
        return node.flows.isEmpty() ? null : node.flows.get(input.choice(node.flows.size()));
    }

    private void write() {
        FuzzNode.Flow flow = someFlow();
        int length = input.pair();
        if (flow != null) {
            flow.write(length, now);
        }
    }

    private void finish() {
        FuzzNode.Flow flow = someFlow();
        if (flow != null) {
            flow.finish(now);
        }
    }

    private void reset() {
        FuzzNode.Flow flow = someFlow();
        if (flow != null) {
            flow.reset(ResetCode.TARGET_RESET, now);
        }
    }

    private void close() {
        FuzzNode node = nodes.get(input.choice(3));
        List<Session> sessions = node.engine.sessions();
        int which = input.octet();
        if (which == 255) {
            node.engine.shutdown(CloseCode.SHUTTING_DOWN, now);
        } else if (!sessions.isEmpty()) {
            sessions.get(which % sessions.size()).close(CloseCode.IDLE, now);
        }
    }

    private void jump() {
        nodes.get(input.choice(3)).engine.clockJumped(now);
    }

    private void review() {
        int how = input.octet();
        CloseCode[] codes = {null, null, CloseCode.UNKNOWN_KEY, CloseCode.EXPIRED_KEY};
        refused[0] = codes[how & 3];
        refused[2] = codes[how >> 2 & 3];
        listed = (how & 16) != 0;
        if ((how & 32) != 0) {
            host.engine.reviewAdmission(now);
        }
    }

    private void restart() {
        nodes.get(input.choice(3)).restart(now);
    }

    /// The stranger says something under its own keys: to a host that lets it in, it is a peer.
    private void say() {
        Keys keys = stranger.someKeys(input.octet());
        Session session = keys == null ? null : keys.session;
        InetSocketAddress to = session == null ? null : session.path().orElse(null);
        if (to == null) {
            return;
        }
        int kind = input.octet();
        byte[] content = input.bytes(kind >> 3);
        byte[] plain = new byte[2048];
        plain[0] = (byte) (kind & 3);
        System.arraycopy(content, 0, plain, 1, content.length);
        int length = content.length;
        if (plain[0] == Outbox.CONTROL && input.flag()) {
            // Answers whose token says a length, and whatever else is 16 bytes long.
            Control.write(plain, 1, input.choice(9), input.pair(), input.pair(), Control.LENGTH);
            length = Control.LENGTH;
        }
        var datagram = ByteBuffer.allocate(2048);
        keys.seal(plain, 1 + length, new byte[2048], datagram);
        byte[] data = new byte[datagram.position()];
        datagram.flip().get(data);
        InetSocketAddress from = input.flag() ? stranger.address() : forged();
        FuzzNode at = at(to);
        stranger.taint(session);
        if (at != null) {
            at.taint(stranger);
            at.take(from, data, now);
        }
    }

    // ---- at the end

    /// Everything arrives after 20 ms: what was written to whom is still there is read.
    private void goodNetwork() {
        flying.clear();
        long end = now + GOOD_NETWORK;
        while (now - end < 0) {
            long least = flying.isEmpty() ? end - now : DELAY;
            for (FuzzNode node : nodes) {
                least = Math.min(least, node.engine.nanosUntilTimeout(now));
            }
            now += Math.max(0, least);
            settle();
            round();
        }
        check();
        for (Call call : calls) {
            call.from().requireDelivered(call);
        }
        for (FuzzNode node : nodes) {
            node.engine.shutdown(CloseCode.SHUTTING_DOWN, now);
        }
        settle();
        quiet();
        now += 6 * SECOND;
        settle();
        for (FuzzNode node : nodes) {
            node.requireEmpty(now);
        }
    }
}
