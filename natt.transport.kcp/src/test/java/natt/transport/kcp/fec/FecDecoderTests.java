package natt.transport.kcp.fec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

class FecDecoderTests {

    private static final int LIMIT = 1492;

    private final Random random = new Random(4711);
    private final FecDecoder decoder = new FecDecoder(LIMIT);
    private final List<byte[]> recovered = new ArrayList<>();

    @Test
    void everyErasureThatLeavesTenPacketsOfKcpGoIsRecovered() {
        int patterns = 0;
        int packets = 0;
        for (int lost = 0; lost < 1 << 13; lost++) {
            if (Integer.bitCount(lost) > 3) {
                continue;
            }
            var fresh = new FecDecoder(LIMIT);
            recovered.clear();
            for (int i = 0; i < 13; i++) {
                if ((lost >> i & 1) == 0) {
                    accept(fresh, KcpGoVectors.GROUP.get(i));
                }
            }
            assertRecovered(kcpBytes(KcpGoVectors.GROUP, lost & 0x3ff));
            packets += recovered.size();
            assertEquals(recovered.size(), fresh.recovered());
            patterns++;
        }
        assertEquals(1 + 13 + 78 + 286, patterns);
        assertEquals(10 + 10 * 12 + 10 * 66, packets);
    }

    @Test
    void nineOfThirteenRecoverNothing() {
        for (int i = 4; i < 13; i++) {
            accept(KcpGoVectors.GROUP.get(i));
        }
        assertRecovered(List.of());
        assertEquals(3, decoder.parityReceived());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1368, 1392, 1400, 1492})
    void packetsOfAnySizeAreRecoveredInAnyOrder(int longest) {
        var encoder = new FecEncoder(longest);
        long expected = 0;
        for (int round = 0; round < 50; round++) {
            var group = group(encoder, longest);
            var order = new ArrayList<>(group);
            Collections.shuffle(order, random);
            recovered.clear();
            order.subList(0, 10).forEach(this::accept);
            int missing = 0;
            for (int i = 0; i < 10; i++) {
                if (!order.subList(0, 10).contains(group.get(i))) {
                    missing |= 1 << i;
                }
            }
            assertRecovered(kcpBytes(group, missing));
            expected += Integer.bitCount(missing);
            order.subList(10, 13).forEach(this::accept);
            assertEquals(expected, decoder.recovered(), "the rest of the group adds nothing");
        }
        assertEquals(150, decoder.parityReceived());
        assertEquals(0, decoder.malformed());
    }

    @Test
    void duplicatesCountOnce() {
        for (int i = 1; i < 10; i++) {
            accept(KcpGoVectors.GROUP.get(i));
            accept(KcpGoVectors.GROUP.get(i));
        }
        assertRecovered(List.of());
        accept(KcpGoVectors.GROUP.get(11));
        accept(KcpGoVectors.GROUP.get(11));
        accept(KcpGoVectors.GROUP.get(0));
        assertRecovered(kcpBytes(KcpGoVectors.GROUP, 1));
        assertEquals(2, decoder.parityReceived());
    }

    @Test
    void packetsOfFourGroupsMayComeInAnyOrder() {
        var encoder = new FecEncoder(1400);
        var lost = new ArrayList<byte[]>();
        for (int round = 0; round < 20; round++) {
            var packets = new ArrayList<byte[]>();
            for (int i = 0; i < 4; i++) {
                packets.addAll(withoutThree(group(encoder, 1400), lost));
            }
            Collections.shuffle(packets, random);
            packets.forEach(this::accept);
        }
        assertEquals(asSet(lost), asSet(recovered));
        assertEquals(240, decoder.recovered());
    }

    @Test
    void dataOfTwelveGroupsMayBeMixed() {
        var encoder = new FecEncoder(1400);
        var data = new ArrayList<byte[]>();
        var parity = new ArrayList<byte[]>();
        var lost = new ArrayList<byte[]>();
        for (int i = 0; i < 12; i++) {
            var group = withoutThree(group(encoder, 1400), lost);
            data.addAll(group.subList(0, 7));
            parity.addAll(group.subList(7, 10));
        }
        Collections.shuffle(data, random);
        Collections.shuffle(parity, random);
        data.forEach(this::accept);
        parity.forEach(this::accept);
        assertEquals(asSet(lost), asSet(recovered));
        assertEquals(36, decoder.recovered());
    }

    @Test
    void groupsOnBothSidesOfTheWrapAreRecovered() {
        var encoder = new FecEncoder(1400, FecHeader.GROUPS - 2);
        var lost = new ArrayList<byte[]>();
        for (int i = 0; i < 4; i++) {
            var group = group(encoder, 1400);
            lost.addAll(kcpBytes(group, 0b1000000011));
            group.subList(2, 9).forEach(this::accept);
            group.subList(10, 13).forEach(this::accept);
        }
        assertRecovered(lost);
        assertEquals(12, decoder.recovered());
    }

    @Test
    void groupsWithoutParityAndGapsOfManyGroupsDoNoHarm() {
        var encoder = new FecEncoder(1400);
        encoder.sendParity(false);
        for (int i = 0; i < 40; i++) {
            group(encoder, 1400).subList(1, 10).forEach(this::accept);
        }
        for (int i = 0; i < 1000; i++) {
            group(encoder, 8);
        }
        encoder.sendParity(true);
        var group = group(encoder, 1400);
        group.subList(1, 11).forEach(this::accept);
        assertRecovered(kcpBytes(group, 1));
    }

    @Test
    void aForgedFarAwayPacketBetweenAnyTwoRealOnesChangesNothing() {
        var encoder = new FecEncoder(1400);
        for (int i = 0; i < 20; i++) {
            var group = group(encoder, 1400);
            recovered.clear();
            for (byte[] packet : group.subList(1, 11)) {
                for (int k = 0; k < 11; k++) {
                    accept(forged(random.nextInt(FecHeader.GROUPS), random.nextInt(10), 100));
                }
                accept(packet);
            }
            assertRecovered(kcpBytes(group, 1));
        }
    }

    @Test
    void anyNumberOfForgedParityPacketsLeavesGroupsWithDataAlone() {
        var encoder = new FecEncoder(1400);
        var group = group(encoder, 1400);
        for (byte[] packet : group.subList(1, 11)) {
            for (int k = 0; k < 500; k++) {
                accept(forged(1 + random.nextInt(FecHeader.GROUPS - 1), 10, 100));
            }
            accept(packet);
        }
        assertRecovered(kcpBytes(group, 1));
    }

    @Test
    void afterAFloodTheNextGroupIsRecoveredAtOnce() {
        var encoder = new FecEncoder(1400);
        for (int i = 0; i < 100_000; i++) {
            accept(forged(random.nextInt(FecHeader.GROUPS), random.nextInt(13), 60));
        }
        recovered.clear();
        var group = group(encoder, 1400);
        group.subList(3, 13).forEach(this::accept);
        assertRecovered(kcpBytes(group, 0b111));
    }

    @Test
    void whatAForgedPacketSpoiledIsDroppedAndCounted() {
        accept(forged(0, 12, 33));
        KcpGoVectors.GROUP.subList(1, 10).forEach(this::accept);
        assertRecovered(List.of());
        assertEquals(1, decoder.malformed());
        assertEquals(0, decoder.recovered());
    }

    @Test
    void packetsThatNoEncoderMakesAreCountedAndDropped() {
        byte[] good = KcpGoVectors.GROUP.get(0);
        var bad = new ArrayList<byte[]>();
        for (int length = 0; length <= 8; length++) {
            bad.add(Arrays.copyOf(good, length));
        }
        bad.add(Arrays.copyOf(good, good.length - 1)); // the size field says more
        bad.add(Arrays.copyOf(good, good.length + 1)); // and less
        bad.add(header(good, 0, 0xf2)); // parity in a data place
        bad.add(header(good, 10, 0xf1)); // data in a parity place
        bad.add(header(good, 0, 0xf3));
        bad.add(header(good, 0, 0x1f1));
        bad.add(header(good, 0xffff_fff7, 0xf1)); // past the last whole group
        bad.add(header(good, -1, 0xf1));
        bad.add(header(new byte[8 + LIMIT + 1], 10, 0xf2));
        bad.forEach(this::accept);
        assertEquals(bad.size(), decoder.malformed());
        assertEquals(0, decoder.parityReceived());
    }

    @Test
    void randomBytesNeverRaiseAnException() {
        int delivered = 0;
        for (int i = 0; i < 300_000; i++) {
            byte[] packet = new byte[random.nextInt(80)];
            random.nextBytes(packet);
            if (packet.length >= 8) {
                packet[1] = packet[2] = packet[3] = packet[5] = 0;
                packet[4] = (byte) (random.nextBoolean() ? 0xf1 : 0xf2);
                packet[6] = (byte) (packet.length - 6);
                packet[7] = 0;
            }
            accept(packet);
            for (byte[] kcp : recovered) {
                assertTrue(kcp.length >= 1 && kcp.length <= 72);
                delivered++;
            }
            recovered.clear();
        }
        assertEquals(delivered, decoder.recovered());
        assertTrue(decoder.malformed() > 0);
    }

    @Test
    void acceptLeavesPositionAndLimitAndTakesDirectMemory() {
        var memory = ByteBuffer.allocateDirect(100);
        for (int i = 1; i < 11; i++) {
            byte[] packet = KcpGoVectors.GROUP.get(i);
            memory.clear().position(3).put(packet).flip().position(3);
            decoder.accept(memory, this::keep);
            assertEquals(3, memory.position());
            assertEquals(3 + packet.length, memory.limit());
        }
        assertRecovered(kcpBytes(KcpGoVectors.GROUP, 1));
    }

    @Test
    void senselessLimitsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FecDecoder(0));
        assertThrows(IllegalArgumentException.class, () -> new FecDecoder(65_534));
    }

    private void accept(byte[] packet) {
        accept(decoder, packet);
    }

    private void accept(FecDecoder by, byte[] packet) {
        by.accept(ByteBuffer.wrap(packet), this::keep);
    }

    private void keep(ByteBuffer kcpBytes) {
        byte[] copy = new byte[kcpBytes.remaining()];
        kcpBytes.get(copy);
        recovered.add(copy);
    }

    private void assertRecovered(List<byte[]> expected) {
        assertEquals(expected.size(), recovered.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), recovered.get(i));
        }
    }

    /// Makes a group of packets with random bytes, the longest being as long as said, followed
    /// by its parity if that is on.
    private List<byte[]> group(FecEncoder encoder, int longest) {
        var packets = new ArrayList<byte[]>();
        int full = random.nextInt(10);
        for (int i = 0; i < 10; i++) {
            byte[] kcp = new byte[i == full ? longest : 1 + random.nextInt(longest)];
            random.nextBytes(kcp);
            packets.add(FecEncoderTests.seal(encoder, kcp));
        }
        packets.addAll(FecEncoderTests.pollAll(encoder));
        return packets;
    }

    /// Takes three data packets out of a group and adds what they carried to the lost.
    private static List<byte[]> withoutThree(List<byte[]> group, List<byte[]> lost) {
        lost.addAll(kcpBytes(group, 0b0000100101));
        var rest = new ArrayList<>(group);
        rest.removeAll(List.of(group.get(0), group.get(2), group.get(5)));
        return rest;
    }

    /// The KCP bytes of the packets whose bits are set.
    private static List<byte[]> kcpBytes(List<byte[]> group, int set) {
        var bytes = new ArrayList<byte[]>();
        for (int i = 0; i < 10; i++) {
            if ((set >> i & 1) != 0) {
                bytes.add(Arrays.copyOfRange(group.get(i), 8, group.get(i).length));
            }
        }
        return bytes;
    }

    private static Set<List<Byte>> asSet(List<byte[]> packets) {
        var set = new HashSet<List<Byte>>();
        for (byte[] packet : packets) {
            var bytes = new ArrayList<Byte>();
            for (byte b : packet) {
                bytes.add(b);
            }
            set.add(bytes);
        }
        return set;
    }

    private byte[] forged(int group, int index, int length) {
        byte[] packet = new byte[length];
        random.nextBytes(packet);
        var out = ByteBuffer.wrap(header(packet, group * 13 + index, index < 10 ? 0xf1 : 0xf2));
        if (index < 10) {
            out.order(ByteOrder.LITTLE_ENDIAN).putShort(6, (short) (length - 6));
        }
        return out.array();
    }

    private static byte[] header(byte[] packet, int seqid, int type) {
        byte[] copy = packet.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(seqid).putShort((short) type);
        return copy;
    }
}
