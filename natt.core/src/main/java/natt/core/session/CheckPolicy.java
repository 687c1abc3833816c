package natt.core.session;

import natt.core.Route;
import natt.core.publish.SpecialPurpose;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;

/// Which addresses a peer may have this node send checks to. The peer is authenticated and may
/// still lie: its candidates could be those of somebody else.
final class CheckPolicy {
    private static final int MOST_ATTESTED = 4;
    private static final byte[] BROADCAST = {-1, -1, -1, -1};

    /// How much of an address two hosts of one link have in common, in bytes.
    private static final int LINK_IPV4 = 3;

    private static final int LINK_IPV6 = 8;

    private final LinkedHashSet<InetAddress> attested = new LinkedHashSet<>();

    /// A broker says that the peer sends from this address; the latest count.
    void attest(InetAddress address) {
        attested.remove(address);
        attested.addLast(address);
        if (attested.size() > MOST_ATTESTED) {
            attested.removeFirst();
        }
    }

    boolean isAttested(InetSocketAddress to) {
        return attested.contains(Route.remote(to).getAddress());
    }

    /// An IPv4 address from which the peer is known to send, or null.
    @Nullable Inet4Address attestedIpv4() {
        for (InetAddress each : attested.reversed()) {
            if (each instanceof Inet4Address ipv4) {
                return ipv4;
            }
        }
        return null;
    }

    boolean permits(InetSocketAddress address, List<Candidate> mine, List<Candidate> peers) {
        InetAddress ip = address.getAddress();
        boolean somebody = address.getPort() != 0 && !ip.isMulticastAddress();
        if (!somebody || ip.isAnyLocalAddress() || Arrays.equals(ip.getAddress(), BROADCAST)) {
            return false;
        }
        if (ip.isLoopbackAddress()) {
            return mine.stream().anyMatch(each -> each.address().getAddress().isLoopbackAddress());
        }
        if (ip.isLinkLocalAddress() && !(ip instanceof Inet4Address) || Route.isRoute(address)) {
            // Of no use without the scope, which means nothing to a peer.
            return false;
        }
        return !SpecialPurpose.includes(ip) || isNear(ip, mine, peers);
    }

    private boolean isNear(InetAddress ip, List<Candidate> mine, List<Candidate> peers) {
        for (Candidate each : mine) {
            InetAddress own = each.address().getAddress();
            boolean shared =
                    each.type() == Candidate.Type.HOST
                            ? sameLink(own, ip)
                            : each.type() == Candidate.Type.SERVER_REFLEXIVE && isPeers(own, peers);
            if (shared) {
                return true;
            }
        }
        return false;
    }

    private static boolean sameLink(InetAddress own, InetAddress ip) {
        byte[] a = own.getAddress();
        byte[] b = ip.getAddress();
        int length = a.length == 4 ? LINK_IPV4 : LINK_IPV6;
        return a.length == b.length && Arrays.equals(a, 0, length, b, 0, length);
    }

    /// Whether the peer is behind the same address; what a broker says of it counts for more than
    /// what it says itself.
    private boolean isPeers(InetAddress own, List<Candidate> peers) {
        if (!attested.isEmpty()) {
            return attested.contains(own);
        }
        return peers.stream()
                .anyMatch(
                        each ->
                                each.type() == Candidate.Type.SERVER_REFLEXIVE
                                        && each.address().getAddress().equals(own));
    }
}
