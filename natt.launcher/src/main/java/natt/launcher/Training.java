package natt.launcher;

import natt.core.Identity;
import natt.core.NodeKey;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Run once when the image is built: what the programs do from their start until a connection is
/// carried, so that the ahead-of-time cache holds all that this needs. natts and nattc run with the
/// options that people give them, and the name is looked up in DNS.
public final class Training {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String NAME = "pc.demo.natt";
    private static final Pattern TEXT = Pattern.compile("\"(v=natt1 [^\"]* a=[^\"]*)\"");
    private static final Pattern REMEMBERED = Pattern.compile("(?m)^(pc\\.demo\\.natt) ");
    private static final int POLL_MILLIS = 20;
    private static final int PATIENCE_MILLIS = 60_000;
    private static final int MAX_QUERY = 512;

    private final Path directory;

    private Training(Path directory) {
        this.directory = directory;
    }

    public static void main(String[] args) {
        try {
            Path directory = Files.createTempDirectory("natt-training");
            Demo.run(new String[] {"--megabytes", "2"});
            // Closes standard output at its end.
            new Training(directory).run();
            delete(directory);
        } catch (Exception | AssertionError failed) {
            System.err.println("training: " + failed);
            // The end of natts would make this a success.
            Runtime.getRuntime().halt(CommandLine.FAILED);
        }
        System.exit(CommandLine.DONE);
    }

    /// Some of it may be left: natts is still at work there.
    private static void delete(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException inUse) {
            System.err.println("training: left some of " + directory);
        }
    }

    private void run() throws Exception {
        // As the programs do; but what is set here is not for them.
        if (Map.copyOf(System.getenv()).isEmpty()) {
            System.err.println("training: no environment");
        }
        KeygenCommand.run(new String[] {"--psk", path("psk")});
        try (var service = new ServerSocket(0, 16, LOOPBACK);
                var dns = new DatagramSocket(0, LOOPBACK)) {
            Thread.ofPlatform().daemon().start(() -> greet(service));
            startNatts("127.0.0.1:" + service.getLocalPort());
            byte[] text = await("zone", TEXT).getBytes(StandardCharsets.US_ASCII);
            Thread.ofPlatform().daemon().start(() -> answer(dns, text));
            rememberAnother();
            int status = nattc("127.0.0.1:" + dns.getLocalPort());
            if (status != CommandLine.DONE) {
                throw new IOException("nattc ended with " + status);
            }
            await("client/known_hosts", REMEMBERED);
        }
    }

    /// So that known_hosts has a line to read, and the key still comes from DNS.
    private void rememberAnother() throws IOException {
        NodeKey key = Identity.generate(new SecureRandom()).publicKey();
        Path client = Files.createDirectory(directory.resolve("client"));
        Files.writeString(
                client.resolve("known_hosts"), "other.%s %s 127.0.0.1:9%n".formatted(NAME, key));
    }

    private String path(String file) {
        return directory.resolve(file).toString();
    }

    private int nattc(String dnsServer) throws Exception {
        String[] args = {
            "--proxy",
            "--target",
            NAME,
            "--dns-server",
            dnsServer,
            "--psk-file",
            path("psk"),
            "--state-dir",
            path("client"),
        };
        return Nattc.program(args, Map.of()).run();
    }

    private void startNatts(String target) {
        String[] args = {
            "--target-fqdn",
            NAME,
            "--listen",
            "127.0.0.1:0",
            "--ssh-target",
            target,
            "--stun",
            "none",
            "--publish-private",
            "--dns",
            "file",
            "--dns-option",
            "path=" + path("zone"),
            "--state-dir",
            path("host"),
            "--runtime-dir",
            path("run"),
            "--psk-file",
            path("psk"),
        };
        Thread.ofPlatform()
                .daemon()
                .start(
                        () -> {
                            try {
                                Natts.program(args, Map.of()).run();
                            } catch (Exception failed) {
                                System.err.println("training: natts: " + failed);
                            }
                        });
    }

    /// What a file holds once a program has written it.
    private String await(String file, Pattern what) throws IOException, InterruptedException {
        Path path = directory.resolve(file);
        for (int waited = 0; waited < PATIENCE_MILLIS; waited += POLL_MILLIS) {
            if (Files.exists(path)) {
                Matcher text = what.matcher(Files.readString(path));
                if (text.find()) {
                    return text.group(1);
                }
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new IOException("nothing is written into " + file);
    }

    /// Greets as sshd does, and hears out what comes.
    private static void greet(ServerSocket listener) {
        while (true) {
            try (Socket connection = listener.accept()) {
                connection
                        .getOutputStream()
                        .write("SSH-2.0-training\r\n".getBytes(StandardCharsets.US_ASCII));
                connection.getInputStream().readAllBytes();
            } catch (IOException ended) {
                if (listener.isClosed()) {
                    return;
                }
            }
        }
    }

    /// Answers every query with one text (RFC 1035, section 4.1).
    private static void answer(DatagramSocket socket, byte... text) {
        var query = new DatagramPacket(new byte[MAX_QUERY], MAX_QUERY);
        try {
            while (true) {
                query.setLength(MAX_QUERY);
                socket.receive(query);
                ByteBuffer in = ByteBuffer.wrap(query.getData(), 0, query.getLength());
                int end = 12;
                while (in.get(end) != 0) {
                    end += 1 + in.get(end);
                }
                // The root, the type and the class end the question.
                end += 5;
                ByteBuffer out = ByteBuffer.allocate(MAX_QUERY + text.length);
                out.putShort(in.getShort(0)).putShort((short) 0x8180);
                out.putShort((short) 1).putShort((short) 1).putInt(0);
                out.put(in.slice(12, end - 12));
                // A pointer to the name, TXT, IN, 60 s.
                out.putShort((short) 0xc00c).putInt(0x0010_0001).putInt(60);
                out.putShort((short) (text.length + 1)).put((byte) text.length).put(text);
                socket.send(
                        new DatagramPacket(out.array(), out.position(), query.getSocketAddress()));
            }
        } catch (IOException closed) {
            // The training is over.
        }
    }
}
