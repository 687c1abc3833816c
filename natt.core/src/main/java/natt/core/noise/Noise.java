package natt.core.noise;

import static natt.core.noise.Noise.Token.E;
import static natt.core.noise.Noise.Token.EE;
import static natt.core.noise.Noise.Token.ES;
import static natt.core.noise.Noise.Token.PSK;
import static natt.core.noise.Noise.Token.S;
import static natt.core.noise.Noise.Token.SE;
import static natt.core.noise.Noise.Token.SS;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;

import org.jspecify.annotations.Nullable;

import java.security.InvalidKeyException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;

/// One side of a Noise handshake (revision 34) with X25519, ChaChaPoly and a hash.
///
/// [#write] and [#read] are called in turn, the initiator writing first, until [#finished]; then
/// [#split] gives the keys of both directions. A message that cannot be read ends the handshake;
/// who must not let a forger end it reads with a [#copy].
public final class Noise {
    /// What a message is made of (section 7.1).
    enum Token {
        E,
        S,
        EE,
        ES,
        SE,
        SS,
        PSK
    }

    /// A handshake pattern (sections 7.4, 7.5 and 9.4), the initiator's messages at even places.
    public enum Pattern {
        KK("KK", true, true, List.of(List.of(E, ES, SS), List.of(E, EE, SE))),
        IK("IK", false, true, List.of(List.of(E, ES, S, SS), List.of(E, EE, SE))),
        XX("XX", false, false, List.of(List.of(E), List.of(E, EE, S, ES), List.of(S, SE))),
        NN_PSK0("NNpsk0", false, false, List.of(List.of(PSK, E), List.of(E, EE))),
        IK_PSK1("IKpsk1", false, true, List.of(List.of(E, ES, S, SS, PSK), List.of(E, EE, SE))),
        IK_PSK2("IKpsk2", false, true, List.of(List.of(E, ES, S, SS), List.of(E, EE, SE, PSK)));

        private final String title;
        private final boolean initiatorKnown;
        private final boolean responderKnown;
        private final List<List<Token>> messages;

        /// @param initiatorKnown whether the initiator's static key is a pre-message
        /// @param responderKnown whether the responder's static key is one
        Pattern(
                String title,
                boolean initiatorKnown,
                boolean responderKnown,
                List<List<Token>> messages) {
            this.title = title;
            this.initiatorKnown = initiatorKnown;
            this.responderKnown = responderKnown;
            this.messages = messages;
        }

        /// `Noise_IK_25519_ChaChaPoly_SHA256` and the like.
        String protocolName(NoiseHash hash) {
            return "Noise_%s_25519_ChaChaPoly_%s".formatted(title, hash.name());
        }

        private boolean hasPsk() {
            return messages.stream().anyMatch(tokens -> tokens.contains(PSK));
        }
    }

    /// What this side seals with and opens with.
    public record Split(Aead send, Aead receive) {}

    /// The most bytes in a message (section 3).
    public static final int LARGEST = 65_535;

    private final Pattern pattern;
    private final boolean initiator;
    private final SymmetricState state;
    private final @Nullable Identity me;
    private final @Nullable PreSharedKey secret;
    private @Nullable NodeKey remote;
    private @Nullable Identity ephemeral;
    private @Nullable NodeKey remoteEphemeral;
    private int done;
    private boolean dead;

    /// Begins a handshake with SHA-256.
    ///
    /// @param me this side's static pair, where the pattern has one
    /// @param remote the other side's static key, where the pattern takes it as known
    /// @param secret where the pattern has one
    public Noise(
            Pattern pattern,
            boolean initiator,
            byte[] prologue,
            @Nullable Identity me,
            @Nullable NodeKey remote,
            @Nullable PreSharedKey secret) {
        this(pattern, NoiseHash.SHA_256, initiator, prologue, me, remote, secret);
    }

    /// Begins a handshake with any hash.
    public Noise(
            Pattern pattern,
            NoiseHash hash,
            boolean initiator,
            byte[] prologue,
            @Nullable Identity me,
            @Nullable NodeKey remote,
            @Nullable PreSharedKey secret) {
        this.pattern = pattern;
        this.initiator = initiator;
        this.me = me;
        this.remote = remote;
        this.secret = secret;
        state = new SymmetricState(hash, pattern.protocolName(hash));
        state.mixHash(prologue);
        if (pattern.initiatorKnown) {
            state.mixHash(known(initiator));
        }
        if (pattern.responderKnown) {
            state.mixHash(known(!initiator));
        }
    }

    private Noise(Noise other) {
        pattern = other.pattern;
        initiator = other.initiator;
        state = new SymmetricState(other.state);
        me = other.me;
        secret = other.secret;
        remote = other.remote;
        ephemeral = other.ephemeral;
        remoteEphemeral = other.remoteEphemeral;
        done = other.done;
        dead = other.dead;
    }

    private byte[] known(boolean mine) {
        return mine ? given(me).publicKey().bytes() : given(remote).bytes();
    }

    private static <T> T given(@Nullable T key) {
        return Objects.requireNonNull(key, "a key that the pattern needs");
    }

    /// The handshake as it is now, to try a message with.
    public Noise copy() {
        return new Noise(this);
    }

    /// Writes the next message.
    ///
    /// @param random cryptographically strong
    /// @return how many bytes were written, or -1 if a key of the other side is a point of small
    ///     order, which ends the handshake
    public int write(
            byte[] payload, int at, int length, byte[] out, int outAt, RandomGenerator random) {
        if (dead) {
            throw new IllegalStateException("the handshake has failed");
        }
        requireTurn(true);
        int to = outAt;
        try {
            for (Token token : pattern.messages.get(done)) {
                to += writeToken(token, out, to, random);
            }
        } catch (InvalidKeyException smallOrder) {
            dead = true;
            return -1;
        }
        to += state.encryptAndHash(payload, at, length, out, to);
        done++;
        return to - outAt;
    }

    private int writeToken(Token token, byte[] out, int at, RandomGenerator random)
            throws InvalidKeyException {
        if (token == E) {
            ephemeral = Identity.generate(random);
            byte[] key = ephemeral.publicKey().bytes();
            System.arraycopy(key, 0, out, at, NodeKey.LENGTH);
            mixEphemeral(key);
            return NodeKey.LENGTH;
        }
        if (token == S) {
            byte[] key = given(me).publicKey().bytes();
            return state.encryptAndHash(key, 0, NodeKey.LENGTH, out, at);
        }
        mix(token);
        return 0;
    }

    /// Reads the next message.
    ///
    /// @param payload takes what the message carries, and has room for as many bytes as the message
    ///     has; may be the message itself
    /// @return how many bytes of payload were written, or -1 if the message is not the other
    ///     side's, which ends the handshake
    public int read(byte[] message, int at, int length, byte[] payload, int payloadAt) {
        if (dead) {
            return -1;
        }
        requireTurn(false);
        int carried = length > LARGEST ? -1 : readMessage(message, at, length, payload, payloadAt);
        dead = carried < 0;
        done++;
        return carried;
    }

    private int readMessage(byte[] message, int at, int length, byte[] payload, int payloadAt) {
        int from = at;
        int end = at + length;
        try {
            for (Token token : pattern.messages.get(done)) {
                int taken = readToken(token, message, from, end);
                if (taken < 0) {
                    return -1;
                }
                from += taken;
            }
        } catch (InvalidKeyException smallOrder) {
            return -1;
        }
        return end - from < state.overhead()
                ? -1
                : state.decryptAndHash(message, from, end - from, payload, payloadAt);
    }

    private int readToken(Token token, byte[] message, int at, int end) throws InvalidKeyException {
        if (token == E) {
            if (end - at < NodeKey.LENGTH) {
                return -1;
            }
            byte[] key = Arrays.copyOfRange(message, at, at + NodeKey.LENGTH);
            remoteEphemeral = NodeKey.of(key);
            mixEphemeral(key);
            return NodeKey.LENGTH;
        }
        if (token == S) {
            int length = NodeKey.LENGTH + state.overhead();
            var key = new byte[NodeKey.LENGTH];
            if (end - at < length || state.decryptAndHash(message, at, length, key, 0) < 0) {
                return -1;
            }
            remote = NodeKey.of(key);
            return length;
        }
        mix(token);
        return 0;
    }

    private void mixEphemeral(byte[] key) {
        state.mixHash(key);
        if (pattern.hasPsk()) {
            state.mixKey(key);
        }
    }

    /// The tokens that take no place in a message. The letters name the initiator's key first.
    private void mix(Token token) throws InvalidKeyException {
        switch (token) {
            case EE -> mixAgreed(ephemeral, remoteEphemeral);
            case SS -> mixAgreed(me, remote);
            case ES -> mixAgreed(initiator ? ephemeral : me, initiator ? remote : remoteEphemeral);
            case SE -> mixAgreed(initiator ? me : ephemeral, initiator ? remoteEphemeral : remote);
            case PSK -> state.mixKeyAndHash(given(secret).reveal());
            case E, S -> throw new AssertionError("keys that are sent are not mixed here");
        }
    }

    private void mixAgreed(@Nullable Identity mine, @Nullable NodeKey theirs)
            throws InvalidKeyException {
        state.mixKey(given(mine).agree(given(theirs)));
    }

    private void requireTurn(boolean writing) {
        boolean mine = initiator == (done % 2 == 0);
        if (done >= pattern.messages.size() || mine != writing) {
            throw new IllegalStateException("not this side's turn in the handshake");
        }
    }

    public boolean finished() {
        return !dead && done == pattern.messages.size();
    }

    /// The other side's static key, once known: from the start, or after the message that brought
    /// it. Proven only when the payload of a message after its use has been read.
    public @Nullable NodeKey remote() {
        return remote;
    }

    /// The handshake hash, which binds what follows to this handshake (section 11.2).
    public byte[] hash() {
        return state.hash();
    }

    /// The keys for what follows. Ask once: every call begins with unused counters.
    public Split split() {
        return split(Aead.Algorithm.CHACHA20_POLY1305);
    }

    /// The keys for what follows, where the payloads have agreed on an algorithm other than the
    /// handshake's. Ask once, so that no key serves two.
    public Split split(Aead.Algorithm algorithm) {
        if (!finished()) {
            throw new IllegalStateException("the handshake is not finished");
        }
        byte[][] keys = state.split();
        return new Split(
                new Aead(algorithm, keys[initiator ? 0 : 1]),
                new Aead(algorithm, keys[initiator ? 1 : 0]));
    }
}
