package natt.core.session;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.noise.Noise;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.random.RandomGenerator;

/// The answer to one INIT, which [InitiatorHandshake] draws.
///
/// ```text
///  RESPONSE
///  0    1    2         4                 8                12       44             92     108
///  +----+----+---------+-----------------+----------------+--------+--------------+------+
///  |0x91|  1 | flags 0 | sender index    | receiver index | e 32   | enc(32)      | mac1 |
///  +----+----+---------+-----------------+----------------+--------+--------------+------+
/// ```
final class ResponderHandshake {
    /// Who has sent an INIT. The key is proven, but not that it is sent now: an INIT can be
    /// replayed until the first DATA.
    ///
    /// @param index what the caller wants to find in what it receives
    /// @param handshake what to answer with
    record Caller(NodeKey key, int index, InitPayload payload, ResponderHandshake handshake) {}

    private final Noise noise;
    private final int remoteIndex;

    private ResponderHandshake(Noise noise, int remoteIndex) {
        this.noise = noise;
        this.remoteIndex = remoteIndex;
    }

    /// Reads an INIT, which costs two agreements: only after mac1 was found right.
    ///
    /// @return null if it is not an INIT for this node by an owner of the shared secret
    static @Nullable Caller read(Identity me, PreSharedKey secret, byte[] init) {
        if (init.length != Wire.INIT_LENGTH || !Wire.begins(init, Wire.INIT)) {
            return null;
        }
        byte[] prologue = InitiatorHandshake.prologue(init);
        var noise = new Noise(Noise.Pattern.IK_PSK1, false, prologue, me, null, secret);
        var payload = new byte[InitPayload.LENGTH];
        int length = Wire.INIT_MAC1 - Wire.INIT_NOISE;
        if (noise.read(init, Wire.INIT_NOISE, length, payload, 0) < 0) {
            return null;
        }
        NodeKey key = Objects.requireNonNull(noise.remote(), "INIT carries the caller's key");
        if (isAlias(key)) {
            return null;
        }
        int index = Wire.getInt(init, Wire.INIT_SENDER);
        return new Caller(
                key, index, InitPayload.decode(payload), new ResponderHandshake(noise, index));
    }

    /// X25519 ignores the last bit of a public key (RFC 7748, section 5), so whoever owns a key
    /// could call under a second one.
    private static boolean isAlias(NodeKey key) {
        return key.bytes()[NodeKey.LENGTH - 1] < 0;
    }

    /// Writes the RESPONSE, 108 bytes at the buffer's position. Once only.
    ///
    /// @param index what the caller is to put into what it sends
    /// @param gate of this node's key and the secret
    /// @param random cryptographically strong
    Opened answer(
            ResponsePayload payload,
            int index,
            Gate gate,
            RandomGenerator random,
            ByteBuffer into) {
        var response = new byte[Wire.RESPONSE_LENGTH];
        response[0] = (byte) Wire.RESPONSE;
        response[1] = Wire.VERSION;
        Wire.putInt(response, Wire.RESPONSE_SENDER, index);
        Wire.putInt(response, Wire.RESPONSE_RECEIVER, remoteIndex);
        byte[] granted = payload.encode(index, remoteIndex);
        if (noise.write(granted, 0, granted.length, response, Wire.RESPONSE_NOISE, random) < 0) {
            throw new AssertionError("reading INIT has refused keys of small order");
        }
        gate.mac1(response, Wire.RESPONSE_MAC1, response, Wire.RESPONSE_MAC1);
        into.put(response);
        Noise.Split keys = noise.split(payload.algorithm());
        return new Opened(payload, remoteIndex, keys.send(), keys.receive());
    }
}
