package natt.tun.packet;

import natt.tun.packet.IcmpErrors.Why;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Decides where packets go: from the device to the peer that owns the destination, and from a
/// peer to the device if the peer owns the source. What may not pass is dropped and counted by
/// name; the sender hears of it by ICMP where that helps: there is no such peer, it is not there,
/// or the packet is too wide for the path to it.
///
/// It has one thread, no socket and no clock.
public final class PacketRouter {
    /// What IPv6 promises to every packet (RFC 8200, section 5), and what hosts of IPv4 promise
    /// each other (RFC 1122, section 3.3.3). A smaller path carries these in parts.
    private static final int LEAST_IPV6 = 1280;

    private static final int LEAST_IPV4 = 576;

    private static final int UNREACHABLES_A_SECOND = 10;
    private static final int TOO_BIGS_A_SECOND = 100;

    /// Takes packets for the machine.
    public interface Device {
        /// @param packet between position and limit; only lent
        /// @return false if it is lost
        boolean write(ByteBuffer packet);
    }

    /// @param locals the addresses of the device
    /// @param mtu the largest packet that the device takes
    /// @param widest the largest packet that any peer can send or be sent, in up to four parts
    /// @param forward whether packets may go from one peer to another
    /// @param ownPort the UDP port of what carries the packets, whose own datagrams must not go
    ///     through itself
    public record Config(
            List<LocalAddress> locals, int mtu, int widest, boolean forward, int ownPort) {
        public Config {
            locals = List.copyOf(locals);
        }
    }

    private final Locals locals;
    private final int mtu;
    private final int widest;
    private final boolean forward;
    private int ownPort;
    private final Device device;
    private final IpPacket packet = new IpPacket();
    private final IcmpErrors errors = new IcmpErrors();
    private final ErrorRate unreachables =
            new ErrorRate(UNREACHABLES_A_SECOND, UNREACHABLES_A_SECOND);
    private final ErrorRate tooBigs = new ErrorRate(TOO_BIGS_A_SECOND, TOO_BIGS_A_SECOND);
    private final long[] counts = new long[Counter.values().length];
    private AllowedIps<FarEnd> allowed;

    /// @param allowed what each peer owns
    public PacketRouter(Config config, AllowedIps<FarEnd> allowed, Device device) {
        locals = new Locals(config.locals());
        mtu = config.mtu();
        widest = config.widest();
        forward = config.forward();
        ownPort = config.ownPort();
        this.allowed = allowed;
        this.device = device;
    }

    /// Takes another UDP port of what carries the packets.
    public void carriedFrom(int port) {
        ownPort = port;
    }

    /// Replaces what each peer owns.
    public void allow(AllowedIps<FarEnd> replacement) {
        allowed = replacement;
    }

    /// Takes a packet that the machine sends.
    ///
    /// @param bytes one packet between position and limit; only lent
    public void fromDevice(ByteBuffer bytes, long nowNanos) {
        if (!packet.read(bytes)) {
            count(Counter.DEVICE_MALFORMED);
            return;
        }
        // The machine's chatter with its links comes from unspecified and link-local addresses.
        switch (destinationScope()) {
            case MULTICAST -> count(Counter.DEVICE_MULTICAST);
            case MARTIAN -> count(Counter.DEVICE_MARTIAN);
            case LINK_LOCAL -> count(Counter.DEVICE_LINK_LOCAL);
            case HOST -> {
                switch (sourceScope()) {
                    case MULTICAST, MARTIAN -> count(Counter.DEVICE_MARTIAN);
                    case LINK_LOCAL -> count(Counter.DEVICE_LINK_LOCAL);
                    case HOST -> toPeer(bytes, nowNanos);
                }
            }
        }
    }

    private void toPeer(ByteBuffer bytes, long nowNanos) {
        if (isReflexive() || isToLocal()) {
            count(Counter.DEVICE_MARTIAN);
            return;
        }
        if (packet.isUdpFrom(ownPort) && isFromLocal()) {
            count(Counter.DEVICE_NESTED);
            return;
        }
        FarEnd to = destinationOwner();
        if (to == null) {
            count(Counter.NO_ROUTE);
            refuse(Why.NO_ROUTE, null, nowNanos);
        } else if (send(to, null, bytes, nowNanos)) {
            count(Counter.TO_PEERS);
        }
    }

    /// Takes a packet that a peer has sent.
    ///
    /// @param bytes one packet between position and limit; only lent, and perhaps changed
    public void fromPeer(FarEnd from, ByteBuffer bytes, long nowNanos) {
        Counter why = flaw(from, bytes);
        if (why != null) {
            count(why);
            return;
        }
        FarEnd to = isToLocal() ? null : destinationOwner();
        // What lies in the sender's own prefix may be this machine's all the same, by another
        // interface; the kernel's routes know.
        if (to == null || to == from) {
            toDevice(bytes);
        } else if (!forward) {
            count(Counter.PEER_NOT_FORWARDED);
        } else {
            forward(from, to, bytes, nowNanos);
        }
    }

    private void toDevice(ByteBuffer bytes) {
        if (packet.length() > mtu) {
            count(Counter.PEER_OVERSIZE);
        } else {
            count(device.write(bytes) ? Counter.TO_DEVICE : Counter.NOT_WRITTEN);
        }
    }

    /// Why a peer must not have sent this, or null if it may.
    private @Nullable Counter flaw(FarEnd from, ByteBuffer bytes) {
        if (!packet.read(bytes)) {
            return Counter.PEER_MALFORMED;
        }
        if (packet.length() > widest) {
            return Counter.PEER_OVERSIZE;
        }
        if (packet.isSourceRouted()) {
            return Counter.PEER_SOURCE_ROUTED;
        }
        AddressScope destination = destinationScope();
        AddressScope source = sourceScope();
        if (destination == AddressScope.MULTICAST) {
            return Counter.PEER_MULTICAST;
        }
        if (destination == AddressScope.MARTIAN
                || source == AddressScope.MARTIAN
                || source == AddressScope.MULTICAST
                || isReflexive()) {
            return Counter.PEER_MARTIAN;
        }
        if (destination == AddressScope.LINK_LOCAL || source == AddressScope.LINK_LOCAL) {
            return Counter.PEER_LINK_LOCAL;
        }
        if (!ownsSource(from)) {
            return Counter.PEER_SPOOFED;
        }
        return packet.isUdpTo(ownPort) && isToLocal() ? Counter.PEER_NESTED : null;
    }

    private boolean ownsSource(FarEnd from) {
        boolean six = packet.isIpv6();
        long high = packet.sourceHigh();
        long low = packet.sourceLow();
        return !isFromLocal()
                && !locals.isBroadcast(six, high, low)
                && allowed.find(six, high, low) == from;
    }

    private void forward(FarEnd from, FarEnd to, ByteBuffer bytes, long nowNanos) {
        // Else packets could go round in circles among hubs.
        if (packet.hopLimit() <= 1) {
            count(Counter.PEER_HOP_LIMIT);
            return;
        }
        packet.decrementHopLimit();
        if (send(to, from, bytes, nowNanos)) {
            count(Counter.FORWARDED);
        }
    }

    /// @param origin the peer that has sent it; null is the device
    private boolean send(FarEnd to, @Nullable FarEnd origin, ByteBuffer bytes, long nowNanos) {
        if (!to.isUp()) {
            count(Counter.PEER_DOWN);
            refuse(Why.HOST, origin, nowNanos);
            return false;
        }
        int width = width(to);
        if (packet.length() > (packet.mustStayWhole() ? width : widest)) {
            count(Counter.TOO_BIG);
            if (packet.mustStayWhole() && tellable(tooBigs, nowNanos)) {
                back(errors.tooBig(packet, width), origin, nowNanos);
            }
            return false;
        }
        if (!to.send(bytes, nowNanos)) {
            count(Counter.NOT_SENT);
            return false;
        }
        return true;
    }

    private int width(FarEnd to) {
        if (!to.packetSizeIsFinal()) {
            return widest;
        }
        int least = packet.isIpv6() ? LEAST_IPV6 : LEAST_IPV4;
        return Math.min(widest, Math.max(least, to.packetSize()));
    }

    private void refuse(Why why, @Nullable FarEnd origin, long nowNanos) {
        if (tellable(unreachables, nowNanos)) {
            back(errors.unreachable(packet, why), origin, nowNanos);
        }
    }

    private boolean tellable(ErrorRate rate, long nowNanos) {
        if (!IcmpErrors.mayBeAbout(packet)) {
            return false;
        }
        boolean allows = rate.allows(nowNanos);
        if (!allows) {
            count(Counter.ERRORS_WITHHELD);
        }
        return allows;
    }

    private void back(ByteBuffer error, @Nullable FarEnd origin, long nowNanos) {
        boolean sent = origin == null ? device.write(error) : origin.send(error, nowNanos);
        if (sent) {
            count(Counter.ERRORS_SENT);
        }
    }

    private AddressScope destinationScope() {
        boolean six = packet.isIpv6();
        long high = packet.destinationHigh();
        long low = packet.destinationLow();
        return locals.isBroadcast(six, high, low) ? AddressScope.MULTICAST : scope(six, high, low);
    }

    private AddressScope sourceScope() {
        return scope(packet.isIpv6(), packet.sourceHigh(), packet.sourceLow());
    }

    private AddressScope scope(boolean six, long high, long low) {
        AddressScope scope = AddressScope.of(six, high, low);
        return scope == AddressScope.LINK_LOCAL && locals.linkLocal(six)
                ? AddressScope.HOST
                : scope;
    }

    private boolean isReflexive() {
        return packet.sourceHigh() == packet.destinationHigh()
                && packet.sourceLow() == packet.destinationLow();
    }

    private boolean isFromLocal() {
        return locals.has(packet.isIpv6(), packet.sourceHigh(), packet.sourceLow());
    }

    private boolean isToLocal() {
        return locals.has(packet.isIpv6(), packet.destinationHigh(), packet.destinationLow());
    }

    private @Nullable FarEnd destinationOwner() {
        return allowed.find(packet.isIpv6(), packet.destinationHigh(), packet.destinationLow());
    }

    private void count(Counter counter) {
        counts[counter.ordinal()]++;
    }

    /// How many packets have gone where, and how many errors were sent, or withheld by the rate.
    public SortedMap<String, Long> passed() {
        return counters(counter -> !counter.isDrop());
    }

    /// How many packets were dropped, by the reason.
    public SortedMap<String, Long> dropped() {
        return counters(Counter::isDrop);
    }

    private SortedMap<String, Long> counters(Predicate<Counter> wanted) {
        var found = new TreeMap<String, Long>();
        for (Counter each : Counter.values()) {
            if (wanted.test(each)) {
                found.put(each.shown(), counts[each.ordinal()]);
            }
        }
        return found;
    }
}
