package natt.tun.packet;

import natt.core.keys.AddressPrefix;
import natt.tests.fuzz.Input;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/// Whatever a device or a peer sends, nothing throws; what goes to the device is a packet of one of
/// the peer's addresses, or an error of ICMP; what goes to a peer is whole.
///
/// The input: one byte of configuration, then packets, each with a byte of who sends it, two of its
/// length, and its bytes.
public final class PacketRouterFuzzer {
    private static final int WIDEST = 1472;

    private PacketRouterFuzzer() {}

    private static final class Peer implements FarEnd {
        private final boolean up;
        private final int size;

        Peer(boolean up, int size) {
            this.up = up;
            this.size = size;
        }

        @Override
        public boolean isUp() {
            return up;
        }

        @Override
        public int packetSize() {
            return size;
        }

        @Override
        public boolean packetSizeIsFinal() {
            return size < 1400;
        }

        @Override
        public boolean send(ByteBuffer packet, long nowNanos) {
            require(packet.remaining() <= WIDEST, "too wide for parts");
            require(new IpPacket().read(packet), "not whole");
            return up;
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    public static void fuzzerTestOneInput(byte[] bytes) throws UnknownHostException {
        var input = new Input(bytes);
        int flags = input.octet();
        var a = new Peer(true, (flags & 1) != 0 ? 500 : 1400);
        var b = new Peer((flags & 2) != 0, 1300);
        var fromDevice = new boolean[1];
        AllowedIps<FarEnd> allowed =
                AllowedIps.<FarEnd>builder()
                        .add(AddressPrefix.parse("10.0.0.2"), a)
                        .add(AddressPrefix.parse("10.2.0.0/16"), a)
                        .add(AddressPrefix.parse("fd00::2"), a)
                        .add(AddressPrefix.parse("10.0.0.3"), b)
                        .add(AddressPrefix.parse("::/0"), b)
                        .build();
        var router =
                new PacketRouter(
                        new PacketRouter.Config(
                                List.of(
                                        LocalAddress.parse("10.0.0.1/24"),
                                        LocalAddress.parse("fd00::1/64")),
                                1420,
                                WIDEST,
                                (flags & 4) != 0,
                                41_000),
                        allowed,
                        packet -> {
                            require(fromDevice[0] || isOfA(packet), "spoofed");
                            return true;
                        });
        for (long now = 0; !input.isEmpty(); now += 20_000_000) {
            fromDevice[0] = input.flag();
            var packet = ByteBuffer.wrap(input.bytes(input.pair()));
            if (fromDevice[0]) {
                router.fromDevice(packet, now);
            } else {
                router.fromPeer(a, packet, now);
            }
        }
    }

    private static boolean isOfA(ByteBuffer packet) {
        boolean six = packet.get(packet.position()) >> 4 == 6;
        var source = new byte[six ? 16 : 4];
        packet.get(packet.position() + (six ? 8 : 12), source);
        try {
            return six
                    ? Arrays.equals(source, InetAddress.ofLiteral("fd00::2").getAddress())
                    : source[0] == 10
                            && (source[1] == 2
                                    || Arrays.equals(
                                            source,
                                            InetAddress.getByAddress(new byte[] {10, 0, 0, 2})
                                                    .getAddress()));
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
