package natt.rendezvous.proto;

import natt.core.NodeKey;
import natt.core.Route;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.Rendezvous;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.LongUnaryOperator;

/// Answers what nodes ask, and joins them. It sends to nothing but sessions: no message has an
/// address in it that it would use.
final class Switchboard {
    private static final long SECOND = 1_000_000_000;

    /// What may be relayed in a channel before a side that may relay has granted it, in bytes.
    static final int INTRODUCTION = 8 << 10;

    /// How long a channel that was granted may be idle.
    static final long IDLE = 300 * SECOND;

    /// The same for one that was not: an introduction takes seconds.
    static final long NOT_GRANTED_IDLE = 60 * SECOND;

    /// How often the directory is told who is here.
    private static final long ROLL_CALL = 3600 * SECOND;

    /// What a broker tells everybody about its STUN ports.
    ///
    /// @param port the second one; 0 if there is none
    /// @param address the second one; empty if there is none
    record Stun(int port, Optional<InetAddress> address) {}

    private final Directory directory;
    private final Guests guests;
    private final Stun stun;
    private final LongUnaryOperator epochSecond;
    private final BiConsumer<NodeKey, String> denied;
    private final Quotas quotas;
    private final Map<NodeKey, Node> registered = new HashMap<>();
    private final IdleList granted = new IdleList(IDLE);
    private final IdleList introduced = new IdleList(NOT_GRANTED_IDLE);
    private final Counters counters = new Counters();
    private int channels;
    private long calledAt;
    private boolean changed;

    /// @param epochSecond the wall clock, in seconds since 1970, at a time of the ticker
    /// @param denied hears who does not get what it wants, and why in a few words
    Switchboard(
            Limits limits,
            Guests guests,
            Directory directory,
            Stun stun,
            LongUnaryOperator epochSecond,
            BiConsumer<NodeKey, String> denied,
            long nowNanos) {
        this.directory = directory;
        this.guests = guests;
        this.stun = stun;
        this.epochSecond = epochSecond;
        this.denied = denied;
        quotas = new Quotas(limits);
        calledAt = nowNanos;
    }

    // ---- who is here

    Node join(Line line, long nowNanos) {
        return new Node(line, nowNanos);
    }

    /// A node's session has ended.
    void leave(Node node, long nowNanos) {
        for (Channel.End each : node.ends()) {
            close(each.channel, ClosedCode.PEER_GONE, each, nowNanos);
        }
        if (node.isRegistered()) {
            changed = true;
            directory.seen(node.key, epochSecond.applyAsLong(nowNanos));
            unchain(node);
        }
    }

    private void unchain(Node node) {
        Node newest = registered.get(node.key);
        if (newest == node) {
            if (node.older == null) {
                registered.remove(node.key);
            } else {
                registered.put(node.key, node.older);
            }
            return;
        }
        for (Node each = newest; each != null; each = each.older) {
            if (each.older == node) {
                each.older = node.older;
            }
        }
    }

    /// A node is at another address.
    void moved(Node node, long nowNanos) {
        changed |= node.isRegistered();
        if (!node.registers.take(nowNanos)) {
            counters.limited++;
            return;
        }
        for (Channel.End each : node.ends()) {
            if (each.granted) {
                tellAddress(each, nowNanos);
            }
        }
    }

    /// The session to which calls for a key go: the newest that has a name, else the newest.
    private @Nullable Node find(NodeKey key, Node caller) {
        Node nameless = null;
        for (Node each = registered.get(key); each != null; each = each.older) {
            boolean there = each != caller && each.line.isUp();
            if (there && each.named) {
                return each;
            }
            if (there && nameless == null) {
                nameless = each;
            }
        }
        return nameless;
    }

    private boolean isGuest(Node node) {
        return guests.isGuest(node.key, node.line.path());
    }

    // ---- what nodes say

    /// @param message at least one byte; its buffer may be written to
    void handle(Node from, ByteBuffer message, long nowNanos) {
        if (message.get(message.position()) == Rendezvous.RELAY) {
            relay(from, message, nowNanos);
            return;
        }
        switch (Message.read(message)) {
            case Message.Register asked -> register(from, asked, nowNanos);
            case Message.Resolve asked -> resolve(from, asked, nowNanos);
            case Message.Open asked -> open(from, asked, nowNanos);
            case Message.Grant asked -> grant(from, asked.channel(), nowNanos);
            case Message.Closed said -> closed(from, said.channel(), nowNanos);
            case Message.Withdraw _ -> withdraw(from, nowNanos);
            case null, default -> counters.malformed++;
        }
    }

    private boolean allows(TokenBucket bucket, long nowNanos) {
        boolean allowed = bucket.take(nowNanos);
        counters.limited += allowed ? 0 : 1;
        return allowed;
    }

    private void register(Node node, Message.Register asked, long nowNanos) {
        if (!allows(node.registers, nowNanos)) {
            return;
        }
        boolean guest = isGuest(node);
        var codes = new ArrayList<NameCode>();
        for (String name : asked.names()) {
            NameCode code =
                    guest
                            ? directory.claim(name, node.key, epochSecond.applyAsLong(nowNanos))
                            : NameCode.NOT_ALLOWED;
            codes.add(code);
            node.named |= code == NameCode.OK;
            counters.count(code);
            deny(node, code);
        }
        if (!node.isRegistered()) {
            node.older = registered.put(node.key, node);
        }
        node.wakeToken = asked.wakeToken();
        changed = true;
        counters.registered++;
        node.say(
                new Message.Registered(
                        asked.id(),
                        guest,
                        guest,
                        codes,
                        observed(node),
                        stun.port(),
                        stun.address()),
                nowNanos);
    }

    private void deny(Node node, NameCode code) {
        switch (code) {
            case OK -> {}
            case TAKEN -> denied.accept(node.key, "its name is another's");
            case NOT_ALLOWED -> denied.accept(node.key, "it is not listed for names");
            case FULL -> denied.accept(node.key, "too many names, or they cannot be kept");
            case MALFORMED -> denied.accept(node.key, "its name is none");
        }
    }

    /// Where a node is; empty if it comes over a connection.
    private static Optional<InetSocketAddress> observed(Node node) {
        return node.line.path().filter(Route::isDirect).map(Route::remote);
    }

    private void resolve(Node node, Message.Resolve asked, long nowNanos) {
        if (!allows(node.resolves, nowNanos)) {
            return;
        }
        Optional<NodeKey> key =
                directory.find(asked.name()).filter(each -> guests.isGuest(each, Optional.empty()));
        counters.resolved++;
        node.say(new Message.Resolved(asked.id(), key), nowNanos);
    }

    private void withdraw(Node node, long nowNanos) {
        if (allows(node.registers, nowNanos)) {
            directory.withdraw(node.key);
            node.named = false;
        }
    }

    private void open(Node node, Message.Open asked, long nowNanos) {
        if (!allows(node.opens, nowNanos)) {
            return;
        }
        Node other = find(asked.peer(), node);
        OpenCode code = OpenCode.OK;
        int number = 0;
        if (!node.isRegistered()) {
            code = OpenCode.NOT_ALLOWED;
        } else if (other == null) {
            code = OpenCode.NOT_REGISTERED;
        } else {
            number = channel(node, other, nowNanos);
            code = number == 0 ? OpenCode.FULL : OpenCode.OK;
        }
        counters.count(code);
        node.say(new Message.Opened(asked.id(), code, number), nowNanos);
    }

    // ---- channels

    /// What a node calls the channel to another, made if there is none; 0 if there is no room.
    private int channel(Node node, Node other, long nowNanos) {
        Channel.End end = node.endTo(other);
        if (end == null) {
            Channel.End opened = other.endTo(node);
            end = opened == null ? null : opened.other();
        }
        if (end != null && end.number != 0) {
            return end.number;
        }
        if (!makeRoom(node, nowNanos)) {
            return 0;
        }
        if (end == null) {
            var made = new Channel(node, other);
            channels++;
            end = made.first;
            introduced.use(made, nowNanos);
        }
        end.used = true;
        node.add(end);
        return end.number;
    }

    /// Who has too many channels loses one that somebody else has opened and that it has not
    /// admitted, so that strangers cannot use them up.
    private boolean makeRoom(Node node, long nowNanos) {
        if (node.isFull()) {
            Channel leaves = node.oldestUnwanted();
            if (leaves != null) {
                close(leaves, ClosedCode.UNSPECIFIED, null, nowNanos);
            }
        }
        return !node.isFull();
    }

    /// @param by the side that does not need to be told, if there is one
    private void close(Channel channel, ClosedCode code, Channel.@Nullable End by, long nowNanos) {
        IdleList.remove(channel);
        channels--;
        closeEnd(channel.first, code, by, nowNanos);
        closeEnd(channel.second, code, by, nowNanos);
    }

    private static void closeEnd(
            Channel.End end, ClosedCode code, Channel.@Nullable End by, long nowNanos) {
        if (end.number == 0) {
            return;
        }
        end.node.remove(end);
        if (end != by) {
            end.node.say(new Message.Closed(end.number, code), nowNanos);
        }
    }

    private void closed(Node node, int number, long nowNanos) {
        Channel.End end = node.end(number);
        if (end != null) {
            close(end.channel, ClosedCode.PEER_GONE, end, nowNanos);
        }
    }

    /// The node speaks of a channel that it does not have: the message that it is gone was lost.
    private void tellGone(Node node, int number, long nowNanos) {
        counters.unknownChannel++;
        if (node.others.take(nowNanos)) {
            node.say(new Message.Closed(number, ClosedCode.PEER_GONE), nowNanos);
        }
    }

    private void grant(Node node, int number, long nowNanos) {
        Channel.End end = node.end(number);
        if (end == null) {
            tellGone(node, number, nowNanos);
            return;
        }
        if (!allows(node.others, nowNanos)) {
            return;
        }
        end.used = true;
        boolean first = !end.granted;
        end.granted = true;
        if (end.channel.granter == null) {
            end.channel.granter = end;
        }
        granted.use(end.channel, nowNanos);
        Channel.End other = end.other();
        Optional<InetSocketAddress> peer = other.granted ? observed(other.node) : Optional.empty();
        node.say(new Message.Granted(number, peer), nowNanos);
        if (first) {
            tellAddress(end, nowNanos);
        }
    }

    /// Tells the other side where a node is that has granted that.
    private void tellAddress(Channel.End end, long nowNanos) {
        Channel.End other = end.other();
        if (other.number != 0) {
            other.node.say(new Message.Granted(other.number, observed(end.node)), nowNanos);
        }
    }

    // ---- what is relayed

    private void relay(Node from, ByteBuffer message, long nowNanos) {
        int at = message.position();
        if (message.remaining() <= Rendezvous.RELAY_HEADER
                || !Rendezvous.isRelayed(message.get(at + Rendezvous.RELAY_HEADER))) {
            counters.malformed++;
            return;
        }
        int number = message.getInt(at + 1);
        Channel.End end = from.end(number);
        if (end == null) {
            tellGone(from, number, nowNanos);
            return;
        }
        end.used = true;
        int bytes = message.remaining() - Rendezvous.RELAY_HEADER;
        Channel.End other = end.other();
        if (!other.node.line.isUp()) {
            counters.unreachable++;
        } else if (isPaid(end.channel, bytes, nowNanos) && invite(other, nowNanos)) {
            message.putInt(at + 1, other.number);
            boolean queued = other.node.line.say(message, nowNanos);
            counters.relayed(queued ? bytes : 0);
        }
    }

    /// Lets a node know of a channel before the first that comes by it.
    ///
    /// @return whether it has the channel
    private boolean invite(Channel.End end, long nowNanos) {
        if (end.number == 0) {
            if (!makeRoom(end.node, nowNanos)) {
                counters.full++;
                close(end.channel, ClosedCode.UNSPECIFIED, null, nowNanos);
                return false;
            }
            end.node.add(end);
        }
        if (!end.used) {
            end.node.say(new Message.Invited(end.number, end.other().node.key), nowNanos);
        }
        return true;
    }

    /// Charges a side that has granted the channel, else what is free.
    private boolean isPaid(Channel channel, int bytes, long nowNanos) {
        Channel.End granter = channel.granter;
        if (granter != null) {
            granted.use(channel, nowNanos);
            Quota.Verdict own = charge(granter, bytes, nowNanos);
            Channel.End other = granter.other();
            boolean both = own != Quota.Verdict.OK && other.granted;
            Quota.Verdict verdict = both ? own.or(charge(other, bytes, nowNanos)) : own;
            switch (verdict) {
                case OK -> {
                    return true;
                }
                case TOO_FAST -> {
                    counters.tooFast++;
                    return false;
                }
                case USED_UP -> {
                    counters.usedUp++;
                    denied.accept(granter.node.key, "what is relayed for it in a day is used up");
                    close(channel, ClosedCode.QUOTA, null, nowNanos);
                    return false;
                }
                case NOT_ALLOWED -> {
                    // As if nobody had granted it.
                }
            }
        } else {
            introduced.use(channel, nowNanos);
        }
        return isIntroduction(channel, bytes, nowNanos);
    }

    private Quota.Verdict charge(Channel.End granter, int bytes, long nowNanos) {
        return isGuest(granter.node)
                ? quotas.of(granter.node.key, nowNanos).take(bytes, nowNanos)
                : Quota.Verdict.NOT_ALLOWED;
    }

    private boolean isIntroduction(Channel channel, int bytes, long nowNanos) {
        if (channel.introduced + bytes > INTRODUCTION) {
            counters.usedUp++;
            denied.accept(channel.first.node.key, "no more than an introduction is relayed");
            close(channel, ClosedCode.QUOTA, null, nowNanos);
            return false;
        }
        if (!channel.first.node.introductions.take(bytes, nowNanos)) {
            counters.tooFast++;
            return false;
        }
        channel.introduced += bytes;
        return true;
    }

    // ---- time

    void handleTimeout(long nowNanos) {
        closeIdle(granted, nowNanos);
        closeIdle(introduced, nowNanos);
        if (nowNanos - calledAt >= ROLL_CALL) {
            calledAt = nowNanos;
            long epoch = epochSecond.applyAsLong(nowNanos);
            registered.keySet().forEach(key -> directory.seen(key, epoch));
        }
    }

    private void closeIdle(IdleList list, long nowNanos) {
        for (Channel idle; (idle = list.expired(nowNanos)) != null; ) {
            close(idle, ClosedCode.IDLE, null, nowNanos);
        }
    }

    long nanosUntilTimeout(long nowNanos) {
        long least = calledAt + ROLL_CALL - nowNanos;
        least = Math.min(least, granted.nanosUntilExpiry(nowNanos));
        return Math.min(least, introduced.nanosUntilExpiry(nowNanos));
    }

    // ---- for the owner

    Directory directory() {
        return directory;
    }

    Quotas quotas() {
        return quotas;
    }

    Counters counters() {
        return counters;
    }

    int channels() {
        return channels;
    }

    int registeredKeys() {
        return registered.size();
    }

    /// Whether other nodes than before, or the same at other places, would have to be woken.
    boolean takeChanged() {
        boolean was = changed;
        changed = false;
        return was;
    }

    /// The sessions to be woken if they were lost.
    List<Sleeper> sleepers() {
        var sleepers = new ArrayList<Sleeper>(registered.size());
        for (Node newest : registered.values()) {
            for (Node each = newest; each != null; each = each.older) {
                byte[] token = each.wakeToken;
                Optional<InetSocketAddress> path = observed(each);
                if (token != null && path.isPresent()) {
                    sleepers.add(new Sleeper(each.key, path.get(), token));
                }
            }
        }
        return sleepers;
    }
}
