package natt.wireguard.natpunch;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.noise.Noise;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;

/// A server, clients, and somebody who writes both sides' messages by hand.
final class Parties {
    static final long SECOND = 1_000_000_000;
    static final int CAPACITY = 100;
    static final InetSocketAddress SERVER = address("198.51.100.1", 12345);
    static final InetSocketAddress HERE = address("203.0.113.7", 51820);
    static final InetSocketAddress THERE = address("203.0.113.8", 51821);

    final Random random = new Random(5);
    final Identity host = Identity.generate(random);
    final Identity alice = Identity.generate(random);
    final Identity bob = Identity.generate(random);
    final NatpunchServer server;

    /// Soon after the start of a test it wraps.
    long now = Long.MAX_VALUE - SECOND;

    Parties() {
        server = new NatpunchServer(host, CAPACITY, random, now);
    }

    static InetSocketAddress address(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    NatpunchClient client(Identity me, boolean continuous) {
        return client(me, continuous, Duration.ofSeconds(2));
    }

    NatpunchClient client(Identity me, boolean continuous, Duration delay) {
        return new NatpunchClient(
                new NatpunchClient.Config(
                        me, host.publicKey(), SERVER, delay, continuous, 1_000, random),
                now);
    }

    // ---- by hand

    /// A handshake of alice's, by hand.
    final class ByHand {
        final Identity me;
        final Noise noise;
        final byte[] hello;
        Noise.@Nullable Split split;
        int index;
        long counter;

        ByHand(Identity me, long timestamp, int proposed) {
            this.me = me;
            noise = PunchWire.call(me, host.publicKey());
            hello = new byte[109];
            hello[0] = 1;
            ByteBuffer.wrap(hello).putInt(1, proposed);
            byte[] payload = ByteBuffer.allocate(8).putLong(timestamp).array();
            noise.write(payload, 0, 8, hello, 5, random);
        }

        /// Whether the server has welcomed it from there.
        boolean shake(InetSocketAddress from) {
            byte[] welcome = ask(from, hello);
            if (welcome.length != 53 || noise.read(welcome, 5, 48, new byte[48], 0) != 0) {
                return false;
            }
            index = ByteBuffer.wrap(welcome).getInt(1);
            split = noise.split();
            return true;
        }

        byte[] question(NodeKey own, NodeKey wanted, long number) {
            var question = new byte[93];
            question[0] = 3;
            ByteBuffer.wrap(question).putInt(1, index).putLong(5, number);
            byte[] both = ByteBuffer.allocate(64).put(own.bytes()).put(wanted.bytes()).array();
            Objects.requireNonNull(split)
                    .send()
                    .seal(number, both, 0, 0, both, 0, 64, question, 13);
            return question;
        }

        /// What the server tells of a key: 6 bytes or none; null for silence.
        byte @Nullable [] find(InetSocketAddress from, NodeKey wanted) {
            byte[] answer = ask(from, question(me.publicKey(), wanted, counter++));
            return answer.length == 0 ? null : opened(answer);
        }

        byte[] opened(byte[] answer) {
            long number = ByteBuffer.wrap(answer).getLong(1);
            var plain = new byte[answer.length];
            int length =
                    Objects.requireNonNull(split)
                            .receive()
                            .open(number, plain, 0, 0, answer, 9, answer.length - 9, plain, 0);
            return Arrays.copyOf(plain, length);
        }
    }

    /// The server's answer; empty for silence.
    byte[] ask(InetSocketAddress from, byte[] datagram) {
        server.handleDatagram(from, ByteBuffer.wrap(datagram.clone()), now);
        ByteBuffer out = ByteBuffer.allocate(2048);
        InetSocketAddress to = server.pollTransmit(out, now);
        if (to == null) {
            return new byte[0];
        }
        if (!to.equals(from) || server.pollTransmit(ByteBuffer.allocate(2048), now) != null) {
            throw new AssertionError("one answer, and to who has asked");
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    /// What a client sends now; empty for nothing.
    byte[] said(NatpunchClient client) {
        ByteBuffer out = ByteBuffer.allocate(2048);
        InetSocketAddress to = client.pollTransmit(out, now);
        if (to == null) {
            return new byte[0];
        }
        if (!to.equals(SERVER)) {
            throw new AssertionError("to " + to);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    /// Lets a client speak with the server until it rests.
    void talk(NatpunchClient client, InetSocketAddress from) {
        if (client.nanosUntilTimeout(now) <= 0) {
            client.handleTimeout(now);
        }
        for (byte[] each; (each = said(client)).length > 0; ) {
            byte[] answer = ask(from, each);
            if (answer.length > 0) {
                client.handleDatagram(SERVER, ByteBuffer.wrap(answer), now);
            }
        }
    }

    void wait(NatpunchClient client) {
        now += client.nanosUntilTimeout(now);
        client.handleTimeout(now);
    }
}
