package natt.testkit;

import static natt.testkit.SimNat.Dependence.ADDRESS_AND_PORT_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ADDRESS_DEPENDENT;
import static natt.testkit.SimNat.Dependence.ENDPOINT_INDEPENDENT;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import static java.util.Objects.requireNonNull;

import natt.testkit.SimNat.Behavior;
import natt.testkit.SimNat.Dependence;
import natt.testkit.SimNat.PortAllocation;
import natt.testkit.SimNat.Refresh;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.SplittableRandom;

class SimNatTests {

    private static final InetAddress EXTERNAL = InetAddress.ofLiteral("203.0.113.1");
    private static final InetSocketAddress INSIDE = address("192.168.0.2", 30_000);
    private static final InetSocketAddress OTHER_INSIDE = address("192.168.0.3", 30_000);
    private static final InetSocketAddress REMOTE = address("198.51.100.10", 3478);
    private static final InetSocketAddress OTHER_PORT = address("198.51.100.10", 3479);
    private static final InetSocketAddress OTHER_ADDRESS = address("198.51.100.11", 3478);
    private static final long SECOND = 1_000_000_000;

    private final long start = new FakeTicker().nanoTime();

    @ParameterizedTest
    @CsvSource({
        "ENDPOINT_INDEPENDENT, true, true",
        "ADDRESS_DEPENDENT, true, false",
        "ADDRESS_AND_PORT_DEPENDENT, false, false"
    })
    void mappingIsReusedForAsMuchOfTheRemoteAsTheBehaviorSays(
            Dependence mapping, boolean forOtherPort, boolean forOtherAddress) {
        var nat = nat(Behavior.of(mapping, ENDPOINT_INDEPENDENT));
        var first = out(nat, INSIDE, REMOTE, start);
        assertEquals(EXTERNAL, first.getAddress());
        assertEquals(first, out(nat, INSIDE, REMOTE, start));
        assertEquals(forOtherPort, first.equals(out(nat, INSIDE, OTHER_PORT, start)));
        assertEquals(forOtherAddress, first.equals(out(nat, INSIDE, OTHER_ADDRESS, start)));
        int expected = 1 + (forOtherPort ? 0 : 1) + (forOtherAddress ? 0 : 1);
        assertEquals(expected, nat.counts(start).created());
        assertEquals(expected, nat.mappings(start));
        assertNotEquals(first, out(nat, OTHER_INSIDE, REMOTE, start));
    }

    @ParameterizedTest
    @CsvSource({
        "ENDPOINT_INDEPENDENT, PASSED, PASSED",
        "ADDRESS_DEPENDENT, PASSED, FILTERED",
        "ADDRESS_AND_PORT_DEPENDENT, FILTERED, FILTERED"
    })
    void filterLetsInAsMuchOfTheRemoteAsTheBehaviorSays(
            Dependence filtering, SimFate fromOtherPort, SimFate fromOtherAddress) {
        for (Dependence mapping : Dependence.values()) {
            var nat = nat(Behavior.of(mapping, filtering));
            var external = out(nat, INSIDE, REMOTE, start);
            assertEquals(INSIDE, nat.inbound(REMOTE, external, start).address());
            assertEquals(fromOtherPort, nat.inbound(OTHER_PORT, external, start).fate());
            assertEquals(fromOtherAddress, nat.inbound(OTHER_ADDRESS, external, start).fate());
            int kept = fromOtherPort == SimFate.FILTERED ? 2 : 1;
            assertEquals(filtering == ENDPOINT_INDEPENDENT ? 0 : kept, nat.filtered());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPacketOutOpensTheFilterOfItsOwnMappingOnly(Dependence mapping) {
        var nat = nat(Behavior.of(mapping, ADDRESS_AND_PORT_DEPENDENT));
        var first = out(nat, INSIDE, REMOTE, start);
        var second = out(nat, INSIDE, OTHER_ADDRESS, start);
        boolean same = mapping == ENDPOINT_INDEPENDENT;
        assertEquals(same, first.equals(second));
        assertEquals(
                same ? SimFate.PASSED : SimFate.FILTERED,
                nat.inbound(OTHER_ADDRESS, first, start).fate());
        assertEquals(SimFate.PASSED, nat.inbound(OTHER_ADDRESS, second, start).fate());
    }

    @Test
    void nothingComesInWithoutAMapping() {
        var nat = nat(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT));
        var entry = nat.inbound(REMOTE, new InetSocketAddress(EXTERNAL, 30_000), start);
        assertEquals(SimFate.UNMAPPED, entry.fate());
        assertNull(entry.address());
        assertEquals(1, nat.unmapped());
        assertEquals(0, nat.filtered());
    }

    @Test
    void preservedPortsAreTheInsidePortsOrTheNextFreeAbove() {
        var nat =
                nat(
                        Behavior.of(ADDRESS_DEPENDENT, ENDPOINT_INDEPENDENT)
                                .withPorts(PortAllocation.PRESERVE));
        assertEquals(30_000, out(nat, INSIDE, REMOTE, start).getPort());
        assertEquals(30_001, out(nat, OTHER_INSIDE, REMOTE, start).getPort());
        assertEquals(30_002, out(nat, INSIDE, OTHER_ADDRESS, start).getPort());
        var last = address("192.168.0.4", 65_535);
        assertEquals(65_535, out(nat, last, REMOTE, start).getPort());
        assertEquals(1024, out(nat, last, OTHER_ADDRESS, start).getPort());
    }

    @Test
    void sequentialPortsFollowEachOther() {
        var nat =
                nat(
                        Behavior.of(ADDRESS_AND_PORT_DEPENDENT, ENDPOINT_INDEPENDENT)
                                .withPorts(PortAllocation.SEQUENTIAL));
        int first = out(nat, INSIDE, REMOTE, start).getPort();
        assertEquals(first + 1, out(nat, INSIDE, OTHER_PORT, start).getPort());
        assertEquals(first + 2, out(nat, INSIDE, OTHER_ADDRESS, start).getPort());
        assertEquals(first + 3, out(nat, OTHER_INSIDE, REMOTE, start).getPort());
    }

    @Test
    void randomPortsDifferFromTheInsidePortAndFromEachOther() {
        var nat = nat(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT));
        var ports = new HashSet<Integer>();
        long sum = 0;
        for (int i = 0; i < 5000; i++) {
            int port = out(nat, address("192.168.0.2", 10_000 + i), REMOTE, start).getPort();
            ports.add(port);
            sum += port;
        }
        assertEquals(5000, ports.size());
        assertEquals((1024 + 65_535) / 2.0, sum / 5000.0, 1000);
    }

    @Test
    void mappingsLiveFromTheLastPacketOutNotFromTheLastIn() {
        var nat =
                nat(
                        Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT)
                                .withMappingLifetime(Duration.ofSeconds(100)));
        var external = out(nat, INSIDE, REMOTE, start);
        assertEquals(external, out(nat, INSIDE, OTHER_ADDRESS, start + 99 * SECOND));
        long end = start + 199 * SECOND;
        assertEquals(SimFate.PASSED, nat.inbound(REMOTE, external, end - 1).fate());
        assertEquals(SimFate.UNMAPPED, nat.inbound(REMOTE, external, end).fate());
        assertEquals(1, nat.counts(end).expired());
        assertEquals(0, nat.mappings(end));
        assertNotEquals(external, out(nat, INSIDE, REMOTE, end));
        assertEquals(2, nat.counts(end).created());
    }

    @Test
    void permissionsLiveAsLongAsMappingsEachForItself() {
        var nat =
                nat(
                        Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT)
                                .withMappingLifetime(Duration.ofSeconds(100)));
        var external = out(nat, INSIDE, REMOTE, start);
        out(nat, INSIDE, OTHER_ADDRESS, start + 60 * SECOND);
        long end = start + 100 * SECOND;
        assertEquals(SimFate.PASSED, nat.inbound(REMOTE, external, end - 1).fate());
        assertEquals(SimFate.FILTERED, nat.inbound(REMOTE, external, end).fate());
        assertEquals(SimFate.PASSED, nat.inbound(OTHER_ADDRESS, external, end).fate());
    }

    @ParameterizedTest
    @EnumSource
    void afterARebindOldMappingsAreGoneAndNewOnesHaveOtherPorts(PortAllocation ports) {
        var nat = nat(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT).withPorts(ports));
        var before = out(nat, INSIDE, REMOTE, start);
        nat.rebind();
        assertEquals(SimFate.UNMAPPED, nat.inbound(REMOTE, before, start).fate());
        var after = out(nat, INSIDE, REMOTE, start);
        assertEquals(EXTERNAL, after.getAddress());
        assertNotEquals(before.getPort(), after.getPort());
        assertEquals(0, nat.counts(start).expired());
    }

    @Test
    void afterARenumberingTheOldAddressIsNobodys() {
        var nat = nat(Behavior.of(ENDPOINT_INDEPENDENT, ENDPOINT_INDEPENDENT));
        var before = out(nat, INSIDE, REMOTE, start);
        var renumbered = InetAddress.ofLiteral("203.0.113.77");
        nat.renumber(renumbered);
        var after = out(nat, INSIDE, REMOTE, start);
        assertEquals(renumbered, after.getAddress());
        var stale = new InetSocketAddress(EXTERNAL, after.getPort());
        assertEquals(SimFate.UNMAPPED, nat.inbound(REMOTE, before, start).fate());
        assertEquals(SimFate.UNMAPPED, nat.inbound(REMOTE, stale, start).fate());
        assertEquals(SimFate.PASSED, nat.inbound(REMOTE, after, start).fate());
    }

    @Test
    void mappingsMayLiveFromTheLastPacketOfEitherDirectionAndPermissionsWithThem() {
        var nat =
                nat(
                        Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT)
                                .withMappingLifetime(Duration.ofSeconds(100))
                                .withRefresh(Refresh.BOTH));
        var external = out(nat, INSIDE, REMOTE, start);
        out(nat, INSIDE, OTHER_ADDRESS, start);
        nat.inbound(REMOTE, external, start + 99 * SECOND);
        long end = start + 199 * SECOND;
        assertEquals(SimFate.PASSED, nat.inbound(OTHER_ADDRESS, external, end - 1).fate());
        assertEquals(1, nat.mappings(end));
    }

    @Test
    void whatIsFilteredRefreshesNothing() {
        var nat =
                nat(
                        Behavior.of(ENDPOINT_INDEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
                                .withMappingLifetime(Duration.ofSeconds(100))
                                .withRefresh(Refresh.BOTH));
        var external = out(nat, INSIDE, REMOTE, start);
        nat.inbound(OTHER_PORT, external, start + 99 * SECOND);
        assertEquals(0, nat.mappings(start + 100 * SECOND));
    }

    @Test
    void unansweredMappingsMayLiveShorter() {
        var nat =
                nat(
                        Behavior.of(ADDRESS_DEPENDENT, ENDPOINT_INDEPENDENT)
                                .withUnrepliedLifetime(Duration.ofSeconds(30)));
        var answered = out(nat, INSIDE, REMOTE, start);
        out(nat, INSIDE, OTHER_ADDRESS, start);
        nat.inbound(REMOTE, answered, start);
        assertEquals(2, nat.mappings(start + 30 * SECOND - 1));
        assertEquals(1, nat.mappings(start + 30 * SECOND));
        assertEquals(0, nat.mappings(start + 120 * SECOND));
    }

    @Test
    void aFullNatLetsOutOnlyWhatHasAMapping() {
        var nat = nat(Behavior.of(ADDRESS_DEPENDENT, ENDPOINT_INDEPENDENT).withQuota(1));
        var first = out(nat, INSIDE, REMOTE, start);
        assertEquals(SimFate.NAT_FULL, nat.outbound(INSIDE, OTHER_ADDRESS, start).fate());
        assertEquals(first, out(nat, INSIDE, OTHER_PORT, start));
        long later = start + 120 * SECOND;
        assertEquals(SimFate.PASSED, nat.outbound(INSIDE, OTHER_ADDRESS, later).fate());
        assertEquals(new SimTranslator.Counts(1, 1, 2, 1, 0, 1), nat.counts(later));
        assertEquals(1, nat.count(SimFate.NAT_FULL));
    }

    private static InetSocketAddress out(
            SimNat nat, InetSocketAddress inside, InetSocketAddress remote, long now) {
        return requireNonNull(nat.outbound(inside, remote, now).address());
    }

    private static SimNat nat(Behavior behavior) {
        return new SimNat(behavior, EXTERNAL, new SplittableRandom(30));
    }

    private static InetSocketAddress address(String ip, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
    }
}
