package natt.wireguard.proto;

import natt.core.NodeKey;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.PeerState;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Decides what the endpoint of each peer of a WireGuard interface should be, from what WireGuard
/// has and from the paths of natt's sessions with the peers.
///
/// WireGuard shakes hands at once when a keepalive is turned on. Two that do so at the same moment
/// drop each other's answers, so the one with the smaller key does, the other only if that did not
/// help.
///
/// An endpoint on the loopback that is not natt's socket for that peer counts as none: an earlier
/// natt, which did not end well, has left it.
///
/// A peer whose session has never been up is left as it is: it may have no natt. What [#decide]
/// returns counts as set until the next [#look] shows what is.
public final class Endpoints {
    /// Who sends WireGuard's datagrams into the network.
    public enum Mode {
        /// natt: the endpoint of a peer is natt's socket on the loopback.
        CARRIED,
        /// WireGuard itself, wherever there is a direct path; else natt.
        DIRECT
    }

    /// After this WireGuard rejects the keys of a handshake (its whitepaper, section 6.1).
    static final long YOUNG_NANOS = 180_000_000_000L;

    /// What keeps a mapping of a NAT alive, and lets WireGuard shake hands without being used.
    static final int KEEPALIVE_SECONDS = 25;

    /// After this whoever has the larger key begins a handshake too.
    private static final long PATIENCE_NANOS = 1_500_000_000;

    /// How old a look may be and yet tell what has come before something is set.
    private static final long FRESH_NANOS = 100_000_000;

    private static final class Peer {
        private final InetSocketAddress socket;
        private boolean isUp;

        /// The session's, if it has one; the network's addresses only.
        private @Nullable InetSocketAddress path;

        /// The direct path that the session had before.
        private @Nullable InetSocketAddress left;

        private boolean isSeen;
        private long lookedAtNanos;
        private @Nullable InetSocketAddress endpoint;

        /// Whether the endpoint, which counts as none, is on the loopback.
        private boolean isStray;

        private int keepalive;

        /// What [Endpoints] has set last.
        private @Nullable InetSocketAddress set;

        private @Nullable InetSocketAddress original;
        private int originalKeepalive;
        private long received;
        private long handshakeSeconds;
        private boolean hasHandshake;
        private long handshakeAtNanos;

        /// Whether a handshake is awaited that the peer should begin.
        private boolean awaits;

        private long awaitsSinceNanos;

        /// Whether something has come since the endpoint was set, if it was.
        private boolean isHeard = true;

        /// Whether what follows is known: what had come when the endpoint was set.
        private boolean hasBefore;

        private long receivedBefore;
        private long handshakeBefore;

        /// Whether the other end is to be told that WireGuard has left natt's socket by itself.
        private boolean leavesSocket;

        private Peer(InetSocketAddress socket) {
            this.socket = socket;
        }
    }

    private final Mode mode;
    private final NodeKey own;
    private final Map<NodeKey, Peer> peers = new LinkedHashMap<>();

    /// @param own the interface's public key
    public Endpoints(Mode mode, NodeKey own) {
        this.mode = mode;
        this.own = own;
    }

    /// Begins with a peer.
    ///
    /// @param socket natt's for this peer, on the loopback
    public void add(NodeKey key, InetSocketAddress socket) {
        peers.put(key, new Peer(socket));
    }

    /// Forgets a peer, which WireGuard has no longer.
    public void remove(NodeKey key) {
        peers.remove(key);
    }

    /// Takes how the session with a peer is.
    ///
    /// @param isUp whether it carries, be it by relay
    /// @param direct its path, if it has a direct one that WireGuard can use too
    public void session(NodeKey key, boolean isUp, Optional<InetSocketAddress> direct) {
        Peer peer = peers.get(key);
        if (peer == null) {
            return;
        }
        peer.isUp = isUp;
        InetSocketAddress path = direct.orElse(null);
        if (peer.path != null && !peer.path.equals(path)) {
            peer.left = peer.path;
        }
        peer.path = path;
    }

    /// Takes that the endpoint of a peer works, whoever found it: it is as if the session had it,
    /// and no path before it counts.
    public void settle(NodeKey key) {
        Peer peer = peers.get(key);
        InetSocketAddress endpoint = peer == null ? null : peer.endpoint;
        if (peer == null || endpoint == null) {
            return;
        }
        peer.path = endpoint;
        peer.left = null;
        if (!endpoint.equals(peer.set)) {
            peer.set = null;
        }
    }

    /// Takes how the interface is. Peers that were not added are passed over.
    ///
    /// @param unixSeconds the wall clock, by which WireGuard tells handshakes; it counts only for
    ///     those that were before the first look, since it may be set
    public void look(List<PeerState> states, long unixSeconds, long nowNanos) {
        for (PeerState state : states) {
            Peer peer = peers.get(state.key());
            if (peer != null) {
                look(peer, state, unixSeconds, nowNanos);
            }
        }
    }

    private static void look(Peer peer, PeerState state, long unixSeconds, long nowNanos) {
        InetSocketAddress there = state.endpoint().orElse(null);
        peer.isStray = there != null && isLoopback(there) && !there.equals(peer.socket);
        peer.endpoint = peer.isStray ? null : there;
        peer.lookedAtNanos = nowNanos;
        peer.received = state.received();
        peer.keepalive = state.keepaliveSeconds();
        long age = 0;
        if (!peer.isSeen) {
            peer.isSeen = true;
            peer.original = peer.endpoint;
            peer.originalKeepalive = peer.keepalive;
            age = Math.max(0, unixSeconds - state.handshakeSeconds());
        }
        if (state.handshakeSeconds() != peer.handshakeSeconds) {
            peer.handshakeSeconds = state.handshakeSeconds();
            peer.hasHandshake = state.handshakeSeconds() > 0 && age < YOUNG_NANOS / 1_000_000_000;
            peer.handshakeAtNanos = nowNanos - age * 1_000_000_000;
        }
        if (!peer.isHeard) {
            hear(peer);
        }
    }

    private static boolean isLoopback(InetSocketAddress endpoint) {
        return !endpoint.isUnresolved() && endpoint.getAddress().isLoopbackAddress();
    }

    private static boolean isInNetwork(Peer peer) {
        return peer.endpoint != null && !peer.endpoint.equals(peer.socket);
    }

    /// WireGuard's endpoint is where the latest datagram came from. So what is new has come by the
    /// network, if the endpoint is there.
    private static void hear(Peer peer) {
        boolean isNew =
                peer.received != peer.receivedBefore
                        || peer.handshakeSeconds != peer.handshakeBefore;
        if (peer.hasBefore && isNew && isInNetwork(peer)) {
            peer.isHeard = true;
        } else if (!peer.hasBefore || isNew) {
            begin(peer);
        }
    }

    private static void begin(Peer peer) {
        peer.hasBefore = true;
        peer.receivedBefore = peer.received;
        peer.handshakeBefore = peer.handshakeSeconds;
    }

    /// Forgets handshakes that are no longer young. Called at least once in 292 years.
    private static boolean isYoung(Peer peer, long nowNanos) {
        peer.hasHandshake &= nowNanos - peer.handshakeAtNanos < YOUNG_NANOS;
        return peer.hasHandshake && !peer.isStray;
    }

    /// Whether WireGuard has shaken hands with a peer less than 180 s ago: whatever its endpoint
    /// is, it works.
    public boolean hasYoungHandshake(NodeKey key, long nowNanos) {
        Peer peer = peers.get(key);
        return peer != null && isYoung(peer, nowNanos);
    }

    /// What to set now, in this order.
    public List<PeerChange> decide(long nowNanos) {
        var changes = new ArrayList<PeerChange>();
        peers.forEach(
                (key, peer) -> {
                    InetSocketAddress wanted = wanted(peer, nowNanos);
                    if (wanted != null && !wanted.equals(peer.endpoint)) {
                        set(key, peer, wanted, nowNanos, changes);
                    } else if (peer.leavesSocket && isInNetwork(peer)) {
                        peer.leavesSocket = false;
                        wake(key, peer, Optional.empty(), changes);
                    } else if (peer.isUp
                            && peer.endpoint != null
                            && peer.endpoint.equals(peer.set)) {
                        keepAlive(key, peer, nowNanos, changes);
                    }
                });
        return changes;
    }

    private @Nullable InetSocketAddress wanted(Peer peer, long nowNanos) {
        if (!peer.isSeen || !peer.isUp) {
            return null;
        }
        if (mode == Mode.CARRIED) {
            return peer.socket;
        }
        InetSocketAddress there = peer.endpoint;
        if (there != null && !there.equals(peer.socket) && isYoung(peer, nowNanos)) {
            boolean isLeft = there.equals(peer.set) || there.equals(peer.left);
            if (!isLeft) {
                // Found by WireGuard itself, or by the user.
                return null;
            }
        }
        if (peer.path == null) {
            return peer.socket;
        }
        // Soon after a look it is known what has come by the relay before.
        boolean waits = peer.socket.equals(there) && nowNanos - peer.lookedAtNanos > FRESH_NANOS;
        return waits ? null : peer.path;
    }

    private void set(
            NodeKey key,
            Peer peer,
            InetSocketAddress wanted,
            long nowNanos,
            List<PeerChange> changes) {
        boolean isYoung = isYoung(peer, nowNanos);
        boolean isNetwork = !wanted.equals(peer.socket);
        peer.isHeard = false;
        peer.hasBefore = false;
        if (!isYoung || nowNanos - peer.lookedAtNanos <= FRESH_NANOS) {
            begin(peer);
        }
        peer.leavesSocket = mode == Mode.DIRECT && !isNetwork;
        if (isYoung && isNetwork) {
            // No handshake: a keepalive, by which the other end knows that this way works.
            wake(key, peer, Optional.of(wanted), changes);
        } else if (isYoung) {
            changes.add(new PeerChange(key, Optional.of(wanted), changedKeepalive(peer)));
        } else if (own.compareTo(key) < 0) {
            wake(key, peer, Optional.of(wanted), changes);
        } else {
            changes.add(new PeerChange(key, Optional.of(wanted), OptionalInt.empty()));
            peer.awaits = true;
            peer.awaitsSinceNanos = nowNanos;
        }
        peer.endpoint = wanted;
        peer.isStray = false;
        peer.set = wanted;
    }

    /// Sees to a keepalive that was left alone at first.
    private static void keepAlive(NodeKey key, Peer peer, long nowNanos, List<PeerChange> changes) {
        if (isYoung(peer, nowNanos)) {
            peer.awaits = false;
            OptionalInt changed = changedKeepalive(peer);
            if (changed.isPresent()) {
                changes.add(new PeerChange(key, Optional.empty(), changed));
            }
        } else if (peer.awaits && nowNanos - peer.awaitsSinceNanos >= PATIENCE_NANOS) {
            peer.awaits = false;
            wake(key, peer, Optional.empty(), changes);
        }
    }

    /// Turns the keepalive on, off before if it is on.
    private static void wake(
            NodeKey key,
            Peer peer,
            Optional<InetSocketAddress> endpoint,
            List<PeerChange> changes) {
        int keepalive = keepalive(peer);
        if (peer.keepalive != 0) {
            changes.add(new PeerChange(key, Optional.empty(), OptionalInt.of(0)));
        }
        changes.add(new PeerChange(key, endpoint, OptionalInt.of(keepalive)));
        peer.keepalive = keepalive;
    }

    private static OptionalInt changedKeepalive(Peer peer) {
        int keepalive = keepalive(peer);
        if (keepalive == peer.keepalive) {
            return OptionalInt.empty();
        }
        peer.keepalive = keepalive;
        return OptionalInt.of(keepalive);
    }

    private static int keepalive(Peer peer) {
        return peer.keepalive == 0
                ? KEEPALIVE_SECONDS
                : Math.min(peer.keepalive, KEEPALIVE_SECONDS);
    }

    /// Whether WireGuard needs natt no longer, until somebody moves: every peer has an endpoint in
    /// the network, a young handshake, and has been heard since something was set.
    public boolean isDone(long nowNanos) {
        return !peers.isEmpty()
                && peers.values().stream()
                        .allMatch(
                                peer ->
                                        isInNetwork(peer)
                                                && peer.isHeard
                                                && isYoung(peer, nowNanos));
    }

    /// What to set when natt ends: peers whose endpoint is natt's socket get the one that they had.
    public List<PeerChange> restore() {
        var changes = new ArrayList<PeerChange>();
        peers.forEach(
                (key, peer) -> {
                    if (peer.socket.equals(peer.endpoint) && peer.original != null) {
                        changes.add(
                                new PeerChange(
                                        key,
                                        Optional.of(peer.original),
                                        OptionalInt.of(peer.originalKeepalive)));
                    }
                });
        return changes;
    }

    /// The peers that keep natt's socket when natt ends, since they had no endpoint before:
    /// WireGuard cannot take one away.
    public List<NodeKey> orphans() {
        return peers.entrySet().stream()
                .filter(each -> each.getValue().socket.equals(each.getValue().endpoint))
                .filter(each -> each.getValue().original == null)
                .map(Map.Entry::getKey)
                .toList();
    }
}
