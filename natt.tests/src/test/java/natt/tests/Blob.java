package natt.tests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;

/// Many bytes over one TCP connection between two hosts, with a checksum at each end:
/// `serve ADDRESS BYTES` sends them to the first who comes, `fetch ADDRESS PORT` takes them.
public final class Blob {
    private static final int CONNECT_MILLIS = 10_000;
    private static final int CHUNK = 1 << 16;

    private Blob() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("serve")) {
            serve(arguments[1], Long.parseLong(arguments[2]));
        } else {
            fetch(arguments[1], Integer.parseInt(arguments[2]));
        }
    }

    /// The start of a command line, in this JVM's own Java.
    static String[] command() {
        String java = Path.of(System.getProperty("java.home"), "bin/java") + "";
        return new String[] {
            java,
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            "natt.tests.Blob"
        };
    }

    private static void serve(String address, long length)
            throws IOException, NoSuchAlgorithmException {
        try (var listener = new ServerSocket(0, 1, InetAddress.ofLiteral(address))) {
            System.out.println("serving on " + listener.getLocalPort());
            try (Socket socket = listener.accept()) {
                OutputStream out = socket.getOutputStream();
                var random = new SplittableRandom(length);
                var digest = MessageDigest.getInstance("SHA-256");
                byte[] chunk = new byte[CHUNK];
                for (long left = length; left > 0; left -= chunk.length) {
                    random.nextBytes(chunk);
                    int wanted = (int) Math.min(left, chunk.length);
                    digest.update(chunk, 0, wanted);
                    out.write(chunk, 0, wanted);
                }
                say("sent", length, digest);
            }
        }
    }

    private static void fetch(String address, int port)
            throws IOException, NoSuchAlgorithmException {
        try (var socket = new Socket()) {
            var to = new InetSocketAddress(InetAddress.ofLiteral(address), port);
            socket.connect(to, CONNECT_MILLIS);
            InputStream in = socket.getInputStream();
            var digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[CHUNK];
            long length = 0;
            for (int got; (got = in.read(chunk)) >= 0; length += got) {
                digest.update(chunk, 0, got);
            }
            say("received", length, digest);
        }
    }

    private static void say(String what, long length, MessageDigest digest) {
        String sum = HexFormat.of().formatHex(digest.digest());
        System.out.printf("%s %d bytes, SHA-256 %s%n", what, length, sum);
    }
}
