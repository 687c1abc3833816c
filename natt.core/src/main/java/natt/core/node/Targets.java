package natt.core.node;

import natt.core.ResetCode;
import natt.core.forward.TargetDialer;
import natt.core.forward.Turnstile;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/// What the streams of peers may be connected to. Lives on the driver's thread.
interface Targets {
    /// What a stream gets that asks for a service.
    sealed interface Answer {}

    /// @param code what the peer is told
    /// @param why what the log says
    record Refused(ResetCode code, String why) implements Answer {}

    /// @param listName by which a list of clients names it
    /// @param confirmed whether the peer is told by a byte that it has been connected
    record Offered(String listName, Destination to, Turnstile turnstile, boolean confirmed)
            implements Answer {}

    sealed interface Destination {}

    record Tcp(TargetDialer dialer) implements Destination {}

    /// @param environment all that it finds there, but for who asks: `NATT_PEER`
    record Program(List<String> words, Map<String, String> environment) implements Destination {}

    Answer find(String asked);

    /// Those of all that [#find] offers.
    Collection<Turnstile> turnstiles();
}
