package natt.discovery.portmap;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/// A gateway on the loopback: what it answers is the test's.
final class FakeGateway implements AutoCloseable {
    static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    /// A call of an action, with its body.
    record Call(String action, String body) {}

    /// An answer of HTTP.
    record Page(int status, String body) {}

    final List<byte[]> datagrams = new CopyOnWriteArrayList<>();
    final List<Call> calls = new CopyOnWriteArrayList<>();
    volatile Function<byte[], List<byte[]>> pcp = _ -> List.of();
    volatile Optional<String> location = Optional.empty();
    volatile String service = "urn:schemas-upnp-org:service:WANIPConnection:1";
    volatile Function<Call, Page> control = _ -> new Page(500, "");

    private final DatagramSocket pcpSocket;
    private final DatagramSocket ssdpSocket;
    private final ServerSocket http;

    FakeGateway() throws IOException {
        pcpSocket = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
        ssdpSocket = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
        http = new ServerSocket(0, 20, LOOPBACK);
        Thread.startVirtualThread(() -> answer(pcpSocket, this::pcp));
        Thread.startVirtualThread(() -> answer(ssdpSocket, this::ssdp));
        Thread.startVirtualThread(this::serve);
    }

    GatewayPortMapper mapper() {
        return new GatewayPortMapper(
                _ -> Optional.of(new Gateway(Optional.of(LOOPBACK), LOOPBACK)),
                _ -> Optional.empty(),
                pcpSocket.getLocalPort(),
                ssdpSocket.getLocalPort(),
                Keeper.Pace.USUAL);
    }

    /// Where its description is, for [#location].
    String description() {
        return "http://127.0.0.1:%d/root.xml".formatted(http.getLocalPort());
    }

    List<String> actions() {
        return calls.stream().map(Call::action).toList();
    }

    private List<byte[]> pcp(byte[] datagram) {
        datagrams.add(datagram);
        return pcp.apply(datagram);
    }

    private List<byte[]> ssdp(byte[] datagram) {
        String target =
                new String(datagram, StandardCharsets.US_ASCII)
                        .lines()
                        .filter(line -> line.startsWith("ST: "))
                        .findFirst()
                        .orElse("");
        return location.map(
                        url ->
                                "HTTP/1.1 200 OK\r\n%s\r\nLOCATION: %s\r\n\r\n"
                                        .formatted(target, url))
                .map(text -> text.getBytes(StandardCharsets.US_ASCII))
                .map(List::of)
                .orElse(List.of());
    }

    private static void answer(DatagramSocket socket, Function<byte[], List<byte[]>> answers) {
        var packet = new DatagramPacket(new byte[2_048], 2_048);
        try {
            while (true) {
                packet.setLength(2_048);
                socket.receive(packet);
                byte[] asked = Arrays.copyOf(packet.getData(), packet.getLength());
                for (byte[] each : answers.apply(asked)) {
                    socket.send(new DatagramPacket(each, each.length, packet.getSocketAddress()));
                }
            }
        } catch (IOException _) {
            // Closed: the test is over.
        }
    }

    private void serve() {
        try {
            while (true) {
                try (Socket connection = http.accept()) {
                    connection.getOutputStream().write(page(connection));
                }
            }
        } catch (IOException _) {
            // Closed: the test is over.
        }
    }

    private byte[] page(Socket connection) throws IOException {
        var in =
                new BufferedReader(
                        new InputStreamReader(
                                connection.getInputStream(), StandardCharsets.US_ASCII));
        var head = new ArrayList<String>();
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            head.add(line);
        }
        Page page;
        if (head.getFirst().startsWith("GET /root.xml ")) {
            page =
                    new Page(
                            200,
                            "<root><service><serviceType>%s</serviceType><controlURL>/ctl"
                                    .formatted(service)
                                    .concat("</controlURL></service></root>"));
        } else {
            var body = new char[Integer.parseInt(header(head, "Content-Length"))];
            for (int at = 0; at < body.length; ) {
                at += in.read(body, at, body.length - at);
            }
            String action = header(head, "SOAPAction");
            String name = action.substring(action.indexOf('#') + 1, action.length() - 1);
            var call = new Call(name, new String(body));
            calls.add(call);
            page = control.apply(call);
        }
        return "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(page.status(), page.body().length(), page.body())
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static String header(List<String> head, String name) {
        return head.stream()
                .filter(line -> line.startsWith(name + ": "))
                .findFirst()
                .orElseThrow()
                .substring(name.length() + 2);
    }

    static Page done(String action, String results) {
        return new Page(
                200,
                "<s:Envelope><s:Body><u:%1$sResponse>%2$s</u:%1$sResponse></s:Body></s:Envelope>"
                        .formatted(action, results));
    }

    static Page fault(int code) {
        return new Page(
                500,
                "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode>"
                        .formatted(code)
                        .concat("</UPnPError></detail></s:Fault></s:Body></s:Envelope>"));
    }

    @Override
    public void close() throws IOException {
        pcpSocket.close();
        ssdpSocket.close();
        http.close();
    }
}
