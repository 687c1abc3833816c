package natt.discovery.stun.proto;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.List;

/// The server that a behavior discovery turns to, and what it can do.
///
/// @param address as it was given, without a route
/// @param other its other address with its other port, if it speaks RFC 5780
/// @param otherPort its own address with its other port, as far as that is known
/// @param changesPort whether it heeds CHANGE-REQUEST at least for the port
record Helper(
        InetSocketAddress address,
        @Nullable InetSocketAddress other,
        @Nullable InetSocketAddress otherPort,
        boolean changesPort) {

    /// @param known servers, one of which may be the other port of this
    static Helper of(
            InetSocketAddress address, Question.Answer answer, List<InetSocketAddress> known) {
        InetSocketAddress other =
                answer.otherAddress().filter(claimed -> isOther(claimed, address)).orElse(null);
        if (other != null) {
            var otherPort = new InetSocketAddress(address.getAddress(), other.getPort());
            return new Helper(address, other, otherPort, true);
        }
        InetSocketAddress otherPort =
                known.stream()
                        .filter(each -> each.getAddress().equals(address.getAddress()))
                        .filter(each -> each.getPort() != address.getPort())
                        .findFirst()
                        .orElse(null);
        return new Helper(address, null, otherPort, answer.responseOrigin().isPresent());
    }

    /// Whether a server may have this other address: what it says decides where we send.
    private static boolean isOther(InetSocketAddress claimed, InetSocketAddress address) {
        return MappingDiscovery.usable(claimed)
                && claimed.getAddress().getClass() == address.getAddress().getClass()
                && !claimed.getAddress().equals(address.getAddress())
                && claimed.getPort() != address.getPort();
    }

    /// The other address with the first port.
    @Nullable InetSocketAddress otherAddress() {
        return other == null ? null : new InetSocketAddress(other.getAddress(), address.getPort());
    }

    /// How much this one helps.
    int worth() {
        return other != null ? 2 : changesPort ? 1 : 0;
    }
}
