package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.Candidate.Type;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.List;

/// To whom a peer may have this node send.
class CheckPolicyTests {
    private static final Candidate HOME = candidate(Type.HOST, "192.168.1.2:1000");
    private static final Candidate OUTSIDE = candidate(Type.SERVER_REFLEXIVE, "203.0.113.1:1000");

    private final CheckPolicy policy = new CheckPolicy();

    private static Candidate candidate(Type type, String address) {
        return new Candidate(type, World.address(address));
    }

    private boolean permits(String address, Candidate... peers) {
        return policy.permits(World.address(address), List.of(HOME, OUTSIDE), List.of(peers));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "224.0.0.1:1000",
                "255.255.255.255:1000",
                "0.0.0.0:1000",
                "127.0.0.1:1000",
                "10.0.0.1:1000",
                "192.168.2.2:1000",
                "100.64.0.1:1000",
                "169.254.1.1:1000",
                "198.51.100.1:0",
                "[::1]:1000",
                "[::]:1000",
                "[ff02::1]:1000",
                "[fe80::1]:1000",
                "[fd00::1]:1000",
                "[100::1]:1000"
            })
    void addressesThatAreNobodysOnTheInternetAreNotChecked(String address) {
        int colon = address.lastIndexOf(':');
        String bare = address.substring(0, colon).replace("[", "").replace("]", "");
        assertFalse(permits(bare + address.substring(colon)));
    }

    @Test
    void publicOnesAre() {
        assertTrue(permits("198.51.100.1:1000"));
        assertTrue(permits("2001:db8::1:1000"));
    }

    @Test
    void privateOnesAreOnTheSameLink() {
        assertTrue(permits("192.168.1.77:1000"));
    }

    @Test
    void privateOnesAreBehindTheSameNat() {
        var same = candidate(Type.SERVER_REFLEXIVE, "203.0.113.1:2000");
        assertTrue(permits("10.0.0.1:1000", same));
        assertFalse(permits("10.0.0.1:1000", candidate(Type.HOST, "203.0.113.1:2000")));
        assertFalse(permits("10.0.0.1:1000", candidate(Type.SERVER_REFLEXIVE, "203.0.113.2:1")));
    }

    @Test
    void whatTheBrokerSaysCountsForMore() {
        var same = candidate(Type.SERVER_REFLEXIVE, "203.0.113.1:2000");
        policy.attest(InetAddress.ofLiteral("198.51.100.9"));
        assertFalse(permits("10.0.0.1:1000", same));
        policy.attest(InetAddress.ofLiteral("203.0.113.1"));
        assertTrue(permits("10.0.0.1:1000"));
    }

    @Test
    void loopbackIsForThoseWhoOfferItThemselves() {
        var loopback = candidate(Type.HOST, "127.0.0.1:1000");
        assertTrue(policy.permits(World.address("127.0.0.1:2000"), List.of(loopback), List.of()));
    }
}
