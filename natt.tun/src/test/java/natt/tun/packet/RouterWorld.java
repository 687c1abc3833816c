package natt.tun.packet;

import natt.core.keys.AddressPrefix;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// A router whose device is 10.10.0.1/24 and fd00::1/64, with the peer a, which owns 10.10.0.2,
/// fd00::2 and 192.168.7.0/24, and the peer b, which owns 10.10.0.3 and fd00::3.
final class RouterWorld {
    /// A far end that keeps what it is sent.
    static final class Peer implements FarEnd {
        final List<String> sent = new ArrayList<>();
        boolean up = true;
        boolean takes = true;
        int size = 1400;
        boolean sizeIsFinal = true;

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
            return sizeIsFinal;
        }

        @Override
        public boolean send(ByteBuffer packet, long nowNanos) {
            if (takes) {
                sent.add(Packets.hex(packet));
            }
            return takes;
        }
    }

    static final int MTU = 1420;
    static final int WIDEST = 1440;
    static final int OWN_PORT = 41_000;

    final Peer a = new Peer();
    final Peer b = new Peer();
    final List<String> written = new ArrayList<>();
    boolean deviceTakes = true;
    long nowNanos = Long.MAX_VALUE - 5_000_000_000L;
    final PacketRouter router;

    RouterWorld() {
        this(false);
    }

    RouterWorld(boolean forward) {
        this(forward, "10.10.0.1/24", "fd00::1/64");
    }

    RouterWorld(boolean forward, String... locals) {
        AllowedIps<FarEnd> allowed =
                AllowedIps.<FarEnd>builder()
                        .add(AddressPrefix.parse("10.10.0.2"), a)
                        .add(AddressPrefix.parse("fd00::2"), a)
                        .add(AddressPrefix.parse("fe80::2"), a)
                        .add(AddressPrefix.parse("192.168.7.0/24"), a)
                        .add(AddressPrefix.parse("10.10.0.3"), b)
                        .add(AddressPrefix.parse("fd00::3"), b)
                        .build();
        router =
                new PacketRouter(
                        new PacketRouter.Config(
                                List.of(locals).stream().map(LocalAddress::parse).toList(),
                                MTU,
                                WIDEST,
                                forward,
                                OWN_PORT),
                        allowed,
                        this::write);
    }

    private boolean write(ByteBuffer packet) {
        if (deviceTakes) {
            written.add(Packets.hex(packet));
        }
        return deviceTakes;
    }

    void fromDevice(ByteBuffer packet) {
        router.fromDevice(packet, nowNanos);
    }

    void fromPeer(Peer peer, ByteBuffer packet) {
        router.fromPeer(peer, packet, nowNanos);
    }

    /// What was counted, without zeros.
    SortedMap<String, Long> counted() {
        var counted = new TreeMap<String, Long>();
        counted.putAll(router.passed());
        counted.putAll(router.dropped());
        counted.values().removeIf(each -> each == 0);
        return counted;
    }
}
