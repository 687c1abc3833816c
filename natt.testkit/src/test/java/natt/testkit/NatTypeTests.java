package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.testkit.SimTranslator.Passage;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/// Each type, classified from outside by a few packets as the laboratory's probe does it.
class NatTypeTests {

    private static final InetAddress EXTERNAL = InetAddress.ofLiteral("203.0.113.11");
    private static final InetSocketAddress INSIDE = address("192.168.1.2", 30_000);
    private static final InetSocketAddress REMOTE = address("198.51.100.10", 3478);
    private static final InetSocketAddress OTHER_PORT = address("198.51.100.10", 3479);
    private static final InetSocketAddress OTHER_ADDRESS = address("198.51.100.11", 3478);
    private static final InetSocketAddress NAME_SERVER = address("198.51.100.10", 53);

    private final long now = new FakeTicker().nanoTime();

    /// Mapping and filtering: what they depend on: ei nothing, ad the address, apd the port too.
    @ParameterizedTest
    @CsvSource({
        "full-cone, ei, ei, true",
        "full-cone-random, ei, ei, false",
        "addr-restricted, ei, ad, true",
        "port-restricted, ei, apd, true",
        "port-restricted-random, ei, apd, false",
        "symmetric, apd, apd, false",
        "symmetric-addr, ad, apd, false",
        "symmetric-seq, apd, apd, false",
        "symmetric-open, apd, ei, false",
        "linux, ei, apd, true",
        "linux-random, apd, apd, false",
        "firewall, ei, apd, true",
        "open, ei, ei, true"
    })
    void eachTypeIsClassifiedAsInTheLaboratory(
            String label, String mapping, String filtering, boolean keepsPort) {
        SimNat nat = nat(NatType.of(label));
        InetSocketAddress first = out(nat, REMOTE);
        assertEquals(first, out(nat, REMOTE));
        assertEquals(filtering, filtering(nat, first));
        boolean samePort = first.equals(out(nat, OTHER_PORT));
        boolean sameAddress = first.equals(out(nat, OTHER_ADDRESS));
        String found = samePort ? sameAddress ? "ei" : "ad" : "apd";
        assertEquals(label.equals("linux") ? "apd" : mapping, found);
        assertEquals(keepsPort, first.getPort() == INSIDE.getPort());
        assertEquals(mapping, fresh(label));
    }

    /// The mapping of a NAT that has heard nothing from outside before.
    private String fresh(String label) {
        SimNat nat = nat(NatType.of(label));
        InetSocketAddress first = out(nat, REMOTE);
        boolean samePort = first.equals(out(nat, OTHER_PORT));
        boolean sameAddress = first.equals(out(nat, OTHER_ADDRESS));
        return samePort ? sameAddress ? "ei" : "ad" : "apd";
    }

    private String filtering(SimNat nat, InetSocketAddress external) {
        assertEquals(Passage.to(INSIDE), nat.inbound(REMOTE, external, now));
        boolean port = nat.inbound(OTHER_PORT, external, now).fate() == SimFate.PASSED;
        boolean address = nat.inbound(OTHER_ADDRESS, external, now).fate() == SimFate.PASSED;
        return address ? "ei" : port ? "ad" : "apd";
    }

    @Test
    void blockedUdpPassesInNeitherDirection() {
        SimNat nat = nat(NatType.UDP_BLOCKED);
        var blocked = new Passage(SimFate.BLOCKED, null);
        assertEquals(blocked, nat.outbound(INSIDE, REMOTE, now));
        assertEquals(blocked, nat.outbound(INSIDE, NAME_SERVER, now));
        var external = new InetSocketAddress(EXTERNAL, 30_000);
        assertEquals(blocked, nat.inbound(REMOTE, external, now));
        assertEquals(3, nat.count(SimFate.BLOCKED));
        assertEquals(0, nat.counts(now).created());
    }

    @Test
    void whereOnlyNameServersAreReachedTheirAnswersComeBack() {
        SimNat nat = nat(NatType.DNS_ONLY);
        assertEquals(SimFate.BLOCKED, nat.outbound(INSIDE, REMOTE, now).fate());
        InetSocketAddress external = out(nat, NAME_SERVER);
        assertEquals(Passage.to(INSIDE), nat.inbound(NAME_SERVER, external, now));
        assertEquals(SimFate.BLOCKED, nat.inbound(REMOTE, external, now).fate());
        assertEquals(1, nat.counts(now).created());
    }

    @Test
    void sequentialPortsBeginWhereTheLaboratorysDoAndSkipWhatOthersTake() {
        SimNat nat = nat(NatType.SYMMETRIC_SEQ);
        assertEquals(20_000, out(nat, REMOTE).getPort());
        assertEquals(20_001, out(nat, OTHER_PORT).getPort());
        nat.skipPorts(3);
        assertEquals(20_005, out(nat, OTHER_ADDRESS).getPort());
        assertEquals(3, nat.mappings(now));
    }

    @Test
    void stepsCanBeLargerAndGoDown() {
        for (int step : new int[] {2, -1, 7}) {
            var nat =
                    new SimNat(
                            NatType.SYMMETRIC_SEQ.behavior().withSequence(20_000, step),
                            EXTERNAL,
                            new SplittableRandom(1));
            assertEquals(20_000, out(nat, REMOTE).getPort());
            assertEquals(20_000 + step, out(nat, OTHER_PORT).getPort());
            nat.skipPorts(1);
            assertEquals(20_000 + 3 * step, out(nat, OTHER_ADDRESS).getPort());
        }
    }

    @ParameterizedTest
    @EnumSource
    void afterARestartWhatTranslatesUsesOtherPorts(NatType type) {
        SimNat nat = nat(type);
        Passage before = nat.outbound(INSIDE, REMOTE, now);
        nat.rebind();
        assertEquals(0, nat.mappings(now));
        Passage after = nat.outbound(INSIDE, REMOTE, now);
        boolean other = type.translates() && type.passesUdp();
        assertEquals(other, !before.equals(after));
    }

    @ParameterizedTest
    @EnumSource
    void aTypeHasItsNameInTheLaboratory(NatType type) {
        assertEquals(type, NatType.of(type.label()));
        assertEquals(type.translates(), nat(type).translates());
    }

    @Test
    void allNamesOfTheLaboratoryAreKnown() {
        var names =
                "full-cone full-cone-random addr-restricted port-restricted port-restricted-random"
                        + " symmetric symmetric-addr symmetric-seq symmetric-open linux"
                        + " linux-random firewall open udp-blocked dns-only";
        assertEquals(
                List.of(names.split(" ")),
                Arrays.stream(NatType.values()).map(NatType::label).toList());
        assertThrows(IllegalArgumentException.class, () -> NatType.of("carrier"));
        assertThrows(IllegalStateException.class, NatType.LINUX::behavior);
    }

    @Test
    void firewallAndOpenRouterKeepAddresses() {
        var without = Stream.of(NatType.values()).filter(type -> !type.translates()).toList();
        assertEquals(List.of(NatType.FIREWALL, NatType.OPEN), without);
        for (NatType type : without) {
            assertEquals(INSIDE, out(nat(type), REMOTE));
        }
        assertFalse(NatType.UDP_BLOCKED.passesUdp());
        assertFalse(NatType.DNS_ONLY.passesUdp());
        assertTrue(NatType.FIREWALL.passesUdp());
    }

    private static SimNat nat(NatType type) {
        return new SimNat(type.model(), EXTERNAL, new SplittableRandom(5));
    }

    private InetSocketAddress out(SimNat nat, InetSocketAddress remote) {
        @Nullable InetSocketAddress source = nat.outbound(INSIDE, remote, now).address();
        return Objects.requireNonNull(source, "it does not pass");
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }
}
