package natt.core.io;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;

/// A key on P-256 and a certificate for it that nobody vouches for (RFC 5280): TLS wants one, and
/// here it proves nothing, since the sessions inside know their peers.
record SelfSigned(PrivateKey key, X509Certificate certificate) {
    private static final Duration BEFORE = Duration.ofDays(1);
    private static final Duration AFTER = Duration.ofDays(3_650);
    private static final int SERIAL_BITS = 127;

    private static final byte[] ECDSA_WITH_SHA256 =
            Der.sequence(Der.identifier(1, 2, 840, 10045, 4, 3, 2));
    private static final byte[] COMMON_NAME = Der.identifier(2, 5, 4, 3);
    private static final byte[] SUBJECT_ALTERNATIVE_NAME = Der.identifier(2, 5, 29, 17);
    private static final byte[] BASIC_CONSTRAINTS = Der.identifier(2, 5, 29, 19);
    private static final int DNS_NAME = 2;

    /// @param name of the host, ASCII
    static SelfSigned make(String name, Instant now, SecureRandom random)
            throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), random);
        KeyPair pair = generator.generateKeyPair();
        byte[] content = content(name, now, serial(random), pair.getPublic().getEncoded());
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(pair.getPrivate(), random);
        signature.update(content);
        byte[] whole = Der.sequence(content, ECDSA_WITH_SHA256, Der.bits(signature.sign()));
        var certificate =
                (X509Certificate)
                        CertificateFactory.getInstance("X.509")
                                .generateCertificate(new ByteArrayInputStream(whole));
        return new SelfSigned(pair.getPrivate(), certificate);
    }

    /// Positive, and never 0 (RFC 5280, section 4.1.2.2).
    private static BigInteger serial(SecureRandom random) {
        return new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS - 1);
    }

    /// The TBSCertificate (RFC 5280, section 4.1).
    private static byte[] content(String name, Instant now, BigInteger serial, byte[] publicKey) {
        byte[] version3 = Der.value(Der.EXPLICIT, Der.integer(BigInteger.TWO));
        byte[] distinguished =
                Der.sequence(Der.value(Der.SET, Der.sequence(COMMON_NAME, Der.utf8(name))));
        byte[] validity = Der.sequence(Der.time(now.minus(BEFORE)), Der.time(now.plus(AFTER)));
        byte[] noAuthority =
                Der.sequence(BASIC_CONSTRAINTS, Der.bool(true), Der.octets(Der.sequence()));
        byte[] dnsName =
                Der.value(Der.IMPLICIT + DNS_NAME, name.getBytes(StandardCharsets.US_ASCII));
        byte[] alternative =
                Der.sequence(SUBJECT_ALTERNATIVE_NAME, Der.octets(Der.sequence(dnsName)));
        return Der.sequence(
                version3,
                Der.integer(serial),
                ECDSA_WITH_SHA256,
                distinguished,
                validity,
                distinguished,
                publicKey,
                Der.value(Der.EXPLICIT + 3, Der.sequence(noAuthority, alternative)));
    }
}
