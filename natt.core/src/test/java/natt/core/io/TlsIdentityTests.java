package natt.core.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;

@Timeout(60)
class TlsIdentityTests {
    private static final Instant NOW = Instant.parse("2026-11-21T12:34:56Z");
    private static final HexFormat HEX = HexFormat.of();

    @TempDir private Path directory;

    private static SelfSigned make() throws Exception {
        return SelfSigned.make("broker.example", NOW, new SecureRandom());
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private static String pem(String what, byte[] der) {
        String base64 =
                Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(der);
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, base64, what);
    }

    private static String pem(Key key) {
        return pem("PRIVATE KEY", key.getEncoded());
    }

    private static String pem(X509Certificate certificate) throws Exception {
        return pem("CERTIFICATE", certificate.getEncoded());
    }

    @Test
    void derIsTheSmallestFormOfEverything() {
        assertEquals(
                "300402020100", HEX.formatHex(Der.sequence(Der.integer(BigInteger.valueOf(256)))));
        assertEquals("02020080", HEX.formatHex(Der.integer(BigInteger.valueOf(128))));
        assertEquals(
                "06082a8648ce3d040302", HEX.formatHex(Der.identifier(1, 2, 840, 10045, 4, 3, 2)));
        assertEquals("0603551d11", HEX.formatHex(Der.identifier(2, 5, 29, 17)));
        assertEquals("0101ff", HEX.formatHex(Der.bool(true)));
        assertEquals("03020005", HEX.formatHex(Der.bits(new byte[] {5})));
        assertEquals("0c02c3a4", HEX.formatHex(Der.utf8("ä")));
        assertEquals("047f", HEX.formatHex(Der.octets(new byte[127]), 0, 2));
        assertEquals("048180", HEX.formatHex(Der.octets(new byte[128]), 0, 3));
        assertEquals("04820100", HEX.formatHex(Der.octets(new byte[256]), 0, 4));
        assertEquals("\u0017\r261121123456Z", new String(Der.time(NOW), StandardCharsets.US_ASCII));
        assertEquals(
                "\u0018\u000f20500101000000Z",
                new String(
                        Der.time(Instant.parse("2050-01-01T00:00:00Z")),
                        StandardCharsets.US_ASCII));
    }

    @Test
    void aCertificateOfOurOwnIsWhatEverybodyReads() throws Exception {
        SelfSigned made = make();
        X509Certificate read = made.certificate();
        read.verify(read.getPublicKey());
        read.checkValidity(Date.from(NOW));
        assertEquals(3, read.getVersion());
        assertEquals("CN=broker.example", read.getSubjectX500Principal().getName());
        assertEquals(read.getSubjectX500Principal(), read.getIssuerX500Principal());
        assertEquals("SHA256withECDSA", read.getSigAlgName());
        assertEquals(
                List.of(List.of(2, "broker.example")),
                List.copyOf(read.getSubjectAlternativeNames()));
        assertEquals(-1, read.getBasicConstraints());
        assertEquals(Instant.parse("2026-11-20T12:34:56Z"), read.getNotBefore().toInstant());
        assertEquals(Instant.parse("2036-11-18T12:34:56Z"), read.getNotAfter().toInstant());
        assertEquals(127, read.getSerialNumber().bitLength());
        assertNotEquals(read.getSerialNumber(), make().certificate().getSerialNumber());
    }

    @Test
    void opensslReadsItToo() throws Exception {
        assumeTrue(hasOpenssl(), "openssl is not installed");
        Path file = write("cert.pem", pem(make().certificate()));
        String text = openssl("x509", "-in", file.toString(), "-noout", "-text");
        assertTrue(text.contains("Version: 3 (0x2)"), text);
        assertTrue(text.contains("DNS:broker.example"), text);
        assertTrue(text.contains("CA:FALSE"), text);
        assertTrue(text.contains("Not Before: Nov 20 12:34:56 2026 GMT"), text);
        assertTrue(
                openssl(
                                "verify",
                                "-CAfile",
                                file.toString(),
                                "-attime",
                                "1795264496",
                                file.toString())
                        .endsWith(": OK\n"));
    }

    private static boolean hasOpenssl() {
        try {
            return new ProcessBuilder("openssl", "version").start().waitFor() == 0;
        } catch (IOException absent) {
            return false;
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static String openssl(String... arguments) throws Exception {
        var command = new ArrayList<String>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @ParameterizedTest
    @CsvSource({
        "EC -pkeyopt ec_paramgen_curve:P-384",
        "RSA -pkeyopt rsa_keygen_bits:2048",
        "ED25519"
    })
    void everyKindOfKeyThatOpensslMakesIsRead(String kind) throws Exception {
        assumeTrue(hasOpenssl(), "openssl is not installed");
        Path key = directory.resolve("key.pem");
        Path chain = directory.resolve("cert.pem");
        openssl(("genpkey -algorithm " + kind + " -out " + key).split(" "));
        openssl(("req -x509 -subj /CN=a.example -key " + key + " -out " + chain).split(" "));
        TlsIdentity identity = TlsIdentity.read(chain, key);
        Loopback.handshake(identity);
    }

    @Test
    void aWholeChainIsRead() throws Exception {
        SelfSigned first = make();
        Path chain = write("chain.pem", pem(first.certificate()) + pem(make().certificate()));
        Loopback.handshake(
                TlsIdentity.read(chain, write("key.pem", "before\n" + pem(first.key()))));
    }

    @Test
    void whatIsNoCertificateOrKeyIsSaidInOneLine() throws Exception {
        SelfSigned made = make();
        Path chain = write("cert.pem", pem(made.certificate()));
        Path key = write("key.pem", pem(made.key()));
        assertEquals(directory + "/key.pem has no certificates in PEM", refused(key, key));
        assertEquals(
                directory + "/empty has no certificates in PEM", refused(write("empty", ""), key));
        assertEquals(
                directory + "/broken has no certificates in PEM",
                refused(write("broken", pem("CERTIFICATE", new byte[40])), key));
        String noKey =
                " has no unencrypted PKCS#8 key ('BEGIN PRIVATE KEY'); convert it with"
                        + " 'openssl pkcs8 -topk8 -nocrypt'";
        assertEquals(
                directory + "/old" + noKey,
                refused(chain, write("old", pem("EC PRIVATE KEY", made.key().getEncoded()))));
        assertEquals(directory + "/cert.pem" + noKey, refused(chain, chain));
        assertEquals(
                directory + "/other is not the key of the certificate in " + chain,
                refused(chain, write("other", pem(make().key()))));
        var rsa = KeyPairGenerator.getInstance("RSA");
        assertEquals(
                directory + "/rsa has no EC key, as the certificate has",
                refused(chain, write("rsa", pem(rsa.generateKeyPair().getPrivate()))));
        assertEquals(
                directory + "/garbage has no EC key, as the certificate has",
                refused(chain, write("garbage", pem("PRIVATE KEY", new byte[40]))));
        assertThrows(IOException.class, () -> TlsIdentity.read(directory.resolve("absent"), key));
    }

    private static String refused(Path chain, Path key) {
        return assertThrows(IllegalArgumentException.class, () -> TlsIdentity.read(chain, key))
                .getMessage();
    }
}
