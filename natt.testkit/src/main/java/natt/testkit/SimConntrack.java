package natt.testkit;

import java.net.InetAddress;
import java.time.Duration;
import java.util.random.RandomGenerator;

/// What Linux does with UDP, by its table of flows: it has no mappings, only the transport
/// addresses of both ends of each flow, before and after translation.
///
/// A packet is of a flow if it has the flow's addresses in either direction; everything else
/// begins a flow. From outside that is refused; but at a translator's own address the kernel
/// takes the packet for its own, and keeps the flow although nobody listens. While it is kept,
/// no inside host's packet to that remote can leave from that port: it would be of two flows.
///
/// @param masquerades whether packets that leave get the external address (the `masquerade`
///     statement); if not it is a stateful firewall
/// @param randomPorts whether each flow gets a random external port (`fully-random`); if not,
///     that of the latest flow from the same inside transport address, else the inside port,
///     where this is unique, and a random one where it is not
/// @param keepsUnsolicited whether packets to the translator itself begin flows; not so where its
///     own input is filtered
/// @param unreplied how long a flow lives after its last packet, unless seen both ways
/// @param replied how long it lives if seen both ways and with a packet after its first two
///     seconds
public record SimConntrack(
        boolean masquerades,
        boolean randomPorts,
        boolean keepsUnsolicited,
        Duration unreplied,
        Duration replied)
        implements SimTranslator.Model {

    /// `masquerade` with the kernel's lifetimes, and no filter before the translator itself.
    public static SimConntrack masquerade() {
        return of(true, false);
    }

    /// `masquerade fully-random`.
    public static SimConntrack masqueradeFullyRandom() {
        return of(true, true);
    }

    /// A filter that lets out everything, and in what belongs to it.
    public static SimConntrack firewall() {
        return of(false, false);
    }

    private static SimConntrack of(boolean masquerades, boolean randomPorts) {
        return new SimConntrack(
                masquerades,
                randomPorts,
                masquerades,
                Duration.ofSeconds(30),
                Duration.ofSeconds(120));
    }

    public SimConntrack withLifetimes(Duration newUnreplied, Duration newReplied) {
        return new SimConntrack(
                masquerades, randomPorts, keepsUnsolicited, newUnreplied, newReplied);
    }

    public SimConntrack withKeepsUnsolicited(boolean keeps) {
        return new SimConntrack(masquerades, randomPorts, keeps, unreplied, replied);
    }

    @Override
    public boolean translates() {
        return masquerades;
    }

    @Override
    public SimTranslator translator(InetAddress externalAddress, RandomGenerator random) {
        return new FlowTranslator(this, externalAddress, random);
    }
}
