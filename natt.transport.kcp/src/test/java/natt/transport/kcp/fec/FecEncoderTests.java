package natt.transport.kcp.fec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;

class FecEncoderTests {

    private static final int LIMIT = 1400;

    private final FecEncoder encoder = new FecEncoder(LIMIT);

    @Test // Each parity byte is the factor of one data shard, as klauspost/reedsolomon has it.
    void unitShardsShowTheMatrixOfTheReferenceImplementation() {
        int[] sums = new int[10];
        for (int i = 0; i < 10; i++) {
            byte[] unit = new byte[10];
            unit[i] = 1;
            ReedSolomon.addData(sums, i, unit, unit.length);
        }
        assertEquals("8196afb8d2c4fee80302", parity(sums, 0));
        assertEquals("9681b8afc4d2e8fe0203", parity(sums, 1));
        assertEquals("bfd6620a066fdfb70504", parity(sums, 2));
    }

    @Test
    void packetsEqualThoseOfKcpGo() {
        var made = new ArrayList<byte[]>();
        for (byte[] packet : KcpGoVectors.GROUP.subList(0, 10)) {
            made.add(seal(encoder, Arrays.copyOfRange(packet, 8, packet.length)));
        }
        made.addAll(pollAll(encoder));
        assertEquals(13, made.size());
        for (int i = 0; i < 13; i++) {
            assertArrayEquals(KcpGoVectors.GROUP.get(i), made.get(i), "packet " + i);
        }
    }

    @Test // The checksums are of parity that klauspost/reedsolomon computed.
    void fullPacketsOfUnequalLengthsHaveTheParityOfTheReferenceImplementation() {
        for (int i = 0; i < 10; i++) {
            byte[] kcp = new byte[LIMIT - 100 * i];
            for (int k = 0; k < kcp.length; k++) {
                kcp[k] = (byte) (i * 167 + k * k * 13 + k * i);
            }
            seal(encoder, kcp);
        }
        var checksums = pollAll(encoder).stream().map(FecEncoderTests::shardChecksum).toList();
        assertEquals(List.of("4e60225d", "93d25d5f", "f2724b52"), checksums);
    }

    @Test
    void sealKeepsPositionLimitAndByteOrderAndWorksInDirectMemory() {
        var packet = ByteBuffer.allocateDirect(64).position(7).limit(7 + 8 + 24);
        encoder.seal(packet);
        assertEquals(7, packet.position());
        assertEquals(39, packet.limit());
        assertEquals(ByteOrder.BIG_ENDIAN, packet.order());
        packet.order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, packet.getInt(7));
        assertEquals(0xf1, packet.getShort(11));
        assertEquals(26, packet.getShort(13));
    }

    @Test
    void parityIsThereExactlyAfterEveryTenthPacket() {
        for (int packet = 1; packet <= 40; packet++) {
            seal(encoder, new byte[30]);
            assertEquals(packet % 10 == 0, encoder.hasParity());
            assertEquals(packet % 10 == 0 ? 3 : 0, pollAll(encoder).size());
        }
    }

    @Test
    void aLongGroupLeavesNothingInTheParityOfAShorterOne() {
        for (int i = 0; i < 10; i++) {
            byte[] kcp = new byte[LIMIT];
            Arrays.fill(kcp, (byte) (i + 1));
            seal(encoder, kcp);
        }
        assertTrue(pollAll(encoder).stream().allMatch(parity -> parity.length == 1408));
        var fresh = new FecEncoder(LIMIT, 1);
        for (int i = 0; i < 10; i++) {
            byte[] kcp = {(byte) i, 5, 6};
            assertArrayEquals(seal(fresh, kcp), seal(encoder, kcp));
        }
        var expected = pollAll(fresh);
        var actual = pollAll(encoder);
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    @Test
    void withoutParityTheSeqidJumpsByThreeAfterEachGroup() {
        encoder.sendParity(false);
        var seqids = new ArrayList<Integer>();
        for (int i = 0; i < 22; i++) {
            seqids.add(seqid(seal(encoder, new byte[30])));
            assertFalse(encoder.hasParity());
        }
        assertEquals(
                List.of(
                        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 26,
                        27),
                seqids);
    }

    @Test
    void parityNotPolledBeforeTheNextPacketIsGivenUp() {
        for (int i = 0; i < 10; i++) {
            seal(encoder, new byte[30]);
        }
        encoder.pollParity(ByteBuffer.allocate(2000));
        assertEquals(13, seqid(seal(encoder, new byte[30])));
        assertFalse(encoder.hasParity());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 9})
    void aGroupDuringWhichParityWasOffHasNone(int switchedAt) {
        for (int i = 0; i < 10; i++) {
            if (i == switchedAt) {
                encoder.sendParity(false);
                encoder.sendParity(true);
            }
            seal(encoder, new byte[30]);
        }
        assertFalse(encoder.hasParity());
        for (int i = 0; i < 10; i++) {
            seal(encoder, new byte[30]);
        }
        assertEquals(
                List.of(23, 24, 25),
                pollAll(encoder).stream().map(FecEncoderTests::seqid).toList());
    }

    @Test
    void seqidsWrapAfterTheLastWholeGroup() {
        var last = new FecEncoder(LIMIT, FecHeader.GROUPS - 1);
        var seqids = new ArrayList<Long>();
        for (int i = 0; i < 11; i++) {
            seqids.add(Integer.toUnsignedLong(seqid(seal(last, new byte[30]))));
            for (byte[] parity : pollAll(last)) {
                seqids.add(Integer.toUnsignedLong(seqid(parity)));
            }
        }
        long end = 0xffff_ffffL / 13 * 13;
        for (int i = 0; i < 13; i++) {
            assertEquals(end - 13 + i, seqids.get(i));
        }
        assertEquals(0, seqids.get(13));
    }

    @Test
    void callersWhoBreakTheContractAreTold() {
        var empty = ByteBuffer.allocate(8);
        assertThrows(IllegalArgumentException.class, () -> encoder.seal(empty));
        var tooLong = ByteBuffer.allocate(8 + LIMIT + 1);
        assertThrows(IllegalArgumentException.class, () -> encoder.seal(tooLong));
        assertThrows(IllegalStateException.class, () -> encoder.pollParity(tooLong));
        assertThrows(IllegalArgumentException.class, () -> new FecEncoder(0));
        assertThrows(IllegalArgumentException.class, () -> new FecEncoder(65_534));
        assertEquals(0, seqid(seal(encoder, new byte[30])), "a refused packet takes no seqid");
        for (int i = 1; i < 10; i++) {
            seal(encoder, new byte[30]);
        }
        var tooSmall = ByteBuffer.allocate(37);
        assertThrows(IllegalArgumentException.class, () -> encoder.pollParity(tooSmall));
        assertEquals(3, pollAll(encoder).size());
    }

    static byte[] seal(FecEncoder encoder, byte[] kcp) {
        byte[] packet = new byte[FecEncoder.HEADER_LENGTH + kcp.length];
        System.arraycopy(kcp, 0, packet, FecEncoder.HEADER_LENGTH, kcp.length);
        encoder.seal(ByteBuffer.wrap(packet));
        return packet;
    }

    static List<byte[]> pollAll(FecEncoder encoder) {
        var polled = new ArrayList<byte[]>();
        var into = ByteBuffer.allocate(1600);
        while (encoder.hasParity()) {
            encoder.pollParity(into.clear());
            polled.add(Arrays.copyOf(into.array(), into.position()));
        }
        return polled;
    }

    private static int seqid(byte[] packet) {
        return ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    private static String parity(int[] sums, int index) {
        byte[] shard = new byte[sums.length];
        ReedSolomon.parity(sums, index, shard, shard.length);
        return HexFormat.of().formatHex(shard);
    }

    private static String shardChecksum(byte[] packet) {
        var crc = new CRC32();
        crc.update(packet, 6, packet.length - 6);
        return "%08x".formatted(crc.getValue());
    }
}
