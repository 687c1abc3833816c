package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Noise;
import natt.tests.fuzz.Input;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.random.RandomGenerator;

/// natpunch-go's server with clients that know every key that they should and say what they like.
public final class NatpunchServerFuzzer {
    private static final int MOST_STEPS = 60;
    private static final int CAPACITY = 3;
    private static final long SECOND = 1_000_000_000;
    private static final Identity HOST = Identity.generate(new Random(1));
    private static final Identity[] CALLERS = {
        Identity.generate(new Random(2)),
        Identity.generate(new Random(3)),
        Identity.generate(new Random(4)),
        Identity.generate(new Random(5))
    };

    private final Input input;
    private final RandomGenerator random;
    private final NatpunchServer server;
    private final Noise.@Nullable Split[] splits = new Noise.Split[CALLERS.length];
    private final int[] indexes = new int[CALLERS.length];
    private final long[] counters = new long[CALLERS.length];
    private final NatpunchServer.Counters before;
    private long now;

    private NatpunchServerFuzzer(byte[] bytes) {
        input = new Input(bytes);
        random = input.random();
        now = input.moment();
        server = new NatpunchServer(HOST, CAPACITY, random, now);
        before = server.counters();
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        var fuzzer = new NatpunchServerFuzzer(bytes);
        for (int step = 0; step < MOST_STEPS && !fuzzer.input.isEmpty(); step++) {
            fuzzer.step();
        }
    }

    private void step() {
        now += input.octet() * SECOND / 64;
        int caller = input.choice(CALLERS.length);
        switch (input.choice(3)) {
            case 0 -> ask(input.bytes(input.octet()));
            case 1 -> greet(caller);
            default -> question(caller);
        }
        if (server.known() > CAPACITY || server.nanosUntilTimeout(now) <= 0) {
            throw new AssertionError("%d keys".formatted(server.known()));
        }
    }

    private void greet(int caller) {
        Noise noise = PunchWire.call(CALLERS[caller], HOST.publicKey());
        var hello = new byte[5 + 96 + 256];
        hello[0] = 1;
        ByteBuffer.wrap(hello).putInt(1, input.octet());
        byte[] payload = Arrays.copyOf(input.bytes(8), input.flag() ? 8 : input.octet() % 64);
        int length = 5 + noise.write(payload, 0, payload.length, hello, 5, random);
        boolean changed = input.octet() > 0xe0;
        if (changed) {
            hello[5 + input.octet() % (length - 5)] ^= 1;
        }
        byte[] welcome = ask(Arrays.copyOf(hello, length));
        if (welcome.length == 0) {
            return;
        }
        if (changed || payload.length != 8) {
            throw new AssertionError("answers what nobody says");
        }
        if (noise.read(welcome, 5, 48, new byte[48], 0) != 0) {
            throw new AssertionError("a welcome that cannot be read");
        }
        splits[caller] = noise.split();
        indexes[caller] = ByteBuffer.wrap(welcome).getInt(1);
        counters[caller] = 0;
    }

    private void question(int caller) {
        Noise.Split split = splits[caller];
        if (split == null) {
            return;
        }
        NodeKey own = CALLERS[input.flag() ? caller : input.choice(CALLERS.length)].publicKey();
        NodeKey wanted = CALLERS[input.choice(CALLERS.length)].publicKey();
        long counter = counters[caller];
        counters[caller] += 1 + (long) input.octet() * input.octet() * 16;
        var question = new byte[93];
        question[0] = 3;
        ByteBuffer.wrap(question).putInt(1, indexes[caller]).putLong(5, counter);
        byte[] both = ByteBuffer.allocate(64).put(own.bytes()).put(wanted.bytes()).array();
        split.send().seal(counter, both, 0, 0, both, 0, 64, question, 13);
        byte[] answer = ask(question);
        if (answer.length == 0) {
            return;
        }
        long number = ByteBuffer.wrap(answer).getLong(1);
        int length = answer.length - 9;
        if (!own.equals(CALLERS[caller].publicKey())
                || split.receive().open(number, both, 0, 0, answer, 9, length, both, 0) < 0) {
            throw new AssertionError("an answer that should not be, or cannot be read");
        }
        if (ask(question).length > 0) {
            throw new AssertionError("answers twice");
        }
    }

    /// The answer; empty for silence.
    private byte[] ask(byte[] datagram) {
        var from = new InetSocketAddress(InetAddress.ofLiteral("192.0.2." + input.choice(3)), 9);
        server.handleDatagram(from, ByteBuffer.wrap(datagram), now);
        ByteBuffer out = ByteBuffer.allocate(256);
        InetSocketAddress to = server.pollTransmit(out, now);
        if (to == null) {
            return new byte[0];
        }
        if (!to.equals(from)
                || out.position() >= datagram.length
                || server.pollTransmit(ByteBuffer.allocate(256), now) != null
                || server.counters().equals(before)) {
            throw new AssertionError("%d bytes to %s".formatted(out.position(), to));
        }
        return Arrays.copyOf(out.array(), out.position());
    }
}
