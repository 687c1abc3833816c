package natt.dns.cloudflare;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// HTTP/1.1 on the loopback, able to fail in the middle.
final class FakeHttpServer implements AutoCloseable {
    /// @param target path and query as sent
    /// @param headers by lower-case name
    record Request(String method, String target, Map<String, String> headers, String body) {}

    /// What becomes of an answer on its way.
    enum Fate {
        WHOLE,
        /// Only half of the body arrives.
        TRUNCATED,
        /// It never arrives, and the connection stays open.
        WITHHELD,
        /// It arrives, and then the connection is gone without a word.
        LAST
    }

    record Response(int status, Map<String, String> headers, byte[] body, Fate fate) {
        static Response of(int status, String body) {
            return new Response(
                    status, Map.of(), body.getBytes(StandardCharsets.UTF_8), Fate.WHOLE);
        }

        Response header(String name, String value) {
            var more = new TreeMap<>(headers);
            more.put(name, value);
            return new Response(status, more, body, fate);
        }

        Response fate(Fate other) {
            return new Response(status, headers, body, other);
        }
    }

    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();
    private final Function<Request, Response> handler;

    FakeHttpServer(Function<Request, Response> handler) throws IOException {
        this.handler = handler;
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::acceptAll);
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket each : open) {
            each.close();
        }
    }

    private void acceptAll() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                connections.incrementAndGet();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new BufferedInputStream(socket.getInputStream());
            var out = socket.getOutputStream();
            for (Request request = read(in); request != null; request = read(in)) {
                Response response = handler.apply(request);
                if (response.fate() == Fate.WITHHELD) {
                    in.read();
                    return;
                }
                out.write(bytes(response));
                out.flush();
                if (response.fate() != Fate.WHOLE) {
                    return;
                }
            }
        } catch (IOException e) {
            // The client went away; its own side of the story is what the test looks at.
        } finally {
            open.remove(socket);
        }
    }

    private static byte[] bytes(Response response) throws IOException {
        var out = new ByteArrayOutputStream();
        var head = new StringBuilder("HTTP/1.1 %d Fake\r\n".formatted(response.status()));
        response.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        head.append("Content-Length: %d\r\n\r\n".formatted(response.body().length));
        out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        int length = response.body().length;
        out.write(response.body(), 0, response.fate() == Fate.TRUNCATED ? length / 2 : length);
        return out.toByteArray();
    }

    private static Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first.isEmpty()) {
            return null;
        }
        var headers = new TreeMap<String, String>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(), line.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        String[] parts = first.split(" ");
        return new Request(parts[0], parts[1], headers, body);
    }

    private static String line(InputStream in) throws IOException {
        var out = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
            if (b != '\r') {
                out.write(b);
            }
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }
}
