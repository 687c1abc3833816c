package natt.core.session;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Random;

/// A caller and a host, and what they send each other.
final class Parties {
    static final InitPayload ASKED = new InitPayload(0x0b, 1, 1200, 0x1122334455667788L);
    static final ResponsePayload GRANTED = new ResponsePayload(9, 1280, 15, 0x8877665544332211L);
    static final int CALLER_INDEX = 0x01020304;
    static final int HOST_INDEX = 0xa1a2a3a4;

    final Random random = new Random(7);
    final Identity caller = Identity.generate(random);
    final Identity host = Identity.generate(random);
    final PreSharedKey secret;
    final Gate gate;
    byte[] init = new byte[0];

    Parties(PreSharedKey secret) {
        this.secret = secret;
        gate = new Gate(secret, host.publicKey());
    }

    static PreSharedKey someSecret() {
        var bytes = new byte[PreSharedKey.LENGTH];
        new Random(99).nextBytes(bytes);
        return PreSharedKey.of(bytes);
    }

    InitiatorHandshake call(byte @Nullable [] cookie) {
        return call(host.publicKey(), secret, gate, cookie);
    }

    InitiatorHandshake call(NodeKey to, PreSharedKey with, Gate through, byte @Nullable [] cookie) {
        ByteBuffer into = ByteBuffer.allocate(300);
        InitiatorHandshake handshake =
                InitiatorHandshake.write(
                        caller, to, with, through, 0, CALLER_INDEX, ASKED, cookie, random, into);
        init = written(into);
        return Objects.requireNonNull(handshake);
    }

    ResponderHandshake.@Nullable Caller read(byte[] message) {
        return ResponderHandshake.read(host, secret, message);
    }

    /// Whether the host would answer: the gate and the handshake.
    boolean admits(byte[] message) {
        return message.length == Wire.INIT_LENGTH
                && gate.checkMac1(message, Wire.INIT_MAC1)
                && read(message) != null;
    }

    Answer answer() {
        return answer(GRANTED);
    }

    Answer answer(ResponsePayload granted) {
        ResponderHandshake.Caller from = Objects.requireNonNull(read(init));
        ByteBuffer into = ByteBuffer.allocate(300);
        Opened opened = from.handshake().answer(granted, HOST_INDEX, gate, random, into);
        return new Answer(written(into), opened);
    }

    record Answer(byte[] response, Opened opened) {}

    static byte[] written(ByteBuffer into) {
        var bytes = new byte[into.position()];
        into.get(0, bytes);
        return bytes;
    }

    static byte[] flipped(byte[] message, int bit) {
        byte[] flipped = message.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        return flipped;
    }
}
