package natt.core.session;

import natt.tests.fuzz.Input;

import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;

/// Whatever a peer answers, and when: sizes stay between the least and what the peer takes, a size
/// above the first was asked for, and no deadline stays due. The input: the family, what the peer
/// takes, then operations.
public final class PathMtuFuzzer {
    private static final long MILLI = 1_000_000;
    private static final int LEAST = 548;
    private static final int MOST_STEPS = 500;

    private PathMtuFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        long now = input.moment();
        boolean ipv6 = input.flag();
        int takes = input.pair();
        var mtu = new PathMtu(new InetSocketAddress(ipv6 ? "2001:db8::1" : "192.0.2.1", 1), takes);
        int most = Math.clamp(takes, LEAST, ipv6 ? 1452 : 1472);
        Set<Integer> asked = new HashSet<>();
        int probes = 0;
        int last = 0;
        for (int step = 0; step < MOST_STEPS && !input.isEmpty(); step++) {
            switch (input.choice(6)) {
                case 0 -> mtu.sent(input.flag() ? mtu.size() : input.pair() % 1473, now);
                case 1 -> mtu.answered(input.pair(), now);
                case 2 -> mtu.answered(last, now);
                case 3 -> now += input.octet() * 10 * MILLI;
                case 4 -> now += input.octet() * 1000 * MILLI;
                default -> {
                    long left = mtu.nanosUntilTimeout(now);
                    now += left == Long.MAX_VALUE ? 0 : Math.max(0, left);
                }
            }
            for (int turn = 0; turn < 2; turn++) {
                mtu.handleTimeout(now - input.octet() * MILLI, now);
                for (int probe; (probe = mtu.pollProbe(input.octet() * MILLI, now)) != 0; ) {
                    if (probe < LEAST || probe > most || ++probes > 4 * MOST_STEPS) {
                        throw new AssertionError("asks for " + probe);
                    }
                    asked.add(probe);
                    last = probe;
                }
            }
            if (mtu.nanosUntilTimeout(now) <= 0) {
                throw new AssertionError("a deadline stays due");
            }
            if (mtu.size() < LEAST || mtu.size() > most) {
                throw new AssertionError("sends %d bytes".formatted(mtu.size()));
            }
        }
    }
}
