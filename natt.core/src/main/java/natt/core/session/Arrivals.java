package natt.core.session;

import natt.core.Route;
import natt.core.noise.Aead;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What arrives at the sessions of a port: finds whom a datagram is for, opens it, and hands it
/// over. What fails a check is a count in one of these numbers and nothing else.
final class Arrivals {
    private static final int DATAGRAM_BUFFER = 2048;

    /// From how many addresses a peer's bare datagrams are taken.
    private static final int MOST_SOURCES = 4;

    private final SessionEngine engine;
    private final SessionEngine.Config config;
    private final Gatekeeper gatekeeper;
    private final KeyQuestions questions;
    private final Relays relays;

    /// Those whose peers send bare datagrams, by where these come from.
    private final Map<InetSocketAddress, Session> bare = new HashMap<>();

    private final byte[] incoming = new byte[DATAGRAM_BUFFER];

    /// What was sealed: kind, then payload.
    private final byte[] content = new byte[DATAGRAM_BUFFER];

    private final ByteBuffer opened = ByteBuffer.wrap(content);

    /// What a broker has relayed, and from which path; null once it is taken.
    private final ByteBuffer inner = ByteBuffer.allocate(DATAGRAM_BUFFER);

    private @Nullable InetSocketAddress innerFrom;

    private long datagrams;
    private long malformed;
    private long unknownIndex;
    private long forged;
    private long replayed;
    private long unknownKind;
    private long unknownChannel;

    Arrivals(
            SessionEngine engine,
            SessionEngine.Config config,
            Gatekeeper gatekeeper,
            KeyQuestions questions,
            Relays relays) {
        this.engine = engine;
        this.config = config;
        this.gatekeeper = gatekeeper;
        this.questions = questions;
        this.relays = relays;
    }

    void count(Map<String, Long> counters) {
        counters.put("datagrams", datagrams);
        counters.put("malformed", malformed);
        counters.put("unknownIndex", unknownIndex);
        counters.put("forged", forged);
        counters.put("replayed", replayed);
        counters.put("unknownKind", unknownKind);
        counters.put("unknownChannel", unknownChannel);
    }

    // ---- datagrams

    /// Returns false if it is nobody's here.
    boolean take(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        boolean taken = takeOne(from, datagram, nowNanos);
        // What was inside is taken in a turn of its own, not within the other's: the just-in-time
        // compiler unfolds a recursion, which cost 40 MB here.
        for (InetSocketAddress by; (by = innerFrom) != null; ) {
            innerFrom = null;
            takeOne(by, inner, nowNanos);
        }
        return taken;
    }

    private boolean takeOne(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        int length = datagram.remaining();
        if (length == 0 || !Wire.isNatt(datagram.get(datagram.position()))) {
            return takeBare(from, datagram, nowNanos);
        }
        datagrams++;
        if (length > incoming.length) {
            malformed++;
            return true;
        }
        datagram.get(incoming, 0, length);
        switch (incoming[0] & 0xff) {
            case Wire.DATA -> handleData(from, length, nowNanos);
            case Wire.INIT -> gatekeeper.handleInit(from, incoming, length, nowNanos);
            case Wire.RESPONSE -> handleResponse(length, nowNanos);
            case Wire.COOKIE -> handleCookie(length, nowNanos);
            case Wire.WAKE -> handleWake(length, nowNanos);
            case Wire.KEY_QUESTION -> handleKeyQuestion(from, length, nowNanos);
            case Wire.KEY_ANSWER -> handleKeyAnswer(from, length);
            default -> malformed++;
        }
        return true;
    }

    /// What is not natt's may be WireGuard's, from the path of a session for that and nowhere else.
    private boolean takeBare(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        Session session = bare.isEmpty() || !Wire.isWireGuard(datagram) ? null : bare.get(from);
        if (session == null || datagram.remaining() > Session.MOST_PACKET) {
            return false;
        }
        session.handleBare(datagram, nowNanos);
        return true;
    }

    private void handleData(InetSocketAddress from, int length, long nowNanos) {
        if (length < Wire.DATA_OVERHEAD || incoming[1] != 0 || incoming[2] != 0) {
            malformed++;
            return;
        }
        if (!(engine.slots().get(Keys.receiverIndex(incoming)) instanceof Keys keys)) {
            unknownIndex++;
            return;
        }
        Keys.Opened opened = keys.open(incoming, length, content);
        switch (opened) {
            case FORGED -> forged++;
            case REPLAYED -> replayed++;
            case NEWEST, LATE -> {
                Session session = keys.session;
                Gatekeeper.HalfOpen half = keys.halfOpen;
                if (session == null && half != null) {
                    session = gatekeeper.confirm(half, nowNanos);
                }
                if (session != null && session.isRendezvous() && Route.channel(from).isPresent()) {
                    // A broker is not reached through itself.
                    forged++;
                } else if (session != null) {
                    int plainLength = length - Wire.DATA_HEADER - Aead.TAG;
                    boolean newest = opened == Keys.Opened.NEWEST;
                    session.handle(keys, newest, from, content, plainLength, nowNanos);
                }
            }
        }
    }

    private void handleResponse(int length, long nowNanos) {
        Calling.Attempt attempt =
                length == Wire.RESPONSE_LENGTH ? attempt(Wire.RESPONSE_RECEIVER) : null;
        if (attempt == null) {
            unknownIndex++;
            return;
        }
        Opened opened = attempt.handshake().readResponse(ByteBuffer.wrap(incoming, 0, length));
        if (opened == null) {
            forged++;
            return;
        }
        attempt.session().answered(attempt, opened, nowNanos);
    }

    private void handleCookie(int length, long nowNanos) {
        Calling.Attempt attempt =
                length == Wire.COOKIE_LENGTH ? attempt(Wire.COOKIE_RECEIVER) : null;
        if (attempt == null) {
            unknownIndex++;
            return;
        }
        byte[] cookie = attempt.handshake().readCookie(ByteBuffer.wrap(incoming, 0, length));
        if (cookie == null) {
            forged++;
            return;
        }
        attempt.session().takeCookie(attempt, cookie, nowNanos);
    }

    private void handleWake(int length, long nowNanos) {
        if (config.broker() || length != Wire.WAKE_LENGTH) {
            malformed++;
            return;
        }
        for (Session each : engine.all()) {
            if (each.isWokenBy(incoming)) {
                each.woken(nowNanos);
                return;
            }
        }
        forged++;
    }

    private void handleKeyQuestion(InetSocketAddress from, int length, long nowNanos) {
        byte[] answer = questions.answer(from, incoming, length, nowNanos);
        if (answer == null) {
            malformed++;
        } else {
            engine.departures().reply(answer, from);
        }
    }

    private void handleKeyAnswer(InetSocketAddress from, int length) {
        if (!questions.answered(from, incoming, length)) {
            forged++;
        }
    }

    private Calling.@Nullable Attempt attempt(int indexAt) {
        int index = Wire.getInt(incoming, indexAt);
        return engine.slots().get(index) instanceof Calling.Attempt attempt ? attempt : null;
    }

    // ---- what they hold

    /// Takes a message of a rendezvous, which lies in the array for what is opened, after the
    /// byte for the kind.
    void handleMessage(Session from, int length, long nowNanos) {
        ByteBuffer message = opened.clear().limit(length).position(1);
        boolean relayed = !config.broker() && content[1] == Rendezvous.RELAY;
        if (!relayed) {
            config.rendezvous().ifPresent(owner -> owner.handle(from, message, nowNanos));
            return;
        }
        InetSocketAddress route =
                length <= 1 + Rendezvous.RELAY_HEADER
                        ? null
                        : relays.route(from, Wire.getInt(content, 2));
        if (route == null) {
            unknownChannel++;
        } else {
            message.position(1 + Rendezvous.RELAY_HEADER);
            inner.clear().put(message).flip();
            innerFrom = route;
        }
    }

    /// Takes a packet, which lies in the array for what is opened, after the byte for the kind.
    void handlePacket(Session from, int length, long nowNanos) {
        handlePacket(from, opened.clear().limit(length).position(1), nowNanos);
    }

    void handlePacket(Session from, ByteBuffer packet, long nowNanos) {
        config.packets().orElseThrow().handle(from, packet, nowNanos);
    }

    /// The peer of a session of WireGuard is proven to be at an address: its bare datagrams may
    /// come from there, and from the last few like it. Its path may have changed a moment ago, and
    /// NATs that map anew for each destination give what it answers another port than what it says.
    void expectBare(Session session, InetSocketAddress from) {
        if (!session.sources.contains(from)) {
            session.sources.add(from);
            if (session.sources.size() > MOST_SOURCES) {
                release(session, session.sources.removeFirst());
            }
        }
        bare.putIfAbsent(from, session);
    }

    private void release(Session session, InetSocketAddress from) {
        if (!bare.remove(from, session)) {
            return;
        }
        // While one session takes over from another, both have the same path.
        for (Session other : engine.sessions()) {
            if (!other.equals(session) && other.sources.contains(from)) {
                bare.put(from, other);
            }
        }
    }

    /// A session expects no datagrams any more.
    void forget(Session session) {
        List<InetSocketAddress> sources = List.copyOf(session.sources);
        session.sources.clear();
        sources.forEach(each -> release(session, each));
    }

    void countUnknownKind() {
        unknownKind++;
    }
}
