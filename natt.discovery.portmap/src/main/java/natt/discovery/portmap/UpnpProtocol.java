package natt.discovery.portmap;

import natt.core.Addresses;
import natt.core.spi.PortMapper.Answer;
import natt.core.time.Ticker;
import natt.discovery.portmap.proto.DeviceDescription;
import natt.discovery.portmap.proto.DeviceDescription.Service;
import natt.discovery.portmap.proto.HttpReply;
import natt.discovery.portmap.proto.HttpUrl;
import natt.discovery.portmap.proto.Soap;
import natt.discovery.portmap.proto.Soap.Argument;
import natt.discovery.portmap.proto.Soap.Reply;

import org.jspecify.annotations.Nullable;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// UPnP Internet Gateway Device, versions 1 and 2.
final class UpnpProtocol implements Protocol {
    private static final String NAME = "UPnP";
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration SHORT_PATIENCE = Duration.ofMillis(800);
    private static final int TRIES = 5;
    private static final int FIRST_DYNAMIC_PORT = 49_152;
    private static final int OK = 200;

    /// Codes of errors (WANIPConnection:2, table 2-20).
    private static final int INVALID_ACTION = 401;

    private static final int NOT_IMPLEMENTED = 602;
    private static final int NO_SUCH_ENTRY = 714;
    private static final int CONFLICT = 718;
    private static final int ONLY_PERMANENT_LEASES = 725;

    /// The whole answer was another than is to be understood.
    private static final Reply.Fault UNUSABLE = new Reply.Fault(0, "no usable answer");

    private final int port;
    private final RandomGenerator random;
    private final SsdpSearch search;
    private final HttpCall http;
    private @Nullable Service service;
    private @Nullable InetAddress external;

    /// The port outside that is, or may be, mapped; 0 if none.
    private int mapped;

    /// @param ssdpPort where devices are searched
    /// @param port which is mapped
    UpnpProtocol(int ssdpPort, int port, RandomGenerator random, Ticker ticker) {
        this.port = port;
        this.random = random;
        search = new SsdpSearch(ssdpPort, ticker);
        http = new HttpCall(ticker);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Duration checkInterval() {
        return Duration.ofMinutes(2);
    }

    @Override
    public Answer probe(Gateway gateway) throws InterruptedException {
        Optional<HttpUrl> description = search.find(gateway);
        if (description.isEmpty()) {
            return new Answer(NAME, false, "no answer");
        }
        List<Service> services = services(gateway, description.get());
        if (services.isEmpty()) {
            return new Answer(NAME, false, "the gateway's description names no service to map");
        }
        String last = "";
        for (Service each : services) {
            Reply reply = call(gateway, each, "GetExternalIPAddress", List.of(), PATIENCE);
            Optional<InetAddress> address = address(reply);
            if (address.isPresent()) {
                service = each;
                external = address.get();
                return new Answer(
                        NAME,
                        true,
                        "answers, outside it is " + Addresses.format(address.get()),
                        address);
            }
            last = said(reply);
        }
        return new Answer(NAME, false, "the gateway does not tell its address: " + last);
    }

    private List<Service> services(Gateway gateway, HttpUrl description)
            throws InterruptedException {
        return http.get(gateway.local(), description, PATIENCE)
                .filter(reply -> reply.status().equals(Optional.of(OK)))
                .map(reply -> DeviceDescription.services(reply.body(), description))
                .orElse(List.of());
    }

    private static Optional<InetAddress> address(Reply reply) {
        return reply instanceof Reply.Done(var values)
                ? Addresses.parse(values.getOrDefault("NewExternalIPAddress", ""))
                        .filter(each -> each instanceof Inet4Address && !each.isAnyLocalAddress())
                : Optional.empty();
    }

    private static String said(Reply reply) {
        return reply instanceof Reply.Fault(int code, String words)
                ? "%d %s".formatted(code, words)
                : "nothing";
    }

    private Reply call(
            Gateway gateway, Service to, String action, List<Argument> arguments, Duration patience)
            throws InterruptedException {
        Optional<HttpReply> reply =
                http.post(
                        gateway.local(),
                        to.control(),
                        Soap.header(to.type(), action),
                        Soap.call(to.type(), action, arguments),
                        patience);
        // Errors come with status 500, which says nothing more.
        return reply.flatMap(each -> Soap.read(each.body(), action)).orElse(UNUSABLE);
    }

    @Override
    public Result map(Gateway gateway, InetSocketAddress suggested, Duration lifetime)
            throws InterruptedException {
        Service known = service;
        Optional<InetAddress> outside =
                known == null
                        ? Optional.empty()
                        : address(
                                call(gateway, known, "GetExternalIPAddress", List.of(), PATIENCE));
        if (outside.isPresent()) {
            external = outside.get();
        } else if (!probe(gateway).spoken()) {
            return new Result.Failed("the gateway does not tell its address");
        }
        Service to = service;
        InetAddress address = external;
        if (to == null || address == null) {
            throw new AssertionError("a gateway that speaks has a service and an address");
        }
        return add(gateway, to, address, suggested.getPort(), lifetime);
    }

    private Result add(
            Gateway gateway, Service to, InetAddress outside, int suggested, Duration lifetime)
            throws InterruptedException {
        boolean renewal = mapped != 0;
        if (to.choosesPort() && !renewal) {
            Reply reply = add(gateway, to, "AddAnyPortMapping", suggested, lifetime);
            if (reply instanceof Reply.Done(var values)) {
                mapped = port(values.getOrDefault("NewReservedPort", ""), suggested);
                return new Result.Mapped(new InetSocketAddress(outside, mapped), lifetime);
            }
            if (!isFault(reply, INVALID_ACTION) && !isFault(reply, NOT_IMPLEMENTED)) {
                return new Result.Failed("refused: " + said(reply));
            }
        }
        int wanted = renewal ? mapped : suggested;
        Reply reply = new Reply.Fault(CONFLICT, "the ports tried belong to others");
        for (int i = 0; i < TRIES && isFault(reply, CONFLICT); i++) {
            if (isFree(gateway, to, wanted)) {
                mapped = wanted;
                Duration lease = lifetime;
                reply = add(gateway, to, "AddPortMapping", wanted, lease);
                if (isFault(reply, ONLY_PERMANENT_LEASES)) {
                    lease = Duration.ZERO;
                    reply = add(gateway, to, "AddPortMapping", wanted, lease);
                }
                if (reply instanceof Reply.Done) {
                    return new Result.Mapped(new InetSocketAddress(outside, wanted), lease);
                }
                mapped = 0;
            }
            wanted = FIRST_DYNAMIC_PORT + random.nextInt(65_536 - FIRST_DYNAMIC_PORT);
        }
        return new Result.Failed("refused: " + said(reply));
    }

    private static boolean isFault(Reply reply, int code) {
        return reply instanceof Reply.Fault(int said, _) && said == code;
    }

    private static int port(String text, int otherwise) {
        int port = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        return port >= 1 && port <= 65_535 ? port : otherwise;
    }

    private Reply add(Gateway gateway, Service to, String action, int outside, Duration lease)
            throws InterruptedException {
        var arguments = new ArrayList<>(entry(outside));
        arguments.add(new Argument("NewInternalPort", port));
        arguments.add(new Argument("NewInternalClient", gateway.local().getHostAddress()));
        arguments.add(new Argument("NewEnabled", 1));
        arguments.add(new Argument("NewPortMappingDescription", "natt"));
        arguments.add(new Argument("NewLeaseDuration", lease.toSeconds()));
        return call(gateway, to, action, arguments, PATIENCE);
    }

    private static List<Argument> entry(int outside) {
        return List.of(
                new Argument("NewRemoteHost", ""),
                new Argument("NewExternalPort", outside),
                new Argument("NewProtocol", "UDP"));
    }

    /// Whether nobody else has the port: many gateways of the first version would take it away from
    /// them.
    private boolean isFree(Gateway gateway, Service to, int outside) throws InterruptedException {
        Reply reply = call(gateway, to, "GetSpecificPortMappingEntry", entry(outside), PATIENCE);
        return !(reply instanceof Reply.Done(var values)) || isOurs(gateway, values);
    }

    private boolean isOurs(Gateway gateway, Map<String, String> values) {
        return gateway.local().getHostAddress().equals(values.get("NewInternalClient"))
                && Integer.toString(port).equals(values.get("NewInternalPort"));
    }

    @Override
    public Check check(Gateway gateway) throws InterruptedException {
        Service to = service;
        if (to == null || mapped == 0) {
            return Check.LOST;
        }
        Reply reply = call(gateway, to, "GetSpecificPortMappingEntry", entry(mapped), PATIENCE);
        if (reply instanceof Reply.Fault(int code, _)) {
            return code == NO_SUCH_ENTRY ? Check.LOST : Check.UNKNOWN;
        }
        Optional<InetAddress> outside =
                address(call(gateway, to, "GetExternalIPAddress", List.of(), PATIENCE));
        boolean moved = outside.filter(each -> !each.equals(external)).isPresent();
        boolean ours = reply instanceof Reply.Done(var values) && isOurs(gateway, values);
        return ours && !moved ? Check.HELD : Check.LOST;
    }

    @Override
    public void unmap(Gateway gateway) throws InterruptedException {
        Service to = service;
        if (to != null && mapped != 0) {
            call(gateway, to, "DeletePortMapping", entry(mapped), SHORT_PATIENCE);
            mapped = 0;
        }
    }
}
