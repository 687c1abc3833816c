package natt.tests.sim;

import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.node.PacketRules;
import natt.core.session.Admission;
import natt.core.session.Mode;
import natt.core.session.Packets;
import natt.core.session.Session;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.testkit.SimNetwork;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// What a node of a broker does with packets: it calls its peers for ever, admits exactly these,
/// and notes what arrives. Packets carry a number each.
final class PacketRoom implements Packets {
    private static final int HEADER = 4 + Long.BYTES;

    /// The head of a datagram of WireGuard, and for IP as good as any.
    private static final int TRANSPORT_DATA = 4 << 24;

    /// A packet that has arrived.
    record Arrival(Duration at, long number, int length) {}

    final List<Arrival> arrived = new ArrayList<>();

    private final SimNetwork network;
    private final Mode mode;
    private final RandomGenerator random;
    private final Map<NodeKey, PacketRules> peers = new LinkedHashMap<>();
    private long sent;
    private boolean quiet;

    PacketRoom(SimNetwork network, Mode mode, String name) {
        this.network = network;
        this.mode = mode;
        random = network.random(name + " calls");
    }

    /// Calls a peer from now on.
    void add(NodeKey own, NodeKey peer) {
        peers.put(peer, new PacketRules(own, peer, random, network.nanoTime()));
    }

    Optional<Session> serving(NodeKey peer) {
        return Optional.ofNullable(peers.get(peer)).flatMap(PacketRules::serving);
    }

    List<Session> sessions(NodeKey peer) {
        return peers.get(peer).sessions();
    }

    // ---- packets

    /// Sends the next packet; false if it is lost already.
    boolean send(NodeKey peer, int length) {
        Optional<Session> session = serving(peer);
        if (session.isEmpty()) {
            return false;
        }
        ByteBuffer packet = ByteBuffer.allocate(Math.max(HEADER, length));
        packet.putInt(TRANSPORT_DATA).putLong(sent).position(0);
        boolean taken = session.get().send(packet, network.nanoTime());
        sent += taken ? 1 : 0;
        return taken;
    }

    /// How many packets have been taken to be sent.
    long sent() {
        return sent;
    }

    /// Sends one packet after the other from now on.
    void beat(NodeKey peer, Duration interval, int length) {
        quiet = false;
        tick(peer, interval, length);
    }

    private void tick(NodeKey peer, Duration interval, int length) {
        if (!quiet) {
            send(peer, length);
            network.after(interval, () -> tick(peer, interval, length));
        }
    }

    /// Sends no more.
    void quiet() {
        quiet = true;
    }

    @Override
    public Mode mode() {
        return mode;
    }

    @Override
    public Admission admission() {
        return (key, from) ->
                peers.containsKey(key)
                        ? Admission.Answer.listedKey()
                        : Admission.Answer.refuse(CloseCode.UNKNOWN_KEY);
    }

    @Override
    public void handle(Session from, ByteBuffer packet, long nowNanos) {
        int length = packet.remaining();
        packet.getInt();
        arrived.add(new Arrival(network.elapsed(), packet.getLong(), length));
    }

    // ---- sessions, as natt.core.node.PacketService has them

    void happened(Session session, SessionEvent event, long nowNanos) {
        PacketRules rules = peers.get(session.peer());
        if (event instanceof SessionEvent.Established && !session.initiator()) {
            rules.add(session);
        }
        rules.happened(session, event, nowNanos);
    }

    void carried(NodeKey peer) {
        PacketRules rules = peers.get(peer);
        if (rules != null) {
            rules.hurry(network.nanoTime());
        }
    }

    void hurry() {
        peers.values().forEach(each -> each.hurry(network.nanoTime()));
    }

    /// Returns the nanoseconds until the next call is of use.
    long serve(ReachNode node, long nowNanos) {
        long wait = Engine.NEVER;
        for (Map.Entry<NodeKey, PacketRules> each : peers.entrySet()) {
            if (each.getValue().serve(nowNanos)) {
                each.getValue().add(node.callPackets(each.getKey()));
            }
            wait = Math.min(wait, each.getValue().nanosUntilCall(nowNanos));
        }
        return wait;
    }
}
