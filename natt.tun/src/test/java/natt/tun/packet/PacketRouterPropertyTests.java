package natt.tun.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

class PacketRouterPropertyTests {
    private static final int PACKETS = 40_000;

    private static final List<String> ADDRESSES =
            List.of(
                    "10.10.0.1",
                    "10.10.0.2",
                    "10.10.0.3",
                    "10.10.0.4",
                    "192.168.7.9",
                    "0.0.0.0",
                    "127.0.0.1",
                    "224.0.0.1",
                    "255.255.255.255",
                    "10.10.0.255",
                    "169.254.0.1",
                    "fd00::1",
                    "fd00::2",
                    "fd00::3",
                    "fd00::4",
                    "::",
                    "::1",
                    "fe80::2",
                    "ff02::1");

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void nothingThatAPeerSendsThrowsAndNothingSpoofedPasses(long seed) throws UnknownHostException {
        var random = new Random(seed);
        var world = new RouterWorld(random.nextBoolean());
        for (int i = 0; i < PACKETS; i++) {
            world.fromPeer(world.a, packet(random));
        }
        var out = new ArrayList<>(world.written);
        out.addAll(world.b.sent);
        assertTrue(out.size() > 100, "some of them are right: " + out.size());
        for (String each : out) {
            ByteBuffer packet = Packets.hex(each);
            assertTrue(isOfA(address(packet, true)), each);
            assertEquals(packet.limit(), length(packet));
        }
        long dropped = world.router.dropped().values().stream().mapToLong(Long::longValue).sum();
        assertEquals(
                PACKETS,
                dropped
                        + world.router.passed().get("toDevice")
                        + world.router.passed().get("forwarded"));
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void nothingThatTheDeviceSendsThrowsAndErrorsAreRight(long seed) throws UnknownHostException {
        var random = new Random(seed);
        var world = new RouterWorld();
        world.a.size = 600;
        world.b.up = false;
        for (int i = 0; i < PACKETS; i++) {
            world.fromDevice(packet(random));
            world.nowNanos += 50_000_000;
        }
        assertTrue(world.a.sent.size() > 100);
        assertTrue(world.written.size() > 100);
        for (String each : world.a.sent) {
            assertTrue(isOfA(address(Packets.hex(each), false)), each);
        }
        for (String each : world.written) {
            ByteBuffer error = Packets.hex(each);
            boolean six = error.get(0) >> 4 == 6;
            int length = error.limit();
            assertEquals(length, length(error));
            assertTrue(
                    six
                            ? Packets.isRight(length - 40 + 58, error, 8, length)
                            : Packets.isRight(0, error, 0, 20)
                                    && Packets.isRight(0, error, 20, length),
                    each);
        }
    }

    /// Anything, but often something that is nearly right.
    private static ByteBuffer packet(Random random) {
        int length = random.nextInt(10) == 0 ? random.nextInt(1600) : random.nextInt(140);
        if (random.nextInt(4) == 0) {
            var bytes = new byte[length];
            random.nextBytes(bytes);
            return ByteBuffer.wrap(bytes);
        }
        String from = ADDRESSES.get(random.nextInt(ADDRESSES.size()));
        boolean six = from.contains(":");
        List<String> same = ADDRESSES.stream().filter(each -> each.contains(":") == six).toList();
        String to = same.get(random.nextInt(same.size()));
        ByteBuffer packet = Packets.udp(from, to, Math.max(length, 40));
        if (random.nextBoolean()) {
            packet.put(six ? 6 : 9, (byte) random.nextInt(64));
        }
        if (packet.limit() > 40) {
            packet.put(40, (byte) random.nextInt(64));
        }
        if (random.nextInt(3) == 0) {
            packet.put(random.nextInt(Math.min(44, packet.limit())), (byte) random.nextInt(256));
        }
        return packet;
    }

    private static boolean isOfA(String address) {
        return Set.of("10.10.0.2", "fd00:0:0:0:0:0:0:2").contains(address)
                || address.startsWith("192.168.7.");
    }

    private static int length(ByteBuffer packet) {
        boolean six = packet.get(0) >> 4 == 6;
        return six ? 40 + packet.getShort(4) : packet.getShort(2);
    }

    private static String address(ByteBuffer packet, boolean source) throws UnknownHostException {
        boolean six = packet.get(0) >> 4 == 6;
        int at = six ? source ? 8 : 24 : source ? 12 : 16;
        byte[] bytes = Arrays.copyOfRange(packet.array(), at, at + (six ? 16 : 4));
        return InetAddress.getByAddress(bytes).getHostAddress();
    }
}
