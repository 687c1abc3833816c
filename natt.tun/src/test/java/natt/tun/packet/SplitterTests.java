package natt.tun.packet;

import static natt.tun.packet.Packets.hex;
import static natt.tun.packet.Tcp.ACK;
import static natt.tun.packet.Tcp.CWR;
import static natt.tun.packet.Tcp.ECE;
import static natt.tun.packet.Tcp.FIN;
import static natt.tun.packet.Tcp.PSH;
import static natt.tun.packet.Tcp.TIMESTAMP;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class SplitterTests {
    private final List<String> sent = new ArrayList<>();
    private final Splitter splitter =
            new Splitter(
                    (packet, now) -> {
                        assertEquals(42, now);
                        sent.add(hex(packet));
                    });

    private void take(ByteBuffer read) {
        splitter.take(read, 42);
    }

    private void expect(ByteBuffer... packets) {
        for (int i = 0; i < packets.length; i++) {
            assertEquals(hex(packets[i]), i < sent.size() ? sent.get(i) : "nothing", "packet " + i);
        }
        assertEquals(packets.length, sent.size());
        assertEquals(0, splitter.malformed());
    }

    @Test
    void aPacketThatIsDonePassesAsItIs() {
        ByteBuffer packet = Packets.udp("10.0.0.1", "10.0.0.2", 60);
        take(Tcp.offloaded(0, 0, 0, 0, 0, packet));
        // What the kernel has checked needs nothing.
        take(Tcp.offloaded(2, 0, 0, 0, 0, packet));
        expect(packet, packet);
    }

    @Test
    void whatIsCutHasLengthsNumbersAndChecksumsOfItsOwn() {
        take(new Tcp().sequence(5000).payload(25, 0).whole(10));
        expect(
                new Tcp().sequence(5000).identification(0x100).payload(10, 0).packet(),
                new Tcp().sequence(5010).identification(0x101).payload(10, 10).packet(),
                new Tcp().sequence(5020).identification(0x102).payload(5, 20).packet());
    }

    @Test
    void ipv6IsCutAlike() {
        take(Tcp.ipv6().service(0xb).sequence(-4).payload(25, 0).whole(10));
        expect(
                Tcp.ipv6().service(0xb).sequence(-4).payload(10, 0).packet(),
                Tcp.ipv6().service(0xb).sequence(6).payload(10, 10).packet(),
                Tcp.ipv6().service(0xb).sequence(16).payload(5, 20).packet());
    }

    @Test
    void optionsAreInEveryPart() {
        byte[] routerAlert = {(byte) 148, 4, 0, 0};
        take(
                new Tcp()
                        .ipOptions(routerAlert)
                        .options(TIMESTAMP)
                        .identification(0xffff)
                        .payload(21, 0)
                        .whole(20));
        expect(
                new Tcp()
                        .ipOptions(routerAlert)
                        .options(TIMESTAMP)
                        .identification(0xffff)
                        .payload(20, 0)
                        .packet(),
                new Tcp()
                        .ipOptions(routerAlert)
                        .options(TIMESTAMP)
                        .identification(0)
                        .sequence(5020)
                        .payload(1, 20)
                        .packet());
    }

    @Test
    void endsAndPushesAreTheLastOnesAndAReducedWindowTheFirstOnes() {
        int all = ACK | FIN | PSH | ECE | CWR;
        ByteBuffer whole = new Tcp().flags(all).payload(30, 0).whole(10);
        // The kernel marks those with CWR.
        whole.put(1, (byte) 0x81);
        take(whole);
        expect(
                new Tcp().flags(ACK | ECE | CWR).payload(10, 0).packet(),
                new Tcp()
                        .flags(ACK | ECE)
                        .sequence(5010)
                        .identification(0x101)
                        .payload(10, 10)
                        .packet(),
                new Tcp()
                        .flags(ACK | ECE | FIN | PSH)
                        .sequence(5020)
                        .identification(0x102)
                        .payload(10, 20)
                        .packet());
    }

    @Test
    void aPacketThatIsNoLongerThanAPartIsOnlyCompleted() {
        take(new Tcp().flags(ACK | PSH).payload(10, 0).whole(10));
        expect(new Tcp().flags(ACK | PSH).payload(10, 0).packet());
    }

    @Test
    void theLongestPacketIsCutIntoAllItsParts() {
        take(new Tcp().payload(65_495, 0).whole(1_208));
        assertEquals(55, sent.size());
        for (int i = 0; i < 55; i++) {
            int length = i < 54 ? 1_208 : 65_495 - 54 * 1_208;
            ByteBuffer expected =
                    new Tcp()
                            .sequence(5000 + 1_208 * i)
                            .identification(0x100 + i)
                            .payload(length, 1_208 * i)
                            .packet();
            assertEquals(hex(expected), sent.get(i));
        }
    }

    @Test
    void partsMayBeWrittenToWithoutHarmToTheNext() {
        var seen = new ArrayList<String>();
        var writing =
                new Splitter(
                        (packet, _) -> {
                            seen.add(hex(packet));
                            while (packet.hasRemaining()) {
                                packet.put((byte) 0xee);
                            }
                        });
        writing.take(new Tcp().payload(25, 0).whole(10), 0);
        splitter.take(new Tcp().payload(25, 0).whole(10), 42);
        assertEquals(sent, seen);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 31, 32, 33, 99})
    void aChecksumThatTheKernelHasLeftIsCompleted(int length) {
        take(Tcp.offloaded(1, 0, 0, 20, 16, new Tcp().payload(length, 3).unfinished()));
        take(Tcp.offloaded(1, 0, 0, 40, 16, Tcp.ipv6().payload(length, 3).unfinished()));
        expect(new Tcp().payload(length, 3).packet(), Tcp.ipv6().payload(length, 3).packet());
    }

    @Test
    void aChecksumThatIsZeroIsWrittenAsItsOther() {
        // Of a UDP datagram it would say that there is none.
        ByteBuffer udp = hex("00 01 00 02 00 0a 00 00", "ff f2");
        ByteBuffer whole = Packets.udp("10.0.0.1", "10.0.0.2", 30);
        whole.put(20, udp, 0, 10);
        take(Tcp.offloaded(1, 0, 0, 20, 6, whole));
        assertEquals("ffff", sent.getFirst().substring(52, 56));
    }

    @Test
    void aPartWhoseChecksumIsZeroIsRightToo() {
        // The last word makes the sum of each part all ones.
        ByteBuffer without = new Tcp().payload(new byte[] {0, 0}).packet();
        short missing = without.getShort(36);
        ByteBuffer part =
                new Tcp().payload(new byte[] {(byte) (missing >> 8), (byte) missing}).packet();
        assertEquals(0, part.getShort(36));
        take(new Tcp().payload(new byte[] {(byte) (missing >> 8), (byte) missing}).whole(1_000));
        part.putShort(36, (short) 0xffff);
        expect(part);
        assertTrue(Packets.isRight(Splitter.pseudoHeader(part, 0, false, 22), part, 20, 42));
    }

    @Test
    void whatCannotBeIsDroppedAndCounted() {
        ByteBuffer tcp = new Tcp().payload(30, 0).unfinished();
        ByteBuffer headerTooLong = new Tcp().payload(30, 0).unfinished();
        headerTooLong.put(32, (byte) 0xf0);
        ByteBuffer headerTooShort = new Tcp().payload(30, 0).unfinished();
        headerTooShort.put(32, (byte) 0x40);
        ByteBuffer version = new Tcp().payload(30, 0).unfinished();
        version.put(0, (byte) 0x55);
        List<ByteBuffer> bad =
                List.of(
                        ByteBuffer.allocate(9),
                        // UDP, of which there are no many in one here.
                        Tcp.offloaded(1, 3, 10, 20, 6, tcp),
                        Tcp.offloaded(1, 5, 10, 20, 6, tcp),
                        // Sizes and places that cannot be.
                        Tcp.offloaded(1, 1, 0, 20, 16, tcp),
                        Tcp.offloaded(1, 1, 7, 20, 16, tcp),
                        Tcp.offloaded(1, 1, 10, 24, 16, tcp),
                        Tcp.offloaded(1, 1, 10, 0xffff, 16, tcp),
                        Tcp.offloaded(1, 1, 10, 20, 16, headerTooLong),
                        Tcp.offloaded(1, 1, 10, 20, 16, headerTooShort),
                        Tcp.offloaded(1, 1, 10, 20, 16, version),
                        Tcp.offloaded(1, 1, 10, 20, 16, new Tcp().unfinished()),
                        Tcp.offloaded(1, 1, 10, 0, 16, ByteBuffer.allocate(0)),
                        Tcp.offloaded(1, 0, 0, 60, 16, tcp),
                        Tcp.offloaded(1, 0, 0, 0xffff, 0xffff, tcp));
        bad.forEach(this::take);
        assertEquals(List.of(), sent);
        assertEquals(bad.size(), splitter.malformed());
    }

    @Test
    void nothingThatADeviceGivesDoesHarm() {
        var random = new Random(6);
        for (int i = 0; i < 20_000; i++) {
            ByteBuffer read =
                    (random.nextBoolean() ? new Tcp() : Tcp.ipv6())
                            .payload(random.nextInt(200), 0)
                            .whole(8 + random.nextInt(100));
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                read.put(random.nextInt(Math.min(50, read.limit())), (byte) random.nextInt());
            }
            read.limit(random.nextInt(read.limit() + 1));
            int length = read.remaining();
            sent.clear();
            take(read);
            assertTrue(sent.size() <= 1 + length / 8);
        }
    }
}
