package natt.tun.device;

import natt.core.keys.AddressPrefix;
import natt.core.unix.Libc;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Optional;

/// Requests and answers about links, addresses and routes (`rtnetlink(7)`).
final class RouteMessages {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_DELADDR = 21;
    private static final int RTM_GETADDR = 22;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_GETROUTE = 26;

    private static final int LINK_BYTES = 16;
    private static final int ADDRESS_BYTES = 8;
    private static final int ROUTE_BYTES = 12;

    private static final int IFF_UP = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_AF_SPEC = 26;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_TUN_OWNER = 1;
    private static final int IFLA_TUN_TYPE = 3;
    private static final int IFLA_TUN_MULTI_QUEUE = 7;
    private static final int TYPE_TUN = 1;
    private static final int IFLA_INET6_ADDR_GEN_MODE = 8;
    private static final byte ADDR_GEN_MODE_NONE = 1;

    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_FLAGS = 8;
    private static final int IFA_F_NODAD = 2;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RT_TABLE_MAIN = 254;
    private static final int RTPROT_STATIC = 4;
    private static final int RT_SCOPE_UNIVERSE = 0;
    private static final int RT_SCOPE_LINK = 253;
    private static final int RT_SCOPE_NOWHERE = 255;
    private static final int RTN_UNICAST = 1;

    private RouteMessages() {}

    /// A device as the kernel describes it.
    ///
    /// @param owner the user who may join it, -1 if it is not one user's
    record Link(
            int index,
            String name,
            int mtu,
            boolean up,
            boolean tun,
            boolean multiQueue,
            int owner) {}

    static Netlink getLink(String name) {
        return new Netlink(RTM_GETLINK, 0).bytes(new int[LINK_BYTES]).attribute(IFLA_IFNAME, name);
    }

    static Netlink setMtu(int index, int mtu) {
        return link(index, 0, 0).attribute(IFLA_MTU, mtu);
    }

    static Netlink setUp(int index) {
        return link(index, IFF_UP, IFF_UP);
    }

    static Netlink setDown(int index) {
        return link(index, 0, IFF_UP);
    }

    /// Keeps the kernel from giving the device a link-local address, from which it would ask for
    /// routers that are not there.
    static Netlink setNoOwnAddress(int index) {
        Netlink message = link(index, 0, 0);
        int families = message.begin(IFLA_AF_SPEC);
        int six = message.begin(Libc.AF_INET6);
        return message.attribute(IFLA_INET6_ADDR_GEN_MODE, new byte[] {ADDR_GEN_MODE_NONE})
                .end(six)
                .end(families);
    }

    private static Netlink link(int index, int flags, int change) {
        return new Netlink(RTM_NEWLINK, Netlink.NLM_F_ACK)
                .bytes(0, 0, 0, 0)
                .number(index)
                .number(flags)
                .number(change);
    }

    static Netlink addAddress(int index, TunAddress address) {
        return address(
                RTM_NEWADDR,
                Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL,
                index,
                address);
    }

    static Netlink removeAddress(int index, TunAddress address) {
        return address(RTM_DELADDR, Netlink.NLM_F_ACK, index, address);
    }

    private static Netlink address(int type, int flags, int index, TunAddress address) {
        boolean six = address.isIpv6();
        Netlink message =
                new Netlink(type, flags)
                        .bytes(family(six), address.length(), 0, RT_SCOPE_UNIVERSE)
                        .number(index)
                        .attribute(IFA_LOCAL, address.local().getAddress())
                        .attribute(IFA_ADDRESS, address.peer().getAddress());
        // Nobody else on the device could have it, and until that was asked it would not be usable.
        return six ? message.attribute(IFA_FLAGS, IFA_F_NODAD) : message;
    }

    static Netlink getAddresses() {
        return new Netlink(RTM_GETADDR, Netlink.NLM_F_DUMP).bytes(new int[ADDRESS_BYTES]);
    }

    static Netlink addRoute(int index, AddressPrefix to) {
        return route(
                RTM_NEWROUTE,
                Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL,
                index,
                to);
    }

    static Netlink removeRoute(int index, AddressPrefix to) {
        return route(RTM_DELROUTE, Netlink.NLM_F_ACK, index, to);
    }

    private static Netlink route(int type, int flags, int index, AddressPrefix to) {
        boolean six = to.network().getAddress().length > 4;
        int scope = six ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
        if (type == RTM_DELROUTE) {
            scope = RT_SCOPE_NOWHERE;
        }
        return new Netlink(type, flags)
                .bytes(family(six), to.length(), 0, 0)
                .bytes(RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST)
                .number(0)
                .attribute(RTA_DST, to.network().getAddress())
                .attribute(RTA_OIF, index);
    }

    static Netlink getRoutes() {
        return new Netlink(RTM_GETROUTE, Netlink.NLM_F_DUMP).bytes(new int[ROUTE_BYTES]);
    }

    private static int family(boolean six) {
        return six ? Libc.AF_INET6 : Libc.AF_INET;
    }

    /// @param answer what follows the header of a message of this kind
    static Optional<Link> link(ByteBuffer answer) {
        if (answer.remaining() < LINK_BYTES) {
            return Optional.empty();
        }
        int at = answer.position();
        ByteBuffer attributes = after(answer, LINK_BYTES);
        Optional<ByteBuffer> info = Netlink.find(attributes, IFLA_LINKINFO);
        boolean ours =
                info.flatMap(in -> Netlink.find(in, IFLA_INFO_KIND))
                        .map(Netlink::text)
                        .filter("tun"::equals)
                        .isPresent();
        Optional<ByteBuffer> data = info.flatMap(in -> Netlink.find(in, IFLA_INFO_DATA));
        return Optional.of(
                new Link(
                        answer.getInt(at + 4),
                        Netlink.find(attributes, IFLA_IFNAME).map(Netlink::text).orElse(""),
                        Netlink.find(attributes, IFLA_MTU).map(Netlink::number).orElse(0),
                        (answer.getInt(at + 8) & IFF_UP) != 0,
                        ours && number(data, IFLA_TUN_TYPE, TYPE_TUN) == TYPE_TUN,
                        number(data, IFLA_TUN_MULTI_QUEUE, 0) != 0,
                        number(data, IFLA_TUN_OWNER, -1)));
    }

    private static int number(Optional<ByteBuffer> attributes, int type, int otherwise) {
        return attributes
                .flatMap(in -> Netlink.find(in, type))
                .map(Netlink::number)
                .orElse(otherwise);
    }

    /// @param answer what follows the header of a message of this kind
    /// @return nothing if it is of another device
    static Optional<TunAddress> address(ByteBuffer answer, int index) {
        if (answer.remaining() < ADDRESS_BYTES || answer.getInt(answer.position() + 4) != index) {
            return Optional.empty();
        }
        int length = Byte.toUnsignedInt(answer.get(answer.position() + 1));
        ByteBuffer attributes = after(answer, ADDRESS_BYTES);
        Optional<InetAddress> peer = inet(attributes, IFA_ADDRESS);
        // An IPv6 address without a peer is told as the peer's only.
        Optional<InetAddress> local = inet(attributes, IFA_LOCAL).or(() -> peer);
        return local.flatMap(own -> peer.map(other -> new TunAddress(own, other, length)));
    }

    /// @param answer what follows the header of a message of this kind
    /// @return nothing if it does not lead through the device
    static Optional<AddressPrefix> route(ByteBuffer answer, int index) {
        if (answer.remaining() < ROUTE_BYTES) {
            return Optional.empty();
        }
        int at = answer.position();
        boolean six = answer.get(at) == Libc.AF_INET6;
        int length = Byte.toUnsignedInt(answer.get(at + 1));
        boolean main = Byte.toUnsignedInt(answer.get(at + 4)) == RT_TABLE_MAIN;
        ByteBuffer attributes = after(answer, ROUTE_BYTES);
        int device = Netlink.find(attributes, RTA_OIF).map(Netlink::number).orElse(0);
        if (!main || device != index) {
            return Optional.empty();
        }
        // The default route has no destination.
        InetAddress to = inet(attributes, RTA_DST).orElse(Prefixes.address(new byte[six ? 16 : 4]));
        return Optional.of(Prefixes.of(to, length));
    }

    private static Optional<InetAddress> inet(ByteBuffer attributes, int type) {
        return Netlink.find(attributes, type)
                .map(
                        content -> {
                            var bytes = new byte[content.remaining()];
                            content.get(0, bytes);
                            return bytes;
                        })
                .filter(bytes -> bytes.length == 4 || bytes.length == 16)
                .map(Prefixes::address);
    }

    private static ByteBuffer after(ByteBuffer answer, int fixed) {
        return answer.duplicate().position(answer.position() + fixed).order(answer.order());
    }
}
