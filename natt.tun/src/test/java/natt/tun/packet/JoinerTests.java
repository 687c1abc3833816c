package natt.tun.packet;

import static natt.tun.packet.Packets.hex;
import static natt.tun.packet.Tcp.ACK;
import static natt.tun.packet.Tcp.CWR;
import static natt.tun.packet.Tcp.ECE;
import static natt.tun.packet.Tcp.FIN;
import static natt.tun.packet.Tcp.PSH;
import static natt.tun.packet.Tcp.RST;
import static natt.tun.packet.Tcp.SYN;
import static natt.tun.packet.Tcp.TIMESTAMP;
import static natt.tun.packet.Tcp.URG;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

class JoinerTests {
    private static final String DONE = "00000000000000000000";

    private final List<String> written = new ArrayList<>();

    /// What the kernel sends on if it cuts what it has got.
    private final List<String> cut = new ArrayList<>();

    private final Splitter kernel = new Splitter((packet, _) -> cut.add(hex(packet)));
    private boolean takes = true;

    private final Joiner joiner =
            new Joiner(
                    (offload, packet) -> {
                        written.add(hex(offload) + " " + hex(packet));
                        var read = ByteBuffer.allocate(offload.remaining() + packet.remaining());
                        kernel.take(read.put(offload).put(packet.duplicate()).clear(), 0);
                        return takes;
                    });

    private static ByteBuffer unchanged(ByteBuffer packet) {
        var read = ByteBuffer.allocate(10 + packet.remaining());
        return read.position(10).put(packet.duplicate()).clear();
    }

    private static String alone(Tcp packet) {
        return DONE + " " + hex(packet.packet());
    }

    private static String joined(Tcp whole, int size) {
        ByteBuffer all = whole.whole(size);
        all.putShort(2, Short.reverseBytes((short) whole.headers()));
        String text = hex(all);
        return text.substring(0, 20) + " " + text.substring(20);
    }

    private void take(Tcp... packets) {
        for (Tcp each : packets) {
            assertTrue(joiner.take(each.packet()));
        }
    }

    private static Tcp part(int number) {
        return new Tcp()
                .sequence(5000 + 10 * number)
                .identification(0x100 + number)
                .payload(10, 10 * number);
    }

    @Test
    void packetsThatFollowEachOtherAreOne() {
        take(part(0), part(1), part(2));
        assertEquals(List.of(), written);
        assertTrue(joiner.isWaiting());
        joiner.flush();
        assertFalse(joiner.isWaiting());
        assertEquals(List.of(joined(new Tcp().payload(30, 0), 10)), written);
        assertEquals(2, joiner.joined());
        joiner.flush();
        assertEquals(1, written.size());
    }

    @Test
    void ipv6AndTimestampsAreNoHindrance() {
        Tcp first = Tcp.ipv6().options(TIMESTAMP).sequence(-5).payload(10, 0);
        Tcp second = Tcp.ipv6().options(TIMESTAMP).sequence(5).payload(10, 10);
        take(first, second);
        joiner.flush();
        Tcp whole = Tcp.ipv6().options(TIMESTAMP).sequence(-5).payload(20, 0);
        assertEquals(List.of(joined(whole, 10)), written);
    }

    @Test
    void oneAloneIsWrittenAsItWas() {
        take(part(0));
        joiner.flush();
        assertEquals(List.of(alone(part(0))), written);
        assertEquals(0, joiner.joined());
    }

    @Test
    void aPushIsTheLastAndGoesAtOnce() {
        take(part(0), part(1).flags(ACK | PSH));
        assertFalse(joiner.isWaiting());
        assertEquals(List.of(joined(new Tcp().flags(ACK | PSH).payload(20, 0), 10)), written);
        take(part(2).flags(ACK | PSH));
        assertFalse(joiner.isWaiting());
        assertEquals(alone(part(2).flags(ACK | PSH)), written.getLast());
    }

    @Test
    void aShorterOneIsTheLast() {
        take(part(0), part(1), part(2).payload(9, 20));
        assertFalse(joiner.isWaiting());
        assertEquals(List.of(joined(new Tcp().payload(29, 0), 10)), written);
    }

    @Test
    void aLongerOneBeginsAnew() {
        take(part(0), part(1).payload(11, 10));
        assertEquals(List.of(alone(part(0))), written);
        joiner.flush();
        assertEquals(alone(part(1).payload(11, 10)), written.getLast());
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                ACK | FIN,
                ACK | SYN,
                ACK | RST,
                RST,
                ACK | URG,
                ACK | ECE,
                ACK | CWR,
                ACK | PSH | FIN,
                PSH,
                0
            })
    void whateverElseIsMarkedGoesAloneAfterWhatWaits(int flags) {
        take(part(0), part(1), part(2).flags(flags));
        assertFalse(joiner.isWaiting());
        assertEquals(
                List.of(joined(new Tcp().payload(20, 0), 10), alone(part(2).flags(flags))),
                written);
    }

    @Test
    void anAcknowledgementWithoutDataGoesAloneAfterWhatWaits() {
        Tcp empty = part(1).payload();
        take(part(0), empty);
        assertEquals(List.of(alone(part(0)), alone(empty)), written);
    }

    private void keepsApart(UnaryOperator<Tcp> change) {
        written.clear();
        take(part(0), change.apply(part(1)));
        assertEquals(List.of(alone(part(0))), written);
        joiner.flush();
        assertEquals(List.of(alone(part(0)), alone(change.apply(part(1)))), written);
    }

    @Test
    void headersThatDifferKeepPacketsApart() {
        keepsApart(each -> each.sequence(5011));
        keepsApart(each -> each.sequence(5009));
        keepsApart(each -> each.acknowledged(78));
        keepsApart(each -> each.window(501));
        keepsApart(each -> each.urgent(1));
        keepsApart(each -> each.options(TIMESTAMP));
        keepsApart(each -> each.hopLimit(63));
        keepsApart(each -> each.service(1));
        keepsApart(each -> each.fragment(0));
        assertEquals(0, joiner.joined());
    }

    @Test
    void otherTimestampsKeepPacketsApart() {
        byte[] later = TIMESTAMP.clone();
        later[11]++;
        take(part(0).options(TIMESTAMP), part(1).options(later));
        joiner.flush();
        assertEquals(2, written.size());
    }

    @Test
    void headersOfIpv6ThatDifferKeepPacketsApart() {
        Tcp first = Tcp.ipv6().payload(10, 0);
        for (Tcp other :
                List.of(
                        Tcp.ipv6().hopLimit(9).sequence(5010).payload(10, 0),
                        Tcp.ipv6().service(1).sequence(5010).payload(10, 0))) {
            written.clear();
            take(first, other);
            joiner.flush();
            assertEquals(List.of(alone(first), alone(other)), written);
        }
    }

    @Test
    void identificationsCountWherePacketsMayBeCutAndMeanNothingElsewhere() {
        take(part(0).fragment(0), part(1).fragment(0), part(2).fragment(0));
        joiner.flush();
        assertEquals(List.of(joined(new Tcp().fragment(0).payload(30, 0), 10)), written);
        take(part(0).identification(0), part(1).identification(0));
        joiner.flush();
        assertEquals(2, written.size());
        take(part(0).fragment(0), part(1).fragment(0).identification(0x102));
        joiner.flush();
        assertEquals(4, written.size());
        Tcp last = part(0).fragment(0).identification(0xffff);
        take(last, part(1).fragment(0).identification(0));
        joiner.flush();
        assertEquals(5, written.size());
        assertEquals(4, joiner.joined());
    }

    @Test
    void aWrongChecksumIsLeftToTheKernel() {
        for (int at : new int[] {36, 45}) {
            written.clear();
            ByteBuffer wrong = part(1).packet();
            wrong.put(at, (byte) (wrong.get(at) + 1));
            take(part(0));
            assertTrue(joiner.take(wrong));
            assertFalse(joiner.isWaiting());
            assertEquals(List.of(alone(part(0)), DONE + " " + hex(wrong)), written);
        }
        written.clear();
        ByteBuffer wrongIp = part(0).packet();
        wrongIp.put(10, (byte) (wrongIp.get(10) + 1));
        assertTrue(joiner.take(wrongIp));
        assertEquals(List.of(DONE + " " + hex(wrongIp)), written);
    }

    @Test
    void bothZeroesAreRightChecksums() {
        ByteBuffer without = new Tcp().payload(new byte[] {0, 0}).packet();
        short missing = without.getShort(36);
        for (short checksum : new short[] {0, (short) 0xffff}) {
            ByteBuffer packet =
                    new Tcp().payload(new byte[] {(byte) (missing >> 8), (byte) missing}).packet();
            packet.putShort(36, checksum);
            assertTrue(joiner.take(packet));
            assertTrue(joiner.isWaiting());
            joiner.flush();
            assertEquals(DONE + " " + hex(packet), written.getLast());
        }
    }

    @Test
    void oddLengthsAreNoHindrance() {
        Tcp whole = new Tcp().payload(21, 0);
        take(new Tcp().payload(7, 0), new Tcp().sequence(5007).payload(7, 7));
        take(new Tcp().sequence(5014).payload(7, 14));
        joiner.flush();
        assertEquals(List.of(joined(whole, 7)), written);
    }

    @Test
    void aWholeIsNoLongerThanAPacketMayBe() {
        for (int i = 0; i < 60; i++) {
            take(new Tcp().sequence(5000 + 1_200 * i).payload(1_200, i));
        }
        joiner.flush();
        assertEquals(2, written.size());
        assertEquals(21 + 2 * (40 + 54 * 1_200), written.getFirst().length());
        assertEquals(60, cut.size());
    }

    @Test
    void connectionsDoNotDisturbEachOther() {
        for (int i = 0; i < 3; i++) {
            for (int port = 0; port < 8; port++) {
                take(part(i).sourcePort(port));
            }
        }
        take(part(0).between("10.0.0.3", "10.0.0.2").flags(ACK | PSH));
        assertEquals(1, written.size());
        joiner.flush();
        assertEquals(9, written.size());
        assertEquals(16, joiner.joined());
    }

    @Test
    void aNinthConnectionTakesThePlaceOfOneThatWaits() {
        for (int port = 0; port < 10; port++) {
            take(part(0).sourcePort(port));
        }
        assertEquals(List.of(alone(part(0).sourcePort(0)), alone(part(0).sourcePort(1))), written);
        joiner.flush();
        assertEquals(10, written.size());
    }

    @Test
    void whatIsNoPlainTcpPassesAtOnceAndAsItIs() {
        ByteBuffer short4 = new Tcp().packet();
        var packets =
                List.of(
                        Packets.udp("10.0.0.1", "10.0.0.2", 60),
                        Packets.udp("fd00::1", "fd00::2", 80),
                        new Tcp()
                                .ipOptions((byte) 1, (byte) 1, (byte) 1, (byte) 0)
                                .payload(10, 0)
                                .packet(),
                        new Tcp().fragment(0x2000).payload(10, 0).packet(),
                        new Tcp().fragment(0x0010).payload(10, 0).packet(),
                        new Tcp().fragment(0xc000).payload(10, 0).packet(),
                        Packets.of(44, "fd00::1", "fd00::2", 90),
                        short4.duplicate().limit(30),
                        short4.duplicate().limit(39),
                        Tcp.ipv6().packet().limit(59),
                        ByteBuffer.allocate(0),
                        ByteBuffer.allocate(100));
        for (ByteBuffer each : packets) {
            written.clear();
            assertTrue(joiner.take(each));
            assertFalse(joiner.isWaiting());
            assertEquals(List.of(DONE + " " + hex(each)), written);
        }
    }

    @Test
    void whatTheDeviceDoesNotTakeIsLost() {
        takes = false;
        assertFalse(joiner.take(Packets.udp("10.0.0.1", "10.0.0.2", 60)));
        assertTrue(joiner.take(part(0).packet()));
        joiner.flush();
        assertFalse(joiner.isWaiting());
    }

    @Test
    void whatIsPutTogetherAndCutAgainIsWhatItWas() {
        var random = new Random(7);
        for (int round = 0; round < 300; round++) {
            var sent = new ArrayList<String>();
            cut.clear();
            int sequence = random.nextInt();
            int number = random.nextInt(0x10000);
            boolean six = random.nextBoolean();
            int size = 1 + random.nextInt(1_300);
            for (int i = 0; i < 20; i++) {
                int length = random.nextInt(8) == 0 ? random.nextInt(1_300) : Math.max(8, size);
                Tcp next =
                        (six ? Tcp.ipv6() : new Tcp())
                                .sequence(sequence)
                                .identification(number++)
                                .fragment(random.nextInt(20) == 0 ? 0x4000 : 0)
                                .flags(random.nextInt(6) == 0 ? ACK | PSH : ACK)
                                .acknowledged(random.nextInt(9) == 0 ? i : 0)
                                .options(random.nextInt(30) == 0 ? new byte[0] : TIMESTAMP)
                                .payload(length, i);
                sequence += random.nextInt(15) == 0 ? 3 : length;
                sent.add(hex(next.packet()));
                joiner.take(next.packet());
            }
            joiner.flush();
            assertEquals(sent, cut);
        }
        assertTrue(joiner.joined() > 1_000, "only " + joiner.joined());
    }

    @Test
    void nothingThatAPeerSendsDoesHarm() {
        var random = new Random(8);
        for (int i = 0; i < 20_000; i++) {
            ByteBuffer packet = (random.nextBoolean() ? part(i % 3) : Tcp.ipv6()).packet();
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                packet.put(random.nextInt(packet.limit()), (byte) random.nextInt());
            }
            packet.limit(random.nextInt(packet.limit() + 1));
            joiner.take(packet);
        }
        joiner.flush();
        assertFalse(joiner.isWaiting());
    }

    @Test
    void thePacketIsOnlyLent() {
        ByteBuffer packet = part(0).packet();
        ByteBuffer within = ByteBuffer.allocate(100).put(30, packet, 0, packet.limit());
        within.position(30).limit(30 + packet.limit());
        assertTrue(joiner.take(within));
        assertEquals(30, within.position());
        assertEquals(packet.limit(), within.remaining());
        within.clear().put(new byte[100]);
        joiner.flush();
        assertEquals(List.of(alone(part(0))), written);
        assertEquals(hex(unchanged(packet)).substring(20), cut.getFirst());
    }
}
