package natt.core.session;

import natt.core.noise.Aead;
import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// DATA that one side seals and the other opens, in any order, again, changed or made up: each is
/// opened once and says what was sealed, and nothing else is opened.
public final class KeysFuzzer {
    private static final int MOST_STEPS = 300;
    private static final int INDEX = 0x01020304;

    /// @param opened whether it has been
    private record Sealed(byte[] data, byte[] plain, boolean[] opened) {}

    private static int runs;

    private final Input input;
    private final Keys sender;
    private final Keys receiver;
    private final List<Sealed> all = new ArrayList<>();
    private final byte[] plain = new byte[2048];
    private long highest = -1;

    private KeysFuzzer(byte[] bytes) {
        input = new Input(bytes);
        byte[] one = new byte[Aead.KEY];
        byte[] another = new byte[Aead.KEY];
        input.random().nextBytes(one);
        // A thread's cipher refuses the key and nonce that it had last.
        ByteBuffer.wrap(one).putInt(0, runs++);
        another[0] = 1;
        sender = keys(1, INDEX, one, another);
        receiver = keys(INDEX, 1, another, one);
    }

    private static Keys keys(int local, int remote, byte[] send, byte[] receive) {
        // Both are fuzzed, without a byte of the input that says which.
        boolean aes = ((send[Aead.KEY - 1] ^ receive[Aead.KEY - 1]) & 1) == 0;
        Aead.Algorithm by = aes ? Aead.Algorithm.AES_256_GCM : Aead.Algorithm.CHACHA20_POLY1305;
        return new Keys(local, remote, new Aead(by, send), new Aead(by, receive), 0);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new KeysFuzzer(bytes).run();
    }

    private void run() {
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(4)) {
                case 0 -> seal();
                case 1 -> open();
                case 2 -> openChanged();
                default -> openMadeUp();
            }
        }
    }

    private void seal() {
        byte[] content = input.bytes(1 + input.octet());
        if (content.length > 0) {
            var into = ByteBuffer.allocate(2048);
            sender.seal(content.clone(), content.length, new byte[2048], into);
            byte[] data = Arrays.copyOf(into.array(), into.position());
            if (data.length != content.length + Wire.DATA_OVERHEAD - 1
                    || Keys.receiverIndex(data) != INDEX) {
                throw new AssertionError("seals %d bytes".formatted(data.length));
            }
            all.add(new Sealed(data, content, new boolean[1]));
        }
    }

    private Sealed some() {
        return all.get(input.octet() % all.size());
    }

    private void open() {
        if (all.isEmpty()) {
            return;
        }
        Sealed sealed = some();
        long counter = Wire.getLong(sealed.data, Wire.DATA_COUNTER);
        Keys.Opened opened = receiver.open(sealed.data, sealed.data.length, plain);
        Keys.Opened expected =
                sealed.opened[0]
                        ? Keys.Opened.REPLAYED
                        : counter > highest ? Keys.Opened.NEWEST : Keys.Opened.LATE;
        sealed.opened[0] = true;
        highest = Math.max(highest, counter);
        if (opened != expected) {
            throw new AssertionError("%s, not %s".formatted(opened, expected));
        }
        boolean same =
                Arrays.equals(plain, 0, sealed.plain.length, sealed.plain, 0, sealed.plain.length);
        if (opened != Keys.Opened.REPLAYED && !same) {
            throw new AssertionError("says something else");
        }
    }

    private void openChanged() {
        if (all.isEmpty()) {
            return;
        }
        byte[] data = some().data.clone();
        int at = input.octet();
        if (input.flag()) {
            data[at % data.length] ^= (byte) (1 << input.choice(8));
        } else {
            data = Arrays.copyOf(data, Wire.DATA_OVERHEAD + at);
        }
        if (all.stream().map(Sealed::data).noneMatch(new ByteArray(data)::isSame)) {
            requireShut(data);
        }
    }

    private void openMadeUp() {
        byte[] data = Arrays.copyOf(input.bytes(input.octet()), Wire.DATA_OVERHEAD);
        requireShut(data);
    }

    private record ByteArray(byte[] bytes) {
        boolean isSame(byte[] other) {
            return Arrays.equals(bytes, other);
        }
    }

    private void requireShut(byte[] data) {
        Keys.Opened opened = receiver.open(data, data.length, plain);
        if (opened != Keys.Opened.FORGED && opened != Keys.Opened.REPLAYED) {
            throw new AssertionError("opens what nobody sealed");
        }
    }
}
