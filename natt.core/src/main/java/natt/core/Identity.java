package natt.core;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.XECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.random.RandomGenerator;

import javax.crypto.KeyAgreement;

/// A node's key pair, X25519 (RFC 7748). Prints as its public key.
public final class Identity {
    private static final String ALGORITHM = "X25519";
    private static final byte[] BASE_POINT = new byte[NodeKey.LENGTH];

    static {
        BASE_POINT[0] = 9;
    }

    private final PrivateKey privateKey;
    private final NodeKey publicKey;

    private Identity(PrivateKey privateKey, NodeKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
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
            PrivateKey key =
                    KeyFactory.getInstance(ALGORITHM)
                            .generatePrivate(
                                    new XECPrivateKeySpec(NamedParameterSpec.X25519, scalar));
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

    private static byte[] multiply(PrivateKey key, byte[] point) throws GeneralSecurityException {
        var bigEndian = new byte[NodeKey.LENGTH];
        for (int i = 0; i < NodeKey.LENGTH; i++) {
            bigEndian[i] = point[NodeKey.LENGTH - 1 - i];
        }
        // The last bit is not part of the coordinate (RFC 7748, section 5).
        bigEndian[0] &= 0x7f;
        PublicKey peer =
                KeyFactory.getInstance(ALGORITHM)
                        .generatePublic(
                                new XECPublicKeySpec(
                                        NamedParameterSpec.X25519, new BigInteger(1, bigEndian)));
        KeyAgreement agreement = KeyAgreement.getInstance(ALGORITHM);
        agreement.init(key);
        agreement.doPhase(peer, true);
        return agreement.generateSecret();
    }

    /// The private key: for the file that keeps it, never for a message.
    public byte[] reveal() {
        return ((XECPrivateKey) privateKey)
                .getScalar()
                .orElseThrow(() -> new AssertionError("the JDK's own keys show their scalar"));
    }

    @Override
    public String toString() {
        return publicKey.toString();
    }
}
