package natt.core.session;

import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Parts that the input makes up, and parts of real datagrams that arrive in any order, again, or
/// not at all: what comes out whole was sent, unless something was made up, and is never longer
/// than a datagram of a transport. Sixteen are kept for a second.
public final class PartsFuzzer {
    private static final long MILLI = 1_000_000;
    private static final int MOST_STEPS = 300;

    private PartsFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        long now = input.moment();
        var sender = new Parts();
        var receiver = new Parts();
        List<byte[]> flying = new ArrayList<>();
        Map<Integer, byte[]> sent = new HashMap<>();
        boolean honest = true;
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            ByteBuffer whole = null;
            switch (input.choice(5)) {
                case 0, 1 -> cut(sender, input, sent, flying);
                case 2 -> {
                    if (!flying.isEmpty()) {
                        int which = input.octet();
                        byte[] part = flying.get(which % flying.size());
                        if (which < 128) {
                            flying.remove(part);
                        }
                        whole = receiver.take(part, 0, part.length, now);
                    }
                }
                case 3 -> {
                    honest = false;
                    byte[] part = input.bytes(4 + input.octet());
                    whole = receiver.take(part, 0, part.length, now);
                }
                default -> now += input.octet() * 10 * MILLI;
            }
            if (whole != null) {
                check(whole, honest, sent);
            }
        }
    }

    private static void cut(
            Parts sender, Input input, Map<Integer, byte[]> sent, List<byte[]> flying) {
        byte[] datagram = new byte[1 + input.pair() % Wire.MOST_TRANSPORT_DATAGRAM];
        Arrays.fill(datagram, (byte) sent.size());
        datagram[0] = (byte) (sent.size() >> 8);
        sent.put(sent.size(), datagram);
        int most = 516 + input.octet();
        if (!sender.cut(datagram, 0, datagram.length, most)) {
            throw new AssertionError("does not fit in four parts");
        }
        while (sender.hasNext()) {
            byte[] part = new byte[2048];
            int length = sender.next(part, 0);
            if (length > most) {
                throw new AssertionError("%d bytes, not %d".formatted(length, most));
            }
            flying.add(Arrays.copyOf(part, length));
        }
    }

    private static void check(ByteBuffer whole, boolean honest, Map<Integer, byte[]> sent) {
        if (whole.remaining() > Wire.MOST_TRANSPORT_DATAGRAM) {
            throw new AssertionError("%d bytes".formatted(whole.remaining()));
        }
        byte[] bytes = new byte[whole.remaining()];
        whole.get(bytes);
        if (honest && sent.values().stream().noneMatch(each -> Arrays.equals(each, bytes))) {
            throw new AssertionError("a datagram that nobody sent");
        }
    }
}
