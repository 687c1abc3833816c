package natt.core.io;

import natt.core.Text;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;

/// The certificate and key with which a listener speaks TLS.
public final class TlsIdentity {
    private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String END = "-----END PRIVATE KEY-----";
    private static final long LONGEST_FILE = 1 << 20;

    private final SSLContext context;

    private TlsIdentity(PrivateKey key, X509Certificate... chain) {
        context = Tls.context(new KeyManager[] {new Tls.OneKey(key, chain)});
    }

    SSLContext context() {
        return context;
    }

    /// A new key and a certificate for it that nobody vouches for; natt's own peers do not mind.
    ///
    /// @param name that the certificate shows to whoever connects, ASCII
    public static TlsIdentity selfSigned(String name, Instant now, SecureRandom random) {
        try {
            SelfSigned made = SelfSigned.make(name, now, random);
            return new TlsIdentity(made.key(), made.certificate());
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every Java has ECDSA on P-256", missing);
        }
    }

    /// Reads a certificate and those that vouch for it, and its key, from PEM files.
    ///
    /// @param key PKCS#8, not encrypted; EC, RSA or Ed25519
    /// @throws IOException if a file cannot be read
    /// @throws IllegalArgumentException with one line for the user, if one is not what it should be
    public static TlsIdentity read(Path certificates, Path key) throws IOException {
        X509Certificate[] chain = chain(certificates);
        PublicKey publicKey = chain[0].getPublicKey();
        PrivateKey privateKey = privateKey(key, publicKey.getAlgorithm());
        if (!belong(privateKey, publicKey)) {
            throw unusable(key, "is not the key of the certificate in " + certificates);
        }
        return new TlsIdentity(privateKey, chain);
    }

    private static IllegalArgumentException unusable(Path file, String why) {
        return new IllegalArgumentException(Text.escape(file.toString()) + " " + Text.escape(why));
    }

    private static byte[] content(Path file) throws IOException {
        if (Files.size(file) > LONGEST_FILE) {
            throw unusable(file, "is too long for a PEM file");
        }
        return Files.readAllBytes(file);
    }

    private static X509Certificate[] chain(Path file) throws IOException {
        try {
            X509Certificate[] chain =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(content(file)))
                            .toArray(X509Certificate[]::new);
            if (chain.length > 0) {
                return chain;
            }
        } catch (CertificateException malformed) {
            // The reason is Java's own, about DER; a person needs to know which file.
        }
        throw unusable(file, "has no certificates in PEM");
    }

    private static PrivateKey privateKey(Path file, String algorithm) throws IOException {
        byte[] content = content(file);
        String text = new String(content, StandardCharsets.ISO_8859_1);
        Arrays.fill(content, (byte) 0);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw unusable(
                    file,
                    "has no unencrypted PKCS#8 key ('BEGIN PRIVATE KEY'); convert it with 'openssl"
                            + " pkcs8 -topk8 -nocrypt'");
        }
        try {
            byte[] der =
                    Base64.getMimeDecoder().decode(text.substring(begin + BEGIN.length(), end));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException malformed) {
            throw unusable(file, "has no %s key, as the certificate has".formatted(algorithm));
        }
    }

    private static boolean belong(PrivateKey privateKey, PublicKey publicKey) {
        String algorithm =
                switch (publicKey.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> publicKey.getAlgorithm();
                };
        try {
            var text = new byte[32];
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(privateKey);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException unfit) {
            return false;
        }
    }
}
