package natt.tests.bench;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.rendezvous.Message;
import natt.core.session.Rendezvous;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEvent;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleConsumer;

/// A node that registers at a broker and is introduced to others: as much of it as the broker
/// sees. An introduction is OPEN, a handshake's two datagrams, a GRANT of each side, and three
/// datagrams each way with candidates.
final class CrowdNode {
    private static final byte[] INIT = Crowd.datagram(0x90, 192);
    private static final byte[] RESPONSE = Crowd.datagram(0x91, 108);
    private static final byte[] OFFER = Crowd.datagram(0x93, 200);
    private static final int OFFERS = 3;

    private final SessionEngine engine;
    private final NodeKey key;
    private final NodeKey broker;
    private final DoubleConsumer tookMillis;
    private final Map<Integer, Long> opening = new HashMap<>();
    private final Map<Integer, Long> open = new HashMap<>();
    private Session session;
    private InetSocketAddress at;
    private boolean registered;
    private boolean lost;
    private int ids;

    /// So that the crowd knows which of its deadlines is the latest.
    int turn;

    /// @param tookMillis hears of every introduction that this node began, when it is done
    CrowdNode(NodeKey broker, Random random, long now, DoubleConsumer tookMillis) {
        this.broker = broker;
        this.tookMillis = tookMillis;
        Identity identity = Identity.generate(random);
        key = identity.publicKey();
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                List.of(),
                                Optional.empty(),
                                random,
                                Optional.of(this::hear),
                                false,
                                SessionEngine.Limits.NODE),
                        now);
    }

    SessionEngine engine() {
        return engine;
    }

    NodeKey key() {
        return key;
    }

    boolean isRegistered() {
        return registered;
    }

    boolean isLost() {
        return lost;
    }

    void call(InetSocketAddress where, long now) {
        at = where;
        session = engine.callBroker(broker, PreSharedKey.NONE, now);
        session.addCandidates(List.of(at), now);
    }

    void look(long now) {
        for (Session each; (each = engine.pollReady()) != null; ) {
            for (SessionEvent event; (event = each.pollEvent()) != null; ) {
                if (event instanceof SessionEvent.Established) {
                    String name = "node-" + key.toString().substring(0, 20).replace('-', '.');
                    say(new Message.Register(0, session.wakeToken(), List.of(name)), now);
                } else if (event instanceof SessionEvent.Closed) {
                    lost |= registered;
                    call(at, now);
                }
            }
        }
    }

    void introduce(NodeKey to, long now) {
        ids = (ids + 1) & 0xff;
        opening.put(ids, now);
        say(new Message.Open(ids, to), now);
    }

    private void hear(Session from, ByteBuffer message, long now) {
        switch (Message.read(message)) {
            case Message.Registered _ -> registered = true;
            case Message.Opened(var id, var code, var channel) -> {
                Long since = opening.remove(id);
                if (code == Message.OpenCode.OK && since != null) {
                    open.put(channel, since);
                    relay(channel, INIT, now);
                }
            }
            case Message.Invited(var channel, var _) -> {
                relay(channel, RESPONSE, now);
                say(new Message.Grant(channel), now);
                offer(channel, now);
            }
            case Message.Granted(var channel, var peer) -> {
                Long since = open.get(channel);
                if (since != null && peer.isPresent() && since >= 0) {
                    open.put(channel, -1L);
                    say(new Message.Grant(channel), now);
                    offer(channel, now);
                    tookMillis.accept((now - since) / 1e6);
                }
            }
            case null, default -> {}
        }
    }

    private void offer(int channel, long now) {
        for (int i = 0; i < OFFERS; i++) {
            relay(channel, OFFER, now);
        }
    }

    private void relay(int channel, byte[] datagram, long now) {
        var message = ByteBuffer.allocate(Rendezvous.RELAY_HEADER + datagram.length);
        message.put((byte) Rendezvous.RELAY).putInt(channel).put(datagram).flip();
        session.say(message, now);
    }

    private void say(Message message, long now) {
        session.say(message.encode(), now);
    }
}
