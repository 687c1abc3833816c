package natt.core.session;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/// The keys of one session: the newest, with which it seals, and those before, which may still
/// open what is on its way.
final class KeyRing {
    private static final long SECOND = 1_000_000_000;

    // What DESIGN fixes.
    private static final long RENEWAL_AGE = 600 * SECOND;
    private static final long LIFE = 900 * SECOND;

    // What natt chooses.
    private static final int MOST = 3;

    private final Session session;
    private final Slots slots;

    /// The newest first.
    private final List<Keys> keys = new ArrayList<>();

    private @Nullable Keys sealing;
    private long renewed;

    KeyRing(Session session, Slots slots) {
        this.session = session;
        this.slots = slots;
    }

    /// Adds new keys, which open from now on.
    void add(Keys made) {
        made.session = session;
        renewed += keys.isEmpty() ? 0 : 1;
        keys.addFirst(made);
        slots.put(made);
        while (keys.size() > MOST) {
            drop(keys.getLast());
        }
    }

    /// Seals with some keys of the ring from now on.
    void sealWith(Keys some) {
        sealing = some;
    }

    /// The keys to seal with; null if there are none that are not too old.
    @Nullable Keys sealing() {
        return sealing;
    }

    boolean isNewest(Keys some) {
        return !keys.isEmpty() && keys.getFirst() == some;
    }

    boolean contains(Keys some) {
        return keys.contains(some);
    }

    /// The newest keys while the peer has not used them, else null.
    @Nullable Keys unconfirmed() {
        return keys.isEmpty() || keys.getFirst().confirmed() ? null : keys.getFirst();
    }

    /// Whether it is time for new keys.
    boolean needsRenewal(long nowNanos) {
        return keys.isEmpty() || !isFresh(keys.getFirst(), nowNanos);
    }

    static boolean isFresh(Keys some, long nowNanos) {
        return some.age(nowNanos) < RENEWAL_AGE && !some.isWornOut();
    }

    long nanosUntilRenewal(long nowNanos) {
        return keys.isEmpty() ? 0 : RENEWAL_AGE - keys.getFirst().age(nowNanos);
    }

    /// Drops what is too old.
    void handleTimeout(long nowNanos) {
        while (!keys.isEmpty() && keys.getLast().age(nowNanos) >= LIFE) {
            drop(keys.getLast());
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        return keys.isEmpty() ? Long.MAX_VALUE : LIFE - keys.getLast().age(nowNanos);
    }

    private void drop(Keys old) {
        keys.remove(old);
        slots.remove(old);
        if (sealing == old) {
            sealing = null;
        }
        old.destroy();
    }

    void dropAll() {
        while (!keys.isEmpty()) {
            drop(keys.getLast());
        }
    }

    /// How often new keys have taken the place of others.
    long renewed() {
        return renewed;
    }
}
