package natt.transport.kcp;

import natt.transport.kcp.proto.Conversation;
import natt.transport.kcp.proto.Segment;

/// How a dialed stream finds out what its peer is: it greets until it is answered, and once a natt
/// has told a cookie, with that cookie until the stream is open.
final class Greeting {
    private static final long MILLI = 1_000_000;

    /// The distances at which it is repeated; the last one goes on.
    private static final long[] AGAIN = {250 * MILLI, 500 * MILLI, 1000 * MILLI};

    /// It goes before data, if the last one was sent so long ago.
    private static final long WITH_DATA = 100 * MILLI;

    private final Conversation conversation;
    private boolean active;
    private boolean cookieKnown;
    private int cookieTs;
    private int cookieSn;
    private int repeated;
    private int asks;
    private long askedAt;
    private long againAt;

    Greeting(Conversation conversation) {
        this.conversation = conversation;
    }

    void begin(long nowNanos) {
        active = true;
        greet(nowNanos);
    }

    boolean isActive() {
        return active;
    }

    void end() {
        active = false;
    }

    boolean cookieKnown() {
        return cookieKnown;
    }

    /// Data of the peer has arrived.
    void heardData() {
        if (cookieKnown) {
            active = false;
        }
    }

    /// Notes an answer, which tells the round trip if it can only be to one greeting.
    void answered(long nowNanos) {
        if (asks == 1) {
            conversation.sampleRoundTrip(nowNanos - askedAt, nowNanos);
        }
    }

    /// Takes the cookie of a natt and greets with it.
    ///
    /// @return whether it is another than before
    boolean learn(Segment tell, long nowNanos) {
        if (cookieKnown && tell.ts() == cookieTs && tell.sn() == cookieSn) {
            return false;
        }
        cookieKnown = true;
        cookieTs = tell.ts();
        cookieSn = tell.sn();
        repeated = 0;
        asks = 0;
        greet(nowNanos);
        return true;
    }

    private void greet(long nowNanos) {
        againAt = nowNanos + AGAIN[Math.min(repeated, AGAIN.length - 1)];
        repeated++;
        ask(nowNanos);
    }

    private void ask(long nowNanos) {
        conversation.ask(KcpStream.GREETING, cookieTs, cookieSn);
        asks++;
        askedAt = nowNanos;
    }

    /// Data may be about to leave, which would be lost on a natt without a greeting before it.
    void beforeData(long nowNanos) {
        if (active && nowNanos - askedAt >= WITH_DATA && conversation.hasData(nowNanos)) {
            ask(nowNanos);
        }
    }

    void handleTimeout(long nowNanos) {
        if (active && nowNanos - againAt >= 0) {
            greet(nowNanos);
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        return active ? againAt - nowNanos : Long.MAX_VALUE;
    }
}
