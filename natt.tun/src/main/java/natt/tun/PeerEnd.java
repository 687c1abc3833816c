package natt.tun;

import natt.core.node.PacketPeer;
import natt.tun.packet.FarEnd;

import java.nio.ByteBuffer;

/// A peer as the router sees it.
record PeerEnd(PacketPeer peer) implements FarEnd {
    @Override
    public boolean isUp() {
        return peer.isUp();
    }

    @Override
    public int packetSize() {
        return peer.packetSize();
    }

    @Override
    public boolean packetSizeIsFinal() {
        return peer.packetSizeIsFinal();
    }

    @Override
    public boolean send(ByteBuffer packet, long nowNanos) {
        return peer.send(packet, nowNanos);
    }
}
