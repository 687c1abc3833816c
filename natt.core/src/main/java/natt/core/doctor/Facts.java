package natt.core.doctor;

import java.util.List;
import java.util.Optional;

/// Everything that an examination has brought to light.
///
/// @param dns empty if no name was given
/// @param rights likewise
/// @param peer empty if no target was given
record Facts(
        NatFacts nat,
        SixFacts six,
        GatewayFacts gateway,
        WidthFacts width,
        List<BrokerFacts> brokers,
        Optional<DnsFacts> dns,
        Optional<RightsFacts> rights,
        ServiceFacts services,
        Optional<PeerFacts> peer) {
    Facts {
        brokers = List.copyOf(brokers);
    }
}
