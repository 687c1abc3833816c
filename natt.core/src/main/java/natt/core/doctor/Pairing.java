package natt.core.doctor;

import natt.core.Dependence;
import natt.core.PortAllocation;
import natt.core.doctor.Verdict.Way;
import natt.core.status.Report;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// How this side meets a peer.
///
/// @param peer what the peer's network is
/// @param open whether natts on this side can be sent to as it is
/// @param together whether both are behind one NAT
/// @param broker whether this side reaches one
public record Pairing(
        String peer, Verdict verdict, boolean open, boolean together, boolean broker) {

    static Pairing of(PeerReport mine, PeerReport peer, boolean broker) {
        boolean together =
                mine.side().nat()
                        && peer.side().nat()
                        && mine.side().udp()
                        && peer.side().udp()
                        && mine.external().isPresent()
                        && mine.external().equals(peer.external());
        Verdict verdict =
                together
                        ? new Verdict(Way.PUNCHING, 1, Duration.ofSeconds(2))
                        : Verdict.of(mine.side(), peer.side());
        boolean open = mine.side().isOpenTo(peer.side());
        return new Pairing(peer.side().name(), verdict, open, together, broker);
    }

    /// With each class of peers.
    static List<Pairing> table(PeerReport mine, boolean broker) {
        var table = new ArrayList<Pairing>();
        for (Side each : classes()) {
            var peer = new PeerReport(each, Optional.empty());
            table.add(of(mine, peer, broker));
        }
        return List.copyOf(table);
    }

    private static List<Side> classes() {
        Dependence independent = Dependence.ENDPOINT_INDEPENDENT;
        Dependence address = Dependence.ADDRESS_DEPENDENT;
        Dependence both = Dependence.ADDRESS_AND_PORT_DEPENDENT;
        var preserving = new PortAllocation.Preserving();
        return List.of(
                Side.of(independent, independent, preserving),
                Side.of(independent, address, preserving),
                Side.of(independent, both, preserving),
                Side.of(both, both, new PortAllocation.Sequential(1)),
                Side.of(both, both, new PortAllocation.Random()),
                Side.BLOCKED);
    }

    /// A clause for a person.
    public String describe() {
        if (together) {
            return "direct inside the NAT that both are behind"
                    + (broker ? "" : ", with a broker, or by an address in the record");
        }
        if (verdict.way() == Way.DIRECT && !open && !broker) {
            return verdict.describe() + " if natts runs there; unreachable here without a broker";
        }
        if (verdict.needsBroker() && !broker) {
            return verdict.way() == Way.RELAY
                    ? "unreachable without a broker; by its relay with one"
                    : verdict.describe() + "; all that with a broker, unreachable without";
        }
        return verdict.describe();
    }

    Report report() {
        return Report.builder()
                .text("peer", peer)
                .text("way", verdict.way().name().toLowerCase(Locale.ROOT))
                .percent("odds", verdict.odds())
                .seconds("within", verdict.within())
                .flag("needsBroker", verdict.needsBroker() || !open)
                .flag("sameNat", together)
                .text("text", describe())
                .build();
    }
}
