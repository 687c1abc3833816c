package natt.tests.sim;


import natt.testkit.NatType;
import natt.testkit.SimNetwork;

import org.junit.jupiter.api.Test;

import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;

/// Direct paths through the NATs of the laboratory, from a relay.
class SearchSimTests {
    private static final List<NatType> TYPES =
            List.copyOf(EnumSet.complementOf(EnumSet.of(NatType.UDP_BLOCKED, NatType.DNS_ONLY)));

    @Test
    void table() {
        for (NatType one : TYPES) {
            var row = new StringBuilder("%-24s".formatted(one.label()));
            for (NatType other : TYPES) {
                var result = new AtomicReference<String>("");
                SimNetwork.run(
                        7,
                        network -> {
                            var world = new SearchWorld(network, one, other);
                            world.connect(true);
                            OptionalDouble seconds = world.secondsUntilDirect(20);
                            result.set(
                                    seconds.isPresent()
                                            ? "%6.2f".formatted(seconds.getAsDouble())
                                            : "     -");
                        });
                row.append(result.get());
            }
            System.out.println(row);
        }
    }
}
