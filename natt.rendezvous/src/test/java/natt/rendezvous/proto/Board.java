package natt.rendezvous.proto;

import natt.core.NodeKey;
import natt.core.rendezvous.Message;
import natt.core.session.Rendezvous;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A switchboard with nodes that write down what they are told, in virtual time.
final class Board {
    static final long SECOND = 1_000_000_000;
    static final long DAY = 24 * 3600 * SECOND;
    static final long EPOCH = 1_800_000_000;
    static final byte DATA = (byte) 0x93;

    final Set<NodeKey> guests = new HashSet<>();
    final List<Name> journal = new ArrayList<>();
    final List<String> denied = new ArrayList<>();
    final Switchboard switchboard;
    boolean diskFull;

    /// Begins shortly before nanosecond times wrap.
    final long start = Long.MAX_VALUE - 3 * SECOND;

    long now = start;

    /// One session of a node.
    final class Caller implements Line {
        final NodeKey key;
        final List<byte[]> said = new ArrayList<>();
        final Node node;
        InetSocketAddress path;
        boolean up = true;

        Caller(NodeKey key, String path) {
            this.key = key;
            this.path = address(path);
            node = switchboard.join(this, now);
        }

        @Override
        public NodeKey peer() {
            return key;
        }

        @Override
        public boolean isUp() {
            return up;
        }

        @Override
        public Optional<InetSocketAddress> path() {
            return Optional.of(path);
        }

        @Override
        public boolean say(ByteBuffer message, long nowNanos) {
            var kept = new byte[message.remaining()];
            message.get(kept);
            return said.add(kept);
        }

        void says(Message message) {
            switchboard.handle(node, message.encode(), now);
        }

        void says(byte... bytes) {
            switchboard.handle(node, ByteBuffer.wrap(bytes), now);
        }

        void relays(int channel, int bytes) {
            var message = ByteBuffer.allocate(Rendezvous.RELAY_HEADER + bytes);
            message.put((byte) Rendezvous.RELAY).putInt(channel).put(DATA);
            switchboard.handle(node, message.clear(), now);
        }

        /// What it was told since the last time, RELAY left out.
        List<Message> heard() {
            List<Message> heard =
                    said.stream()
                            .filter(each -> each[0] != Rendezvous.RELAY)
                            .map(each -> Message.read(ByteBuffer.wrap(each)))
                            .toList();
            said.clear();
            return heard;
        }

        /// What was relayed to it since the last time, in bytes, without headers.
        int relayed() {
            int bytes =
                    said.stream()
                            .filter(each -> each[0] == Rendezvous.RELAY)
                            .mapToInt(each -> each.length - Rendezvous.RELAY_HEADER)
                            .sum();
            said.clear();
            return bytes;
        }

        List<Message.NameCode> register(String... names) {
            says(new Message.Register(1, token(key), List.of(names)));
            return heard().stream()
                    .filter(Message.Registered.class::isInstance)
                    .flatMap(each -> ((Message.Registered) each).names().stream())
                    .toList();
        }

        Message.Opened open(NodeKey other) {
            says(new Message.Open(1, other));
            return (Message.Opened) heard().getLast();
        }
    }

    Board() {
        this(Limits.usual(), List.of());
    }

    Board(Limits limits, Collection<Name> names) {
        var directory =
                new Directory(limits.names(), names, name -> !diskFull && journal.add(name));
        switchboard =
                new Switchboard(
                        limits,
                        (key, from) -> guests.contains(key),
                        directory,
                        new Switchboard.Stun(30001, Optional.empty()),
                        at -> EPOCH + (at - start) / SECOND,
                        (key, what) -> denied.add(key + ": " + what),
                        now);
    }

    Caller guest(int number) {
        guests.add(key(number));
        return stranger(number);
    }

    Caller stranger(int number) {
        return new Caller(key(number), "203.0.113.%d:40000".formatted(number % 250));
    }

    /// Lets time pass in which the switchboard does what is due when it is due.
    void run(long nanos) {
        long end = now + nanos;
        while (switchboard.nanosUntilTimeout(now) <= end - now) {
            now += Math.max(0, switchboard.nanosUntilTimeout(now));
            switchboard.handleTimeout(now);
        }
        now = end;
    }

    static NodeKey key(int number) {
        var bytes = new byte[NodeKey.LENGTH];
        ByteBuffer.wrap(bytes).putInt(number);
        return NodeKey.of(bytes);
    }

    static byte[] token(NodeKey key) {
        return Arrays.copyOf(key.bytes(), Message.TOKEN_LENGTH);
    }

    static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(
                InetAddress.ofLiteral(text.substring(0, colon)),
                Integer.parseInt(text.substring(colon + 1)));
    }
}
