package natt.tests.bench;

import natt.core.noise.Aead;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.spec.AlgorithmParameterSpec;
import java.util.concurrent.TimeUnit;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// What a session costs: packets of [#PACKET] bytes between two engines in memory after a real
/// handshake, in turns one each way, beside the JDK's cipher alone.
///
/// One operation is one datagram: made, sealed, found, opened, handed over.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-XX:+UseSerialGC", "-Xms256m", "-Xmx256m"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class SessionBenchmark {
    static final int PACKET = 1200;

    /// Of virtual time, from one packet to the next.
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(10);

    private static final int SETTLING = 100_000;

    // Of a DATA: the header, which is authenticated, and the kind before the packet.
    private static final int HEADER = 15;
    private static final int SEALED = 1 + PACKET;
    private static final int TAG = 16;

    /// What seals.
    @Param({"AES_256_GCM", "CHACHA20_POLY1305"})
    Aead.Algorithm algorithm;

    private final ByteBuffer packet = ByteBuffer.allocate(PACKET);
    private SessionPair pair;
    private long exchanged;
    private Cipher sealing;
    private Cipher opening;
    private SecretKeySpec key;
    private final byte[] nonce = new byte[12];
    private final byte[] plain = new byte[SEALED];
    private final byte[] datagram = new byte[HEADER + SEALED + TAG];
    private long counter;

    public SessionBenchmark() {}

    /// Until the width of the path is known.
    @Setup(Level.Trial)
    public void connect() throws GeneralSecurityException {
        pair = new SessionPair(natt.core.session.Mode.IP, algorithm);
        for (int i = 0; i < SETTLING; i++) {
            eachWay();
        }
        boolean aes = algorithm == Aead.Algorithm.AES_256_GCM;
        String name = aes ? "AES/GCM/NoPadding" : "ChaCha20-Poly1305";
        sealing = Cipher.getInstance(name);
        opening = Cipher.getInstance(name);
        key = new SecretKeySpec(new byte[32], aes ? "AES" : "ChaCha20");
    }

    /// A packet there, and one back.
    @Benchmark
    @OperationsPerInvocation(2)
    public long session() {
        return eachWay();
    }

    private long eachWay() {
        boolean taken = pair.near.session().send(packet.clear(), pair.now());
        taken &= pair.far.session().send(packet.clear(), pair.now());
        pair.turn(2 * PAUSE_NANOS);
        exchanged++;
        if (!taken || pair.near.packets() != exchanged || pair.far.packets() != exchanged) {
            throw new AssertionError("a packet got lost");
        }
        return exchanged;
    }

    /// The same bytes through the JDK alone, with one cipher for each direction.
    @Benchmark
    public int cipher() throws GeneralSecurityException {
        var nonces = ByteBuffer.wrap(nonce).order(ByteOrder.LITTLE_ENDIAN);
        nonces.putLong(4, counter++);
        AlgorithmParameterSpec parameters =
                algorithm == Aead.Algorithm.AES_256_GCM
                        ? new GCMParameterSpec(TAG * 8, nonce)
                        : new IvParameterSpec(nonce);
        sealing.init(Cipher.ENCRYPT_MODE, key, parameters);
        sealing.updateAAD(datagram, 0, HEADER);
        int sealed = sealing.doFinal(plain, 0, SEALED, datagram, HEADER);
        opening.init(Cipher.DECRYPT_MODE, key, parameters);
        opening.updateAAD(datagram, 0, HEADER);
        return opening.doFinal(datagram, HEADER, sealed, plain, 0);
    }
}
