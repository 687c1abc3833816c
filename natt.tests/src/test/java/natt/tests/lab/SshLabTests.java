package natt.tests.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import natt.tests.Home;
import natt.tests.Lab;
import natt.tests.Need;
import natt.tests.Processes;
import natt.tests.Requires;
import natt.tests.RunningProcess;
import natt.tests.Tcp;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// A user's way to work: ssh and scp from behind one NAT to a host behind another, with the
/// address in DNS.
@Requires({Need.NATLAB, Need.COTURN, Need.KNOT, Need.SSHD, Need.IMAGE})
@Timeout(300)
class SshLabTests {
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final int PIECE = 1 << 20;

    @RegisterExtension static final Processes PROCESSES = Processes.ofTheClass();
    @TempDir static Path state;

    private static Home home;

    @BeforeAll
    static void start() throws Exception {
        Lab lab = Lab.up("--a", "port-restricted", "--b", "full-cone-random", "--no-stun");
        home = Home.inLab(PROCESSES, lab, Home.Wire.SESSIONS, state);
        home.startNatts();
    }

    @AfterAll
    static void end() {
        if (home != null) {
            home.close();
        }
    }

    @Test
    void sshRunsACommandAndReportsItsStatus() throws Exception {
        RunningProcess ssh = home.ssh("echo $((6 * 7)); exit 5").start();
        ssh.awaitLine("^42$", LIMIT);
        assertEquals(5, ssh.awaitExit(LIMIT));
    }

    @Test
    void scpOf200MegabytesArrivesWhole() throws Exception {
        Path directory = Home.scratch();
        Path original = directory.resolve("original");
        Path copy = directory.resolve("copy");
        Files.deleteIfExists(copy);
        String sum;
        try (OutputStream out = Files.newOutputStream(original)) {
            sum = write(out, 200);
        }
        RunningProcess scp = home.scp(original.toString(), home.sshd().remote(copy)).start();
        assertEquals(0, scp.awaitExit(LIMIT));
        assertEquals(sum, sum(copy));
        Files.delete(original);
        Files.delete(copy);
    }

    @RepeatedTest(20)
    void everythingBeforeTheEndOfInputComesBack() throws Exception {
        RunningProcess ssh = home.ssh("cat").binary().start();
        var sent = new String[1];
        Thread sender =
                Thread.ofVirtual()
                        .start(
                                () -> {
                                    try (OutputStream out = ssh.stdin()) {
                                        sent[0] = write(out, 5);
                                    } catch (IOException _) {
                                        sent[0] = "ssh ended before all was sent";
                                    }
                                });
        byte[] back = ssh.stdout().readAllBytes();
        sender.join();
        assertEquals(5 * PIECE, back.length);
        assertEquals(sent[0], HexFormat.of().formatHex(sha256().digest(back)));
        assertEquals(0, ssh.awaitExit(LIMIT));
    }

    @Test
    void twentyConnectionsAtOnceAreServed() throws Exception {
        int port = home.startNattc();
        List<RunningProcess> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(home.sshTo(port, "cat").start());
        }
        for (int i = 0; i < 20; i++) {
            write(all.get(i), "first " + i);
        }
        for (int i = 0; i < 20; i++) {
            all.get(i).awaitLine("^first " + i + "$", LIMIT);
        }
        for (int i = 0; i < 20; i++) {
            write(all.get(i), "second " + i);
            all.get(i).stdin().close();
        }
        for (int i = 0; i < 20; i++) {
            all.get(i).awaitLine("^second " + i + "$", LIMIT);
            assertEquals(0, all.get(i).awaitExit(LIMIT));
        }
    }

    private static void write(RunningProcess process, String line) throws IOException {
        process.stdin().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.stdin().flush();
    }

    /// Writes content without a pattern; returns its checksum.
    private static String write(OutputStream out, int pieces) throws IOException {
        var content = new Tcp.Content(pieces);
        MessageDigest digest = sha256();
        for (int i = 0; i < pieces; i++) {
            byte[] piece = content.next(PIECE);
            digest.update(piece);
            out.write(piece);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String sum(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (var in = Files.newInputStream(file)) {
            byte[] piece = new byte[PIECE];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                digest.update(piece, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has it", e);
        }
    }
}
