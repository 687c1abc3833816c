package natt.core.node;

import natt.core.NodeKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a node says to one broker: it registers, asks for channels to peers, and asks again until
/// it is answered. What it wants outlives the sessions with the broker; what the broker has given
/// does not. Without clock, thread and socket.
final class BrokerTalk {
    /// The most channels, whoever wants them.
    static final int MOST_CHANNELS = 64;

    private static final int MOST_NAMES_ASKED = MOST_CHANNELS;
    private static final long MILLI = 1_000_000;

    /// The distances at which a question is repeated; the last one for ever.
    private static final long[] AGAIN = {250 * MILLI, 500 * MILLI, 1000 * MILLI, 2000 * MILLI};

    /// How soon to ask again for a channel that was refused or taken; twice as long each time.
    private static final long REOPEN = 500 * MILLI;

    private static final long REOPEN_MOST = 10_000 * MILLI;

    /// How soon to ask again for a channel that was taken because a quota is used up, as it is
    /// until the next day; twice as long each time.
    private static final long REFILL = 10_000 * MILLI;

    private static final long REFILL_MOST = 60_000 * MILLI;

    /// A channel that was there for so long was not taken as soon as it was used.
    private static final long LASTING = 60_000 * MILLI;

    /// How soon to grant again if that has not told where the peer is, and how often: to be told
    /// once the peer grants as well happens only once, and may be lost.
    private static final long GRANT_AGAIN = 2000 * MILLI;

    private static final int MOST_GRANTS_AGAIN = 4;

    /// Is told what the broker says.
    interface Listener {
        void registered(Message.Registered answer);

        /// @param key empty if the broker does not know the name
        void resolved(String name, Optional<NodeKey> key);

        /// There is a channel to a peer, new or with another number.
        void opened(NodeKey peer, int channel);

        /// The broker has refused a channel that is still wanted.
        void refused(NodeKey peer, OpenCode why);

        /// @param address as the broker sees the peer
        void granted(NodeKey peer, InetSocketAddress address);

        /// There is no channel to a peer any more.
        void closed(NodeKey peer, ClosedCode why);
    }

    /// When a question is asked next.
    private static final class Repeat {
        private int asked;
        private long nextAt;

        Repeat(long nowNanos) {
            nextAt = nowNanos;
        }

        boolean isDue(long nowNanos) {
            return nextAt - nowNanos <= 0;
        }

        void asked(long nowNanos) {
            nextAt = nowNanos + AGAIN[Math.min(asked++, AGAIN.length - 1)];
        }
    }

    /// A channel to a peer: there, asked for, or to be asked for.
    private static final class Channel {
        private final NodeKey peer;
        private boolean wanted;
        private boolean open;
        private int number;
        private int id;
        private @Nullable Repeat asking;
        private @Nullable Repeat granting;
        private int grantsHeard;
        private int failures;
        private int exhausted;
        private long openedAt;

        Channel(NodeKey peer) {
            this.peer = peer;
        }
    }

    private record Naming(String name, int id, Repeat repeat) {}

    private final List<String> names;
    private final Listener listener;
    private final Map<NodeKey, Channel> channels = new LinkedHashMap<>();
    private final List<Naming> namings = new ArrayList<>();
    private byte[] wakeToken = {};
    private boolean connected;
    private boolean registered;
    private int registerId;
    private @Nullable Repeat registering;
    private int lastId;
    private long malformed;

    /// @param names wanted at the broker
    BrokerTalk(List<String> names, Listener listener) {
        this.names = List.copyOf(names);
        this.listener = listener;
    }

    /// There is a session with the broker, which knows nothing of this node yet.
    void begin(byte[] token, long nowNanos) {
        end();
        wakeToken = token;
        connected = true;
        register(nowNanos);
        for (Naming each : namings) {
            each.repeat.asked = 0;
            each.repeat.nextAt = nowNanos;
        }
    }

    /// This node's address is another, which the broker may tell.
    void register(long nowNanos) {
        if (connected) {
            registerId = nextId();
            registering = new Repeat(nowNanos);
        }
    }

    /// The session with the broker is gone.
    void end() {
        connected = false;
        registered = false;
        registering = null;
        for (Channel each : List.copyOf(channels.values())) {
            lose(each, ClosedCode.UNSPECIFIED);
            each.asking = null;
            each.failures = 0;
            each.exhausted = 0;
        }
    }

    boolean isRegistered() {
        return registered;
    }

    /// Messages that made no sense.
    long malformed() {
        return malformed;
    }

    int channelCount() {
        return channels.size();
    }

    /// Asks for the key that has a name at the broker.
    void resolve(String name, long nowNanos) {
        if (namings.size() < MOST_NAMES_ASKED) {
            namings.add(new Naming(name, nextId(), new Repeat(nowNanos)));
        }
    }

    /// Keeps a channel to a peer from now on, as far as the broker gives it; asks for it at once if
    /// there is none.
    ///
    /// @return false if there are too many
    boolean want(NodeKey peer, long nowNanos) {
        Channel channel = channels.get(peer);
        if (channel == null) {
            if (!makeRoom()) {
                return false;
            }
            channel = new Channel(peer);
            channels.put(peer, channel);
        }
        channel.wanted = true;
        boolean waiting = channel.exhausted > 0 && channel.asking != null;
        if (registered && !channel.open && !waiting) {
            ask(channel, nowNanos);
        }
        return true;
    }

    private void ask(Channel channel, long atNanos) {
        channel.id = nextId();
        channel.asking = new Repeat(atNanos);
    }

    /// Lets the peer know this node's address, and takes what is relayed on this node's account.
    void grant(NodeKey peer, long nowNanos) {
        Channel channel = channels.get(peer);
        if (channel != null && channel.open) {
            channel.granting = new Repeat(nowNanos);
            channel.grantsHeard = 0;
        }
    }

    /// The channel is wanted no longer; it stays until the broker takes it.
    void release(NodeKey peer) {
        Channel channel = channels.get(peer);
        if (channel != null) {
            channel.wanted = false;
            channel.asking = null;
            if (!channel.open) {
                channels.remove(peer);
            }
        }
    }

    boolean wants(NodeKey peer) {
        Channel channel = channels.get(peer);
        return channel != null && channel.wanted;
    }

    /// Whether there is a channel to a peer, whoever wanted it.
    boolean has(NodeKey peer) {
        Channel channel = channels.get(peer);
        return channel != null && channel.open;
    }

    private boolean makeRoom() {
        if (channels.size() < MOST_CHANNELS) {
            return true;
        }
        for (Channel each : channels.values()) {
            if (!each.wanted) {
                channels.remove(each.peer);
                listener.closed(each.peer, ClosedCode.UNSPECIFIED);
                return true;
            }
        }
        return false;
    }

    private int nextId() {
        lastId = lastId % 255 + 1;
        return lastId;
    }

    // ---- from the broker

    void handle(ByteBuffer message, long nowNanos) {
        switch (Message.read(message)) {
            case Message.Registered answer -> registered(answer, nowNanos);
            case Message.Resolved(var id, var key) -> resolved(id, key);
            case Message.Opened opened -> opened(opened, nowNanos);
            case Message.Invited(var number, var caller) -> invited(number, caller, nowNanos);
            case Message.Granted(var number, var address) -> granted(number, address, nowNanos);
            case Message.Closed(var number, var why) -> closed(number, why, nowNanos);
            case null, default -> malformed++;
        }
    }

    private void registered(Message.Registered answer, long nowNanos) {
        if (registering == null || answer.id() != registerId) {
            malformed++;
            return;
        }
        registering = null;
        boolean first = !registered;
        registered = true;
        if (first) {
            for (Channel each : channels.values()) {
                if (each.wanted && !each.open) {
                    ask(each, nowNanos);
                }
            }
        }
        listener.registered(answer);
    }

    private void resolved(int id, Optional<NodeKey> key) {
        for (Naming each : namings) {
            if (each.id == id) {
                namings.remove(each);
                listener.resolved(each.name, key);
                return;
            }
        }
        malformed++;
    }

    private void opened(Message.Opened answer, long nowNanos) {
        for (Channel each : channels.values()) {
            if (each.asking != null && each.id == answer.id()) {
                each.asking = null;
                if (answer.code() == OpenCode.OK) {
                    give(each, answer.channel(), nowNanos);
                } else {
                    askLater(each, nowNanos);
                    listener.refused(each.peer, answer.code());
                }
                return;
            }
        }
        malformed++;
    }

    private void askLater(Channel channel, long nowNanos) {
        long pause = Math.min(REOPEN << Math.min(channel.failures++, 10), REOPEN_MOST);
        ask(channel, nowNanos + pause);
    }

    /// To ask at once, or each time that something is relayed, would fail as often.
    private void askMuchLater(Channel channel, long nowNanos) {
        if (nowNanos - channel.openedAt >= LASTING) {
            channel.exhausted = 0;
        }
        ask(channel, nowNanos + Math.min(REFILL << Math.min(channel.exhausted++, 10), REFILL_MOST));
    }

    private void give(Channel channel, int number, long nowNanos) {
        Channel other = find(number);
        if (other != null && other != channel) {
            lose(other, ClosedCode.UNSPECIFIED);
        }
        if (!channel.open || channel.number != number) {
            channel.open = true;
            channel.number = number;
            channel.openedAt = nowNanos;
            channel.granting = null;
            listener.opened(channel.peer, number);
        }
    }

    private void invited(int number, NodeKey caller, long nowNanos) {
        Channel channel = channels.get(caller);
        if (channel == null) {
            if (!connected || !makeRoom()) {
                return;
            }
            channel = new Channel(caller);
            channels.put(caller, channel);
        }
        channel.asking = null;
        channel.failures = 0;
        give(channel, number, nowNanos);
    }

    private void granted(int number, Optional<InetSocketAddress> address, long nowNanos) {
        Channel channel = find(number);
        if (channel == null) {
            malformed++;
            return;
        }
        channel.failures = 0;
        if (channel.granting != null) {
            heardGrant(channel, channel.granting, address.isPresent(), nowNanos);
        }
        address.ifPresent(at -> listener.granted(channel.peer, at));
    }

    /// The first message may be the news that the peer has granted, while this node's grant was
    /// lost; of two, one is the answer.
    private static void heardGrant(
            Channel channel, Repeat granting, boolean located, long nowNanos) {
        if (located && channel.grantsHeard > 0) {
            channel.granting = null;
        } else if (granting.asked > 0) {
            boolean enough = channel.grantsHeard++ == MOST_GRANTS_AGAIN;
            if (!located) {
                channel.granting = enough ? null : new Repeat(nowNanos + GRANT_AGAIN);
            }
        }
    }

    private void closed(int number, ClosedCode why, long nowNanos) {
        Channel channel = find(number);
        if (channel == null) {
            malformed++;
            return;
        }
        lose(channel, why);
        if (channel.wanted && why == ClosedCode.QUOTA) {
            askMuchLater(channel, nowNanos);
        } else if (channel.wanted && why != ClosedCode.IDLE) {
            askLater(channel, nowNanos);
        }
    }

    private void lose(Channel channel, ClosedCode why) {
        boolean was = channel.open;
        channel.open = false;
        channel.granting = null;
        if (!channel.wanted) {
            channels.remove(channel.peer);
        }
        if (was) {
            listener.closed(channel.peer, why);
        }
    }

    private @Nullable Channel find(int number) {
        for (Channel each : channels.values()) {
            if (each.open && each.number == number) {
                return each;
            }
        }
        return null;
    }

    // ---- to the broker

    /// The next message for the broker, or null.
    @Nullable Message poll(long nowNanos) {
        if (!connected) {
            return null;
        }
        if (registering != null && registering.isDue(nowNanos)) {
            registering.asked(nowNanos);
            return new Message.Register(registerId, wakeToken, names);
        }
        if (!registered) {
            return null;
        }
        for (Naming each : namings) {
            if (each.repeat.isDue(nowNanos)) {
                each.repeat.asked(nowNanos);
                return new Message.Resolve(each.id, each.name);
            }
        }
        for (Channel each : channels.values()) {
            if (each.asking != null && each.asking.isDue(nowNanos)) {
                each.asking.asked(nowNanos);
                return new Message.Open(each.id, each.peer);
            }
            if (each.granting != null && each.granting.isDue(nowNanos)) {
                each.granting.asked(nowNanos);
                return new Message.Grant(each.number);
            }
        }
        return null;
    }

    long nanosUntilTimeout(long nowNanos) {
        if (!connected) {
            return Engine.NEVER;
        }
        long least = wait(registering, nowNanos);
        if (registered) {
            for (Naming each : namings) {
                least = Math.min(least, wait(each.repeat, nowNanos));
            }
            for (Channel each : channels.values()) {
                least = Math.min(least, wait(each.asking, nowNanos));
                least = Math.min(least, wait(each.granting, nowNanos));
            }
        }
        return least;
    }

    private static long wait(@Nullable Repeat repeat, long nowNanos) {
        return repeat == null ? Engine.NEVER : Math.max(0, repeat.nextAt - nowNanos);
    }
}
