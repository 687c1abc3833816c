package natt.dns.client;

import natt.core.Text;
import natt.core.time.Ticker;
import natt.dns.client.DnsMessage.MalformedException;
import natt.dns.client.DnsMessage.Question;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// One question to one server: over UDP, sent again while there is no answer, and over TCP
/// when the answer was truncated (RFC 7766).
///
/// Every exchange has a socket of its own, connected to the server, so that an answer has to
/// come from there to this exchange's port, and must bear its id and question (RFC 5452).
final class Exchange {
    /// What a server said, or that it did not.
    sealed interface Reply {
        record Answered(DnsMessage message) implements Reply {}

        record Unusable(String why) implements Reply {}

        record Silent() implements Reply {}
    }

    /// What is sent, and what an answer must bear.
    record Query(int id, Question question, byte[] wire) {}

    /// The EDNS payload size that fits every path (DNS flag day 2020).
    private static final int UDP_PAYLOAD = 1_232;

    /// Answers longer than what was offered are still read whole.
    private static final int MAX_DATAGRAM = 4_096;

    private static final int TCP_LENGTH_PREFIX = 2;

    /// Where in a message the first byte of its flags is.
    private static final int FLAGS = 2;
    private static final long RESEND_NANOS = TimeUnit.MILLISECONDS.toNanos(1_000);
    private static final Reply MALFORMED = new Reply.Unusable("sent a malformed answer");

    private final InetSocketAddress server;
    private final boolean recursion;
    private final RandomGenerator random;
    private final Ticker ticker;
    private final long deadlineNanos;

    Exchange(
            InetSocketAddress server,
            boolean recursion,
            RandomGenerator random,
            Ticker ticker,
            long deadlineNanos) {
        this.server = server;
        this.recursion = recursion;
        this.random = random;
        this.ticker = ticker;
        this.deadlineNanos = deadlineNanos;
    }

    Reply ask(Question question) throws InterruptedException {
        Reply reply = ask(question, UDP_PAYLOAD);
        // Servers from before EDNS answer so (RFC 6891, section 7).
        if (reply instanceof Reply.Answered(var message)
                && (message.code() == DnsMessage.FORMAT_ERROR
                        || message.code() == DnsMessage.NOT_IMPLEMENTED)) {
            reply = ask(question, 0);
        }
        return reply;
    }

    private Reply ask(Question question, int payload) throws InterruptedException {
        int id = random.nextInt(1 << 16);
        var query = new Query(id, question, DnsMessage.query(id, question, recursion, payload));
        try {
            Reply reply = overUdp(query);
            if (reply instanceof Reply.Answered(var message) && message.has(DnsMessage.TRUNCATED)) {
                return overTcp(query);
            }
            return reply;
        } catch (UnsupportedAddressTypeException noIpv6) {
            return new Reply.Unusable("cannot be reached: this system has no IPv6");
        } catch (IOException e) {
            String why = e.getMessage() == null ? "no server is there" : e.getMessage();
            return new Reply.Unusable("cannot be reached: " + Text.escape(why));
        }
    }

    private Reply overUdp(Query query) throws IOException, InterruptedException {
        byte[] wire = query.wire;
        ByteBuffer in = ByteBuffer.allocate(MAX_DATAGRAM);
        try (DatagramChannel channel = DatagramChannel.open();
                Selector selector = Selector.open()) {
            channel.connect(server);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ);
            while (remaining() > 0) {
                channel.write(ByteBuffer.wrap(wire));
                long resendAt = ticker.nanoTime() + Math.min(RESEND_NANOS, remaining());
                while (await(selector, resendAt - ticker.nanoTime())) {
                    if (channel.read(in.clear()) > 0) {
                        Optional<Reply> reply = decode(query, in.flip());
                        if (reply.isPresent()) {
                            return reply.get();
                        }
                    }
                }
            }
        }
        return new Reply.Silent();
    }

    private Reply overTcp(Query query) throws IOException, InterruptedException {
        byte[] wire = query.wire;
        ByteBuffer out = ByteBuffer.allocate(TCP_LENGTH_PREFIX + wire.length);
        out.putShort((short) wire.length).put(wire).flip();
        try (SocketChannel channel = SocketChannel.open();
                Selector selector = Selector.open()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            channel.connect(server);
            while (!channel.finishConnect()) {
                if (!await(selector, remaining())) {
                    return new Reply.Silent();
                }
            }
            key.interestOps(SelectionKey.OP_WRITE);
            while (out.hasRemaining()) {
                if (channel.write(out) == 0 && !await(selector, remaining())) {
                    return new Reply.Silent();
                }
            }
            key.interestOps(SelectionKey.OP_READ);
            ByteBuffer prefix = ByteBuffer.allocate(TCP_LENGTH_PREFIX);
            if (!fill(channel, selector, prefix)) {
                return new Reply.Silent();
            }
            ByteBuffer in = ByteBuffer.allocate(prefix.flip().getShort() & 0xffff);
            if (!fill(channel, selector, in)) {
                return new Reply.Silent();
            }
            in.flip();
            if (in.limit() > FLAGS) {
                // Some forwarders leave the mark of the datagram on what is whole.
                in.put(FLAGS, (byte) (in.get(FLAGS) & ~(DnsMessage.TRUNCATED >> 8)));
            }
            return decode(query, in).orElse(MALFORMED);
        }
    }

    private boolean fill(SocketChannel channel, Selector selector, ByteBuffer into)
            throws IOException, InterruptedException {
        while (into.hasRemaining()) {
            int n = channel.read(into);
            if (n < 0) {
                throw new IOException("TCP connection closed early");
            }
            if (n == 0 && !await(selector, remaining())) {
                return false;
            }
        }
        return true;
    }

    /// Waits until the selector's only channel is ready, or false after the given time.
    private boolean await(Selector selector, long nanos) throws IOException, InterruptedException {
        long until = ticker.nanoTime() + Math.min(nanos, remaining());
        selector.selectedKeys().clear();
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            long left = until - ticker.nanoTime();
            if (left <= 0) {
                return false;
            }
            // A select of 0 would never time out.
            if (selector.select(1 + TimeUnit.NANOSECONDS.toMillis(left)) > 0) {
                return true;
            }
        }
    }

    private long remaining() {
        return deadlineNanos - ticker.nanoTime();
    }

    /// Returns what a server said in answer to the query; empty if this is no answer to it.
    static Optional<Reply> decode(Query query, ByteBuffer in) {
        boolean ours =
                in.remaining() >= 3
                        && (in.getShort(0) & 0xffff) == query.id
                        && (in.get(2) & 0x80) != 0;
        if (!ours) {
            return Optional.empty();
        }
        DnsMessage message;
        try {
            message = DnsMessage.read(in);
        } catch (MalformedException _) {
            return Optional.of(MALFORMED);
        }
        if (message.question().isEmpty()) {
            // Some servers refuse without repeating the question.
            return Optional.of(
                    message.code() == DnsMessage.NO_ERROR
                            ? MALFORMED
                            : new Reply.Answered(message));
        }
        return query.question.matches(message.question().get())
                ? Optional.of(new Reply.Answered(message))
                : Optional.empty();
    }
}
