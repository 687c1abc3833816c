package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.core.Dependence;
import natt.core.NatBehavior;
import natt.core.PortAllocation;
import natt.core.session.World.Packet;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// When the many ports of a random side are tried.
class ManyPortsTests {
    private static final NatBehavior RANDOM =
            behavior(
                    Dependence.ADDRESS_AND_PORT_DEPENDENT,
                    new PortAllocation.Random(),
                    Optional.empty());

    private final RelayedPair pair = new RelayedPair();
    private final World world = pair.world;
    private final long began = world.now;

    private static NatBehavior behavior(
            Dependence mapping, PortAllocation ports, Optional<Boolean> keepsUnsolicited) {
        return new NatBehavior(
                mapping,
                Dependence.UNKNOWN,
                ports,
                Optional.empty(),
                keepsUnsolicited,
                Optional.empty());
    }

    private static NatBehavior independent(boolean keepsUnsolicited) {
        return behavior(
                Dependence.ENDPOINT_INDEPENDENT,
                new PortAllocation.Preserving(),
                Optional.of(keepsUnsolicited));
    }

    private void offer(NatBehavior alices) {
        pair.lost = packet -> true;
        pair.session.attested(pair.bob.address.getAddress(), world.now);
        pair.bobs().attested(pair.alice.address.getAddress(), world.now);
        pair.offer(pair.bob, pair.bobs(), RANDOM, RelayedPair.BOB);
        pair.offer(pair.alice, pair.session, alices, RelayedPair.ALICE);
    }

    private List<Packet> probes() {
        return pair.straight(pair.alice).stream()
                .filter(each -> !each.to().equals(pair.bob.address))
                .toList();
    }

    private long firstMillis() {
        world.run(Duration.ofSeconds(20));
        assertEquals(Round.PROBES, probes().size());
        return (probes().getFirst().at() - began) / World.MILLI;
    }

    private static long firstMillis(boolean keepsUnsolicited) {
        var tests = new ManyPortsTests();
        tests.offer(independent(keepsUnsolicited));
        return tests.firstMillis();
    }

    @Test
    void theyComeFirstOnlyWhereTheirSidesNatKeepsWhatIsUnsolicited() {
        // 400 sockets at 160 a second, an eighth more, and 100 ms.
        assertEquals(2912, firstMillis(false) - firstMillis(true), 1);
    }

    @Test
    void anInitiatorThatDoesNotKnowItsNatWaitsForThat() {
        offer(NatBehavior.UNKNOWN);
        world.run(4000);
        assertEquals(List.of(), probes());
        pair.offer(pair.alice, pair.session, independent(true), RelayedPair.ALICE);
        // Known addresses are not tried again: nothing but bob's wait for his sockets is between.
        long known = (world.now - began) / World.MILLI;
        assertEquals(2000, firstMillis() - known, 200);
    }

    @Test
    void itDoesNotWaitForEver() {
        long atOnce = firstMillis(false);
        offer(NatBehavior.UNKNOWN);
        assertEquals(5000, firstMillis() - atOnce, 1);
    }
}
