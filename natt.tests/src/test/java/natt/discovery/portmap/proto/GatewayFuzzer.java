package natt.discovery.portmap.proto;

import natt.core.TextFuzzer;
import natt.core.spi.PortMapper.Nonce;
import natt.tests.fuzz.Input;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Whatever a gateway sends is read without an exception, leads to no other host, and its words are
/// fit to be shown. The input: what is read, then the bytes.
public final class GatewayFuzzer {
    private static final InetAddress HOST = InetAddress.ofLiteral("192.168.2.1");
    private static final HttpUrl FROM = new HttpUrl(HOST, 5_000, "/dir/root.xml");
    private static final Pcp.Map ASKED =
            new Pcp.Map(
                    InetAddress.ofLiteral("192.168.2.2"),
                    new Nonce(0x01020304, 0x05060708090a0b0cL),
                    30_000,
                    new InetSocketAddress(30_000),
                    3_600);

    private GatewayFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        switch (input.choice(6)) {
            case 0 -> {
                byte[] datagram = input.rest();
                Pcp.readAnnounce(datagram);
                Pcp.readMap(datagram, ASKED).ifPresent(GatewayFuzzer::check);
            }
            case 1 -> {
                boolean removal = input.flag();
                byte[] datagram = input.rest();
                NatPmp.readAddress(datagram);
                NatPmp.readMap(datagram, 30_000, removal);
            }
            case 2 -> Ssdp.location(input.rest(), HOST).ifPresent(GatewayFuzzer::check);
            case 3 ->
                    DeviceDescription.services(input.text(), FROM)
                            .forEach(each -> check(each.control()));
            case 4 ->
                    Soap.read(input.text(), "Get")
                            .ifPresent(
                                    reply -> {
                                        if (reply instanceof Soap.Reply.Fault(_, var words)) {
                                            TextFuzzer.requirePrintable(words);
                                        }
                                    });
            default -> http(input);
        }
    }

    private static void check(Pcp.Reply reply) {
        if (reply instanceof Pcp.Reply.Mapped(var external, _, _) && external.getPort() == 0) {
            throw new AssertionError("a mapping of no port");
        }
    }

    private static void check(HttpUrl url) {
        if (!url.host().equals(HOST) || !url.path().matches("[!-~]+")) {
            throw new AssertionError("a request elsewhere, or with more than one line: " + url);
        }
    }

    private static void http(Input input) {
        var reply = new HttpReply();
        while (!input.isEmpty()) {
            byte[] piece = input.bytes(1 + input.octet());
            reply.offer(piece, piece.length);
        }
        reply.end();
        if (reply.status().isPresent() && reply.body().length() > XmlElement.LONGEST) {
            throw new AssertionError("more than is allowed");
        }
    }
}
