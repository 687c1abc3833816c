package natt.core.session;

import natt.core.CloseReason;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.List;

/// The handshakes of one session: those that the initiator begins, for a path and for new keys,
/// and what both sides have from them.
final class Handshakes {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    /// How often the initiator shows the responder that it has its answer, until it is heard.
    private static final long CONFIRM_AGAIN = 150 * MILLI;

    private final Session session;
    private final KeyRing keys;
    private final Outbox outbox;

    /// The initiator's.
    private final @Nullable Calling calling;

    private long id;
    private int peerTakes = Wire.MOST_DATAGRAM;
    private long confirmAt;

    Handshakes(Session session, KeyRing keys, Outbox outbox, @Nullable Calling calling) {
        this.session = session;
        this.keys = keys;
        this.outbox = outbox;
        this.calling = calling;
    }

    /// The session's; 0 before the first answer.
    long id() {
        return id;
    }

    /// The longest datagram that the peer takes.
    int peerTakes() {
        return peerTakes;
    }

    // ---- what has come of them

    /// The responder has answered an attempt.
    void answered(Calling.Attempt attempt, Opened opened, boolean works, long nowNanos) {
        long given = opened.payload().sessionId();
        if (calling == null) {
            return;
        }
        if (attempt.resume() == 0 && id != 0 && given != id) {
            // Another attempt was quicker; this one is never confirmed and so never was.
            return;
        }
        if (attempt.resume() != 0 && given != attempt.resume()) {
            session.vanish(new CloseReason.PeerRestarted(), nowNanos);
            return;
        }
        var made =
                new Keys(
                        attempt.index(),
                        opened.remoteIndex(),
                        opened.send(),
                        opened.receive(),
                        nowNanos);
        id = given;
        peerTakes = opened.payload().mtu();
        keys.add(made);
        session.proven(attempt.address(), nowNanos - attempt.sentAt(), nowNanos);
        if (!works || keys.sealing() == null) {
            keys.sealWith(made);
            session.establish(attempt.address(), nowNanos);
        }
        calling.putOff(SECOND, nowNanos);
        confirmAt = nowNanos + CONFIRM_AGAIN;
        outbox.ping(attempt.address(), made, nowNanos);
    }

    /// The initiator has confirmed keys, the first or new ones.
    void confirmed(Gatekeeper.HalfOpen half) {
        id = half.sessionId();
        peerTakes = half.mtu();
        keys.add(half.keys());
        keys.sealWith(half.keys());
    }

    /// The responder is busy and wants its cookie back.
    void takeCookie(Calling.Attempt attempt, byte[] cookie, long nowNanos) {
        if (calling != null) {
            calling.takeCookie(attempt, cookie, nowNanos);
        }
    }

    /// The peer was heard.
    void heard(Keys with, long nowNanos) {
        boolean fresh = keys.isNewest(with) && KeyRing.isFresh(with, nowNanos);
        if (isCalling() && fresh) {
            // The responder seals with these keys, so there is nothing to call for.
            stop();
            keys.sealWith(with);
        }
    }

    // ---- when to begin one

    boolean isCalling() {
        return calling != null && calling.isCalling();
    }

    /// Adds addresses at which the peer may be.
    void add(List<InetSocketAddress> addresses, long nowNanos) {
        if (calling != null) {
            calling.add(addresses, nowNanos);
        }
    }

    /// Calls the peer, if this side may, at some address first.
    ///
    /// @param patiently whether this may go on for long
    void start(@Nullable InetSocketAddress best, boolean patiently, long nowNanos) {
        if (calling != null) {
            calling.start(best, patiently, nowNanos);
        }
    }

    void stop() {
        if (calling != null) {
            calling.stop();
            calling.forget();
        }
    }

    /// Lets the initiator make new keys in time, and confirm those it has.
    void keep(InetSocketAddress path, long nowNanos) {
        if (calling == null) {
            return;
        }
        if (keys.needsRenewal(nowNanos) && !calling.isCalling()) {
            calling.callAgain(path, nowNanos);
        }
        if (nanosUntilConfirm(nowNanos) <= 0) {
            confirmAt = nowNanos + CONFIRM_AGAIN;
            Keys made = keys.unconfirmed();
            if (made != null) {
                outbox.ping(path, made, nowNanos);
            }
        }
    }

    /// When to show the responder again that its answer has arrived; for a second only, then
    /// the next INIT takes over.
    private long nanosUntilConfirm(long nowNanos) {
        Keys made = keys.unconfirmed();
        return isCalling() && made != null && made.age(nowNanos) < SECOND
                ? confirmAt - nowNanos
                : Long.MAX_VALUE;
    }

    /// When [#keep] has something to do.
    long nanosUntilKeep(long nowNanos) {
        return calling == null || calling.isCalling()
                ? nanosUntilConfirm(nowNanos)
                : keys.nanosUntilRenewal(nowNanos);
    }

    /// When an INIT is due.
    long nanosUntilTimeout(long nowNanos) {
        return calling == null ? Long.MAX_VALUE : calling.nanosUntilTimeout(nowNanos);
    }
}
