package natt.core.session;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.noise.Noise;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/// One attempt to begin a session: an INIT with its own ephemeral key and index, and the answers
/// to it. `Noise_IKpsk1_25519_ChaChaPoly_SHA256`, the prologue being `natt/1` and the first 8
/// bytes of INIT; `natt/1 wg` where its flags say that the caller's key is that of a WireGuard
/// interface, so that no message of one use is one of another.
///
/// ```text
///  INIT
///  0    1    2         4                 8         40            88         160    176    192
///  +----+----+---------+-----------------+---------+-------------+----------+------+------+
///  |0x90|  1 | flags   | sender index    | e 32    | enc(static) | enc(56)  | mac1 | mac2 |
///  +----+----+---------+-----------------+---------+-------------+----------+------+------+
/// ```
///
/// Bit 0 of the flags is a WireGuard interface's key; the others are zero. mac2 is zero without a
/// cookie.
final class InitiatorHandshake {
    /// The flag of a key that is a WireGuard interface's.
    static final int WIREGUARD_KEY = 1;

    private static final byte[] NAME = "natt/1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] WIREGUARD_NAME = "natt/1 wg".getBytes(StandardCharsets.US_ASCII);

    private final int index;
    private final Gate gate;
    private final byte[] mac1;
    private @Nullable Noise noise;

    private InitiatorHandshake(int index, Gate gate, byte[] mac1, Noise noise) {
        this.index = index;
        this.gate = gate;
        this.mac1 = mac1;
        this.noise = noise;
    }

    /// Writes an INIT, 192 bytes at the buffer's position.
    ///
    /// @param gate of the host's key and the secret
    /// @param flags [#WIREGUARD_KEY] or 0
    /// @param index what the host is to put into what it sends
    /// @param cookie 16 bytes that the host gave to this address, if it did
    /// @param random cryptographically strong
    /// @return null, and nothing is written, if the host's key is a point of small order, which
    ///     nobody has the private key of
    static @Nullable InitiatorHandshake write(
            Identity me,
            NodeKey host,
            PreSharedKey secret,
            Gate gate,
            int flags,
            int index,
            InitPayload payload,
            byte @Nullable [] cookie,
            RandomGenerator random,
            ByteBuffer into) {
        var init = new byte[Wire.INIT_LENGTH];
        init[0] = (byte) Wire.INIT;
        init[1] = Wire.VERSION;
        Wire.putShort(init, Wire.INIT_FLAGS, flags);
        Wire.putInt(init, Wire.INIT_SENDER, index);
        var noise = new Noise(Noise.Pattern.IK_PSK1, true, prologue(init), me, host, secret);
        if (noise.write(payload.encode(), 0, InitPayload.LENGTH, init, Wire.INIT_NOISE, random)
                < 0) {
            return null;
        }
        gate.mac1(init, Wire.INIT_MAC1, init, Wire.INIT_MAC1);
        if (cookie != null) {
            Gate.mac2(cookie, init, Wire.INIT_MAC2, init, Wire.INIT_MAC2);
        }
        into.put(init);
        return new InitiatorHandshake(index, gate, Gate.mac1Of(init), noise);
    }

    /// The name of the protocol and the header of an INIT.
    static byte[] prologue(byte[] init) {
        int flags = Wire.getShort(init, Wire.INIT_FLAGS);
        byte[] name = (flags & WIREGUARD_KEY) == 0 ? NAME : WIREGUARD_NAME;
        byte[] prologue = Arrays.copyOf(name, name.length + Wire.INIT_NOISE);
        System.arraycopy(init, 0, prologue, name.length, Wire.INIT_NOISE);
        return prologue;
    }

    /// What the host puts into what it sends.
    int index() {
        return index;
    }

    /// Reads a RESPONSE, between the buffer's position and limit, which stay. What is no answer to
    /// this attempt changes nothing; one with the right index and mac1 costs two agreements.
    ///
    /// @return null if this is not the host's answer, or not the first
    @Nullable Opened readResponse(ByteBuffer datagram) {
        if (noise == null || datagram.remaining() != Wire.RESPONSE_LENGTH) {
            return null;
        }
        var response = new byte[Wire.RESPONSE_LENGTH];
        datagram.get(datagram.position(), response);
        if (!Wire.begins(response, Wire.RESPONSE)
                || Wire.getInt(response, Wire.RESPONSE_RECEIVER) != index
                || !gate.checkMac1(response, Wire.RESPONSE_MAC1)) {
            return null;
        }
        // A copy: who knows the gate key but not the host's must not end the attempt.
        Noise attempt = noise.copy();
        var payload = new byte[ResponsePayload.LENGTH];
        int length = Wire.RESPONSE_MAC1 - Wire.RESPONSE_NOISE;
        int remoteIndex = Wire.getInt(response, Wire.RESPONSE_SENDER);
        if (attempt.read(response, Wire.RESPONSE_NOISE, length, payload, 0) < 0
                || !ResponsePayload.hasIndexes(payload, remoteIndex, index)) {
            return null;
        }
        noise = null;
        ResponsePayload granted = ResponsePayload.decode(payload);
        Noise.Split keys = attempt.split(granted.algorithm());
        return new Opened(granted, remoteIndex, keys.send(), keys.receive());
    }

    /// Reads a COOKIE, between the buffer's position and limit, which stay.
    ///
    /// @return the cookie for the next INIT to the same address, or null if this does not answer
    ///     this attempt
    byte @Nullable [] readCookie(ByteBuffer datagram) {
        return gate.readCookie(datagram, index, mac1);
    }
}
