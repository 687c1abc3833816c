package natt.tun.packet;

/// What [PacketRouter] counts. The names are those of the status.
enum Counter {
    TO_PEERS("toPeers"),
    TO_DEVICE("toDevice"),
    FORWARDED("forwarded"),
    ERRORS_SENT("errorsSent"),
    ERRORS_WITHHELD("errorsWithheld"),

    DEVICE_MALFORMED("fromDeviceMalformed"),
    DEVICE_MULTICAST("fromDeviceMulticast"),
    DEVICE_LINK_LOCAL("fromDeviceLinkLocal"),
    DEVICE_MARTIAN("fromDeviceMartian"),
    DEVICE_NESTED("fromDeviceNested"),

    NO_ROUTE("toNoPeer"),
    PEER_DOWN("toPeerDown"),
    TOO_BIG("toPeerTooBig"),
    NOT_SENT("toPeerNotSent"),
    NOT_WRITTEN("toDeviceNotWritten"),

    PEER_MALFORMED("fromPeerMalformed"),
    PEER_OVERSIZE("fromPeerOversize"),
    PEER_SOURCE_ROUTED("fromPeerSourceRouted"),
    PEER_MULTICAST("fromPeerMulticast"),
    PEER_LINK_LOCAL("fromPeerLinkLocal"),
    PEER_MARTIAN("fromPeerMartian"),
    PEER_SPOOFED("fromPeerSpoofed"),
    PEER_NESTED("fromPeerNested"),
    PEER_NOT_FORWARDED("fromPeerNotForwarded"),
    PEER_HOP_LIMIT("fromPeerHopLimit");

    private final String shown;

    Counter(String shown) {
        this.shown = shown;
    }

    String shown() {
        return shown;
    }

    /// Whether it counts packets that are gone.
    boolean isDrop() {
        return ordinal() > ERRORS_WITHHELD.ordinal();
    }
}
