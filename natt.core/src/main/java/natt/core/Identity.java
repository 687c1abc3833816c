package natt.core;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.interfaces.XECPrivateKey;
import java.security.interfaces.XECPublicKey;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.util.Optional;
import java.util.random.RandomGenerator;

import javax.crypto.KeyAgreement;

/// A node's key pair, X25519 (RFC 7748). Prints as its public key.
public final class Identity {
    private static final String ALGORITHM = "X25519";
    private static final byte[] BASE_POINT = new byte[NodeKey.LENGTH];

    static {
        BASE_POINT[0] = 9;
    }

    private final Scalar privateKey;
    private final NodeKey publicKey;

    private Identity(Scalar privateKey, NodeKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
    }

    /// What both keys are to the JDK. Its own, from its `KeyFactory`, take ten milliseconds of a
    /// program's start longer.
    private abstract static class Key implements java.security.interfaces.XECKey {
        Key() {}

        public String getAlgorithm() {
            return ALGORITHM;
        }

        public @Nullable String getFormat() {
            return null;
        }

        public byte @Nullable [] getEncoded() {
            return null;
        }

        @Override
        public AlgorithmParameterSpec getParams() {
            return NamedParameterSpec.X25519;
        }
    }

    private static final class Scalar extends Key implements XECPrivateKey {
        private static final long serialVersionUID = 1;

        private final transient byte[] bytes;

        Scalar(byte[] bytes) {
            this.bytes = bytes.clone();
        }

        @Override
        public Optional<byte[]> getScalar() {
            return Optional.of(bytes.clone());
        }
    }

    private static final class Point extends Key implements XECPublicKey {
        private static final long serialVersionUID = 1;

        private final BigInteger u;

        Point(BigInteger u) {
            this.u = u;
        }

        @Override
        public BigInteger getU() {
            return u;
        }
    }

    /// Makes a new pair.
    ///
    /// @param random cryptographically strong
    public static Identity generate(RandomGenerator random) {
        var scalar = new byte[NodeKey.LENGTH];
        random.nextBytes(scalar);
        return of(scalar);
    }

    /// The pair of a private key.
    ///
    /// @param scalar 32 bytes (RFC 7748, section 5)
    public static Identity of(byte[] scalar) {
        if (scalar.length != NodeKey.LENGTH) {
            throw new IllegalArgumentException(
                    "a private key of %d bytes".formatted(scalar.length));
        }
        try {
            var key = new Scalar(scalar);
            return new Identity(key, NodeKey.of(multiply(key, BASE_POINT)));
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has X25519", missing);
        }
    }

    public NodeKey publicKey() {
        return publicKey;
    }

    /// The secret that this pair and the owner of a public key share: 32 bytes.
    ///
    /// @throws InvalidKeyException if the key is a point of small order, which shares nothing
    public byte[] agree(NodeKey peer) throws InvalidKeyException {
        try {
            return multiply(privateKey, peer.bytes());
        } catch (InvalidKeyException smallOrder) {
            throw smallOrder;
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every JDK has X25519", missing);
        }
    }

    private static byte[] multiply(Scalar key, byte[] point) throws GeneralSecurityException {
        var bigEndian = new byte[NodeKey.LENGTH];
        for (int i = 0; i < NodeKey.LENGTH; i++) {
            bigEndian[i] = point[NodeKey.LENGTH - 1 - i];
        }
        // The last bit is not part of the coordinate (RFC 7748, section 5).
        bigEndian[0] &= 0x7f;
        KeyAgreement agreement = KeyAgreement.getInstance(ALGORITHM);
        agreement.init(key);
        agreement.doPhase(new Point(new BigInteger(1, bigEndian)), true);
        return agreement.generateSecret();
    }

    /// The private key: for the file that keeps it, never for a message.
    public byte[] reveal() {
        return privateKey.bytes.clone();
    }

    @Override
    public String toString() {
        return publicKey.toString();
    }
}
