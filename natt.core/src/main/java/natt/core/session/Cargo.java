package natt.core.session;

import natt.core.Route;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;

/// What one session carries: the streams, packets or messages of its mode.
final class Cargo {
    private final SessionEngine engine;
    private final Mode mode;
    private final @Nullable Transport transport;
    private final Transport.Multiplexer streams;

    /// Those of [#streams] that are packets.
    private final @Nullable PacketQueue packets;

    private final Parts parts = new Parts();

    /// @param transport of streams; null for other modes
    Cargo(
            SessionEngine engine,
            Mode mode,
            @Nullable Transport transport,
            boolean initiator,
            long nowNanos) {
        this.engine = engine;
        this.mode = mode;
        this.transport = transport;
        packets = mode.isOfPackets() ? new PacketQueue() : null;
        if (transport != null) {
            streams = open(transport, initiator, nowNanos);
        } else {
            streams = packets == null ? NoStreams.ALL : packets;
        }
    }

    private Transport.Multiplexer open(Transport by, boolean initiator, long nowNanos) {
        return by.open(
                new Transport.Context(
                        initiator,
                        SessionEngine.MOST_STREAMS,
                        Wire.MOST_TRANSPORT_DATAGRAM,
                        PathMtu.FIRST - Wire.DATA_OVERHEAD,
                        nowNanos,
                        engine.random()));
    }

    Mode mode() {
        return mode;
    }

    /// None, where it has others.
    Transport.Multiplexer streams() {
        return streams;
    }

    /// @param resume the id of the session to resume
    InitPayload initPayload(long resume) {
        int capabilities = transport == null ? 0 : transport.capability();
        capabilities |= packets == null ? 0 : InitPayload.PACKETS;
        capabilities |= engine.hasAes() ? InitPayload.AES : 0;
        return new InitPayload(capabilities, mode.code(), Wire.MOST_DATAGRAM, resume);
    }

    void count(Map<String, Long> counters) {
        if (packets != null) {
            counters.put("packetsDropped", packets.dropped());
        }
    }

    // ---- in

    /// The peer was heard.
    void heard() {
        if (packets != null) {
            packets.heard();
        }
    }

    /// Takes the content of a DATA: kind, then payload, at the beginning of an array.
    void handle(Session session, byte[] plain, int length, long nowNanos) {
        switch (plain[0]) {
            case Outbox.TRANSPORT -> {
                if (length - 1 <= Wire.MOST_TRANSPORT_DATAGRAM) {
                    streams.handleDatagram(ByteBuffer.wrap(plain, 1, length - 1), nowNanos);
                }
            }
            case Outbox.PART -> {
                ByteBuffer whole = parts.take(plain, 1, length - 1, nowNanos);
                if (whole != null) {
                    takeWhole(session, whole, nowNanos);
                }
            }
            case Outbox.PACKET -> {
                if (packets == null || length < 2) {
                    engine.arrivals().countUnknownKind();
                } else {
                    engine.arrivals().handlePacket(session, length, nowNanos);
                }
            }
            case Outbox.RENDEZVOUS -> {
                if (mode != Mode.RENDEZVOUS || length < 2) {
                    engine.arrivals().countUnknownKind();
                } else {
                    engine.arrivals().handleMessage(session, length, nowNanos);
                }
            }
            default -> engine.arrivals().countUnknownKind();
        }
    }

    private void takeWhole(Session session, ByteBuffer whole, long nowNanos) {
        if (packets != null) {
            engine.arrivals().handlePacket(session, whole, nowNanos);
        } else if (whole.remaining() <= Wire.MOST_TRANSPORT_DATAGRAM) {
            streams.handleDatagram(whole, nowNanos);
        }
    }

    // ---- out

    /// Queues a packet.
    ///
    /// @return whether it can be sent and there was room
    boolean offer(ByteBuffer packet) {
        int length = packet.remaining();
        return packets != null
                && length > 0
                && length <= Session.MOST_PACKET
                && (mode != Mode.WIREGUARD || Wire.isWireGuard(packet))
                && packets.offer(packet);
    }

    /// Whether packets go as they are on a path.
    boolean isBareOn(@Nullable InetSocketAddress path) {
        return mode == Mode.WIREGUARD && path != null && Route.isDirect(path);
    }

    /// Whether it matters how wide a path is.
    boolean probes(InetSocketAddress path) {
        return mode != Mode.RENDEZVOUS && !isBareOn(path);
    }

    /// Writes the next datagram for a path.
    ///
    /// @return whether there was one
    boolean poll(
            Outbox outbox,
            InetSocketAddress path,
            PathMtu width,
            Keys with,
            ByteBuffer into,
            long nowNanos) {
        if (mode == Mode.RENDEZVOUS) {
            return outbox.pollMessage(with, into, nowNanos);
        }
        if (packets != null && isBareOn(path)) {
            return outbox.pollBare(packets, into, nowNanos);
        }
        byte kind = packets == null ? Outbox.TRANSPORT : Outbox.PACKET;
        return outbox.pollTransport(kind, streams, width, with, into, nowNanos);
    }
}
