package natt.transport.kcp.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.SplittableRandom;

class CookiesTests {
    private static final long SECOND = 1_000_000_000;
    private static final byte[] ADDRESS = {(byte) 198, 51, 100, 7};

    private final long start = Long.MAX_VALUE - 60 * SECOND;
    private final Cookies cookies = new Cookies(new SplittableRandom(1), start);

    @Test // Appendix A of the SipHash paper: key 00 to 0f, message 00 to 0e.
    void sipHashIsThePublishedOne() {
        var hash = new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L);
        hash.word(0x0706050403020100L);
        hash.word(0x0f0e0d0c0b0a0908L);
        assertEquals(0xa129ca6149be45e5L, hash.finish());
    }

    @Test
    void cookieIsForOneAddressPortAndConversation() {
        long cookie = cookies.make(ADDRESS, 1000, 5, start);
        assertTrue(cookies.isGood(cookie, ADDRESS, 1000, 5, start));
        assertFalse(cookies.isGood(cookie, ADDRESS, 1001, 5, start));
        assertFalse(cookies.isGood(cookie, ADDRESS, 1000, 6, start));
        assertFalse(cookies.isGood(cookie, new byte[] {(byte) 198, 51, 100, 8}, 1000, 5, start));
        assertFalse(cookies.isGood(cookie, new byte[16], 1000, 5, start));
        assertFalse(cookies.isGood(cookie + 1, ADDRESS, 1000, 5, start));
    }

    @Test
    void cookieIsGoodForTwoToFourMinutes() {
        long cookie = cookies.make(ADDRESS, 1000, 5, start);
        assertTrue(cookies.isGood(cookie, ADDRESS, 1000, 5, start + 119 * SECOND));
        assertTrue(cookies.isGood(cookie, ADDRESS, 1000, 5, start + 121 * SECOND));
        assertTrue(cookies.isGood(cookie, ADDRESS, 1000, 5, start + 239 * SECOND));
        assertFalse(cookies.isGood(cookie, ADDRESS, 1000, 5, start + 242 * SECOND));
    }

    @Test
    void cookieIsOldAfterALongSilence() {
        long cookie = cookies.make(ADDRESS, 1000, 5, start);
        assertFalse(cookies.isGood(cookie, ADDRESS, 1000, 5, start + 240 * SECOND));
    }
}
