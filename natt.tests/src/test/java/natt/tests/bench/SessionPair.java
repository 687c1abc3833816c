package natt.tests.bench;

import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.noise.Aead;
import natt.core.session.Admission;
import natt.core.session.Mode;
import natt.core.session.Packets;
import natt.core.session.Session;
import natt.core.session.SessionEngine;
import natt.transport.kcp.KcpTransport;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Two engines with a session between them, as the handshake has made it. What one sends is the
/// other's at once.
final class SessionPair {
    private static final InetSocketAddress NEAR = new InetSocketAddress("192.0.2.1", 7000);
    private static final InetSocketAddress FAR = new InetSocketAddress("192.0.2.2", 7000);
    private static final long STEP_NANOS = Duration.ofMillis(1).toNanos();
    private static final int MOST_STEPS = 1_000;

    /// One of the two.
    static final class End implements Packets {
        final SessionEngine engine;
        final InetSocketAddress peer;
        private final Identity identity;
        private final ByteBuffer outgoing = ByteBuffer.allocateDirect(2048);
        private Session session;
        private long packets;
        private long datagrams;

        private End(InetSocketAddress peer, boolean aes, int seed) {
            this.peer = peer;
            var random = new Random(seed);
            identity = Identity.generate(random);
            engine =
                    new SessionEngine(
                            new SessionEngine.Config(
                                    identity,
                                    PreSharedKey.NONE,
                                    List.of(new KcpTransport()),
                                    Optional.of(admission()),
                                    random,
                                    Optional.empty(),
                                    false,
                                    SessionEngine.Limits.NODE,
                                    Optional.of(this),
                                    false,
                                    aes),
                            0);
        }

        @Override
        public Mode mode() {
            return Mode.IP;
        }

        @Override
        public Admission admission() {
            return (key, from) -> Admission.Answer.listedKey();
        }

        @Override
        public void handle(Session from, ByteBuffer packet, long nowNanos) {
            packets++;
        }

        Session session() {
            return session;
        }

        /// How many packets have arrived.
        long packets() {
            return packets;
        }

        /// How many datagrams have left.
        long datagrams() {
            return datagrams;
        }

        /// What a port does in its turn, but for sending.
        void tick(long nowNanos) {
            if (engine.nanosUntilTimeout(nowNanos) <= 0) {
                engine.handleTimeout(nowNanos);
            }
            Session accepted = engine.accept();
            if (accepted != null) {
                session = accepted;
            }
            for (Session ready; (ready = engine.pollReady()) != null; ) {
                while (ready.pollEvent() != null) {}
            }
        }

        private void send(End to, long nowNanos) {
            while (engine.pollTransmit(outgoing.clear(), nowNanos) != null) {
                datagrams++;
                to.engine.handleDatagram(to.peer, outgoing.flip(), nowNanos);
            }
        }
    }

    final End near;
    final End far;
    private long now;

    /// @param mode [Mode#STREAMS] or [Mode#IP]
    /// @param cipher what both sides are quick at
    SessionPair(Mode mode, Aead.Algorithm cipher) {
        boolean aes = cipher == Aead.Algorithm.AES_256_GCM;
        near = new End(FAR, aes, 1);
        far = new End(NEAR, aes, 2);
        near.session =
                mode == Mode.IP
                        ? near.engine.callPackets(far.identity.publicKey(), PreSharedKey.NONE, now)
                        : near.engine.call(
                                far.identity.publicKey(),
                                PreSharedKey.NONE,
                                new KcpTransport(),
                                now);
        near.session.addCandidates(List.of(FAR), now);
        for (int i = 0; i < MOST_STEPS && !isUp(); i++) {
            turn(STEP_NANOS);
        }
        if (!isUp()) {
            throw new AssertionError("the handshake fails");
        }
    }

    private boolean isUp() {
        return near.session.state() == Session.State.UP
                && far.session != null
                && far.session.state() == Session.State.UP;
    }

    long now() {
        return now;
    }

    /// Lets time pass, and both do what is due and send.
    void turn(long nanos) {
        now += nanos;
        near.tick(now);
        near.send(far, now);
        far.tick(now);
        far.send(near, now);
    }
}
