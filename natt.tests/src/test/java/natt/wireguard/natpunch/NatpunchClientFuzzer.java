package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Noise;
import natt.core.spi.Engine;
import natt.tests.fuzz.Input;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/// natpunch-go's client with a server that has its key and says what it likes, and with strangers.
public final class NatpunchClientFuzzer {
    private static final int MOST_STEPS = 100;
    private static final long SECOND = 1_000_000_000;
    private static final Identity HOST = Identity.generate(new Random(1));
    private static final Identity ME = Identity.generate(new Random(2));
    private static final List<NodeKey> PEERS =
            List.of(
                    Identity.generate(new Random(3)).publicKey(),
                    Identity.generate(new Random(4)).publicKey());
    private static final InetSocketAddress SERVER =
            new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 9);
    private static final InetSocketAddress STRANGER =
            new InetSocketAddress(InetAddress.ofLiteral("198.51.100.2"), 9);

    private final Input input;
    private final RandomGenerator random;
    private final NatpunchClient client;
    private Noise.@Nullable Split split;
    private long counter;
    private int questions;
    private int found;
    private long now;

    private NatpunchClientFuzzer(byte[] bytes) {
        input = new Input(bytes);
        random = input.random();
        now = input.moment();
        client =
                new NatpunchClient(
                        new NatpunchClient.Config(
                                ME,
                                HOST.publicKey(),
                                SERVER,
                                Duration.ofSeconds(2),
                                input.flag(),
                                5,
                                random),
                        now);
        client.ask(PEERS, now);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        var fuzzer = new NatpunchClientFuzzer(bytes);
        for (int step = 0; step < MOST_STEPS && !fuzzer.input.isEmpty(); step++) {
            fuzzer.step();
        }
    }

    private void step() {
        switch (input.choice(4)) {
            case 0 -> now += input.octet() * SECOND / 8;
            case 1 -> give(input.flag() ? SERVER : STRANGER, input.bytes(input.octet()));
            case 2 -> answer();
            default -> client.ask(PEERS.subList(0, input.choice(3)), now);
        }
        if (client.nanosUntilTimeout(now) <= 0) {
            client.handleTimeout(now);
        }
        drain();
        long wait = client.nanosUntilTimeout(now);
        if (wait <= 0 || wait > 10 * SECOND && wait != Engine.NEVER) {
            throw new AssertionError("waits %d".formatted(wait));
        }
    }

    private void give(InetSocketAddress from, byte[] datagram) {
        int before = found;
        client.handleDatagram(from, ByteBuffer.wrap(datagram), now);
        drain();
        if (from == STRANGER && found != before) {
            throw new AssertionError("believes a stranger");
        }
    }

    private void drain() {
        var out = ByteBuffer.allocate(256);
        for (int i = 0; client.pollTransmit(out.clear(), now) != null; i++) {
            if (i > 2) {
                throw new AssertionError("does not end");
            }
            if (out.position() == 109) {
                welcome(Arrays.copyOf(out.array(), 109));
            } else if (out.position() == 93) {
                questions++;
            } else {
                throw new AssertionError("%d bytes".formatted(out.position()));
            }
        }
        for (NatpunchClient.Found each; (each = client.pollFound()) != null; ) {
            found++;
            int first = Byte.toUnsignedInt(each.endpoint().getAddress().getAddress()[0]);
            if (first == 0 || first >= 224 || each.endpoint().getPort() == 0) {
                throw new AssertionError(each.toString());
            }
        }
        if (found > questions) {
            throw new AssertionError("%d of %d".formatted(found, questions));
        }
    }

    /// Answers a handshake, perhaps with a payload that should not be there.
    private void welcome(byte[] hello) {
        if (input.choice(4) == 0) {
            return;
        }
        Noise noise = PunchWire.answer(HOST);
        if (noise.read(hello, 5, 104, new byte[104], 0) != 8) {
            throw new AssertionError("a handshake that cannot be read");
        }
        var welcome = new byte[256];
        welcome[0] = (byte) (input.choice(8) == 0 ? input.octet() : 2);
        ByteBuffer.wrap(welcome).putInt(1, input.octet());
        byte[] payload = new byte[input.octet() > 0xf0 ? input.octet() % 64 : 0];
        int length = 5 + noise.write(payload, 0, payload.length, welcome, 5, random);
        split = noise.split();
        counter = 0;
        client.handleDatagram(SERVER, ByteBuffer.wrap(welcome, 0, length), now);
        drain();
    }

    private void answer() {
        Noise.Split keys = split;
        if (keys == null) {
            return;
        }
        byte[] said = input.bytes(input.flag() ? 6 : input.octet() % 12);
        counter += input.octet() + 1L;
        var answer = new byte[9 + said.length + 16];
        answer[0] = 3;
        ByteBuffer.wrap(answer).putLong(1, counter);
        keys.send().seal(counter, said, 0, 0, said, 0, said.length, answer, 9);
        give(SERVER, answer);
        int before = found;
        give(SERVER, answer);
        if (found != before) {
            throw new AssertionError("takes an answer twice");
        }
    }
}
