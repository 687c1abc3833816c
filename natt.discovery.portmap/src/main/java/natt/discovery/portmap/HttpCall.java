package natt.discovery.portmap;

import natt.core.time.Ticker;
import natt.discovery.portmap.proto.HttpReply;
import natt.discovery.portmap.proto.HttpUrl;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// One request of HTTP/1.1 to the gateway, bounded in time and size. Follows no redirection.
final class HttpCall {
    private static final int PIECE = 4_096;

    private final Ticker ticker;

    HttpCall(Ticker ticker) {
        this.ticker = ticker;
    }

    Optional<HttpReply> get(InetAddress local, HttpUrl url, Duration patience)
            throws InterruptedException {
        return exchange(local, url, head("GET", url) + "\r\n", new byte[0], patience);
    }

    Optional<HttpReply> post(
            InetAddress local, HttpUrl url, String action, byte[] body, Duration patience)
            throws InterruptedException {
        String head =
                head("POST", url)
                        + "Content-Type: text/xml; charset=\"utf-8\"\r\nContent-Length: "
                        + body.length
                        + "\r\nSOAPAction: "
                        + action
                        + "\r\n\r\n";
        return exchange(local, url, head, body, patience);
    }

    private static String head(String method, HttpUrl url) {
        return "%s %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n"
                .formatted(method, url.path(), url.host().getHostAddress(), url.port());
    }

    /// Empty unless a whole answer came in time.
    private Optional<HttpReply> exchange(
            InetAddress local, HttpUrl url, String head, byte[] body, Duration patience)
            throws InterruptedException {
        long deadline = ticker.nanoTime() + patience.toNanos();
        var request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(body);
        var reply = new HttpReply();
        try (var socket = new Socket()) {
            socket.bind(new InetSocketAddress(local, 0));
            socket.connect(new InetSocketAddress(url.host(), url.port()), left(deadline));
            socket.getOutputStream().write(request.toByteArray());
            InputStream in = socket.getInputStream();
            var piece = new byte[PIECE];
            for (boolean more = true; more; ) {
                socket.setSoTimeout(left(deadline));
                int length = in.read(piece);
                more = length >= 0 && reply.offer(piece, length);
            }
        } catch (IOException failed) {
            Interruption.check();
            return Optional.empty();
        }
        reply.end();
        return reply.status().map(_ -> reply);
    }

    /// In milliseconds, never 0, which would wait for ever.
    private int left(long deadline) throws IOException {
        long nanos = deadline - ticker.nanoTime();
        if (nanos <= 0) {
            throw new IOException("out of time");
        }
        return 1 + (int) TimeUnit.NANOSECONDS.toMillis(nanos);
    }
}
