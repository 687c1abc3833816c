package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.Candidate.Type;
import natt.core.session.Offer.Ports;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Offers as bytes.
class OfferTests {
    private static final Candidate IPV4 =
            new Candidate(Type.MAPPED, World.address("192.0.2.1:4660"));
    private static final Candidate IPV6 =
            new Candidate(Type.HOST, World.address("2001:db8::1:22136"));

    private static Offer offer(List<Candidate> candidates) {
        return new Offer(
                7, 0x1112131415161718L, 2, Ports.PREDICTABLE, -3, 1000, true, true, candidates);
    }

    private static byte[] bytes(Offer offer) {
        var out = new byte[Offer.MOST_LENGTH];
        return Arrays.copyOf(out, offer.write(out, 0));
    }

    @Test
    void layoutIsThatOfTheDescription() {
        byte[] expected = {
            4, 0, 0, 0, 0, 0, 0, 7, // message, search
            0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, // serial
            2, 2, -1, -3, 3, -24, 3, 1, // round, ports, step, delay, flags, count
            2, 4, 0x12, 0x34, (byte) 192, 0, 2, 1
        };
        assertArrayEquals(expected, bytes(offer(List.of(IPV4))));
    }

    @Test
    void whatIsWrittenIsRead() {
        Offer offer = offer(List.of(IPV4, IPV6));
        byte[] bytes = bytes(offer);
        assertEquals(offer, Offer.read(bytes, 0, bytes.length));
    }

    @Test
    void flagsAreReadOneByOneAndUnknownOnesAreLeftOut() {
        byte[] bytes = bytes(offer(List.of()));
        bytes[22] = (byte) 0xFD;
        Offer attested = Offer.read(bytes, 0, bytes.length);
        assertTrue(attested.attested() && !attested.keepsUnsolicited());
        bytes[22] = 2;
        Offer keeps = Offer.read(bytes, 0, bytes.length);
        assertTrue(!keeps.attested() && keeps.keepsUnsolicited());
    }

    @Test
    void sixteenCandidatesFit() {
        var many = new ArrayList<Candidate>();
        for (int i = 0; i < Offer.MOST_CANDIDATES; i++) {
            many.add(IPV6);
        }
        byte[] bytes = bytes(offer(many));
        assertEquals(Offer.MOST_LENGTH, bytes.length);
        assertTrue(bytes.length + Wire.DATA_OVERHEAD <= 548);
        assertEquals(offer(many), Offer.read(bytes, 0, bytes.length));
    }

    @Test
    void oneThatIsCutOffIsNone() {
        byte[] bytes = bytes(offer(List.of(IPV4, IPV6)));
        for (int length = 0; length < bytes.length; length++) {
            assertNull(Offer.read(bytes, 0, length));
        }
    }

    @Test
    void mappedAddressesAreIpv4AndPortZeroIsLeftOut() {
        byte[] bytes = bytes(offer(List.of(IPV6)));
        Arrays.fill(bytes, 28, 38, (byte) 0);
        Arrays.fill(bytes, 38, 40, (byte) -1);
        Offer mapped = Offer.read(bytes, 0, bytes.length);
        assertEquals(4, mapped.candidates().getFirst().address().getAddress().getAddress().length);
        bytes[26] = 0;
        bytes[27] = 0;
        assertEquals(List.of(), Offer.read(bytes, 0, bytes.length).candidates());
    }

    @Test
    void randomBytesNeverThrow() {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            var bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            if (bytes.length > 25) {
                bytes[23] = (byte) random.nextInt(18);
                bytes[25] = (byte) (random.nextBoolean() ? 4 : 6);
            }
            Offer offer = Offer.read(bytes, 0, bytes.length);
            assertTrue(offer == null || offer.candidates().size() <= Offer.MOST_CANDIDATES);
        }
    }
}
