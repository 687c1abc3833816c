package natt.discovery.portmap;

import natt.core.spi.PortMapper.Answer;
import natt.core.spi.PortMapper.Nonce;
import natt.core.time.Ticker;
import natt.discovery.portmap.UdpExchange.Outcome;
import natt.discovery.portmap.proto.Epoch;
import natt.discovery.portmap.proto.Pcp;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/// PCP (RFC 6887).
final class PcpProtocol implements Protocol {
    private final String name;
    private final int port;
    private final Nonce nonce;
    private final Ticker ticker;
    private final UdpExchange exchange;
    private Epoch epoch = Epoch.ofPcp();

    /// @param gatewayPort where the gateway is asked
    /// @param port which is mapped
    PcpProtocol(String name, int gatewayPort, int port, Nonce nonce, Ticker ticker) {
        this.name = name;
        this.port = port;
        this.nonce = nonce;
        this.ticker = ticker;
        exchange = new UdpExchange(gatewayPort, ticker);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Duration checkInterval() {
        return Duration.ofSeconds(30);
    }

    @Override
    public Answer probe(Gateway gateway) throws InterruptedException {
        return switch (announce(gateway)) {
            case Outcome.Answered<Pcp.Reply>(var reply) -> answer(reply);
            case Outcome.Closed<Pcp.Reply> _ ->
                    new Answer(name, false, "the gateway does not listen for it");
            case Outcome.Silent<Pcp.Reply> _ -> new Answer(name, false, "no answer");
        };
    }

    private Answer answer(Pcp.Reply reply) {
        return switch (reply) {
            case Pcp.Reply.OtherVersion(int version) ->
                    new Answer(name, false, "the gateway speaks version %d".formatted(version));
            case Pcp.Reply.Refused refused ->
                    // An unsupported opcode is an answer all the same; a version is none.
                    new Answer(name, refused.code() != 1, "answers: " + refused.words());
            case Pcp.Reply.Announced _, Pcp.Reply.Mapped _ -> new Answer(name, true, "answers");
        };
    }

    private Outcome<Pcp.Reply> announce(Gateway gateway) throws InterruptedException {
        return exchange.ask(
                gateway, Pcp.announce(gateway.local()), UdpExchange.WAITS, Pcp::readAnnounce);
    }

    @Override
    public Result map(Gateway gateway, InetSocketAddress suggested, Duration lifetime)
            throws InterruptedException {
        Pcp.Map wanted = wanted(gateway, suggested, lifetime.toSeconds());
        Outcome<Pcp.Reply> outcome =
                exchange.ask(
                        gateway,
                        Pcp.map(wanted),
                        UdpExchange.WAITS,
                        reply -> Pcp.readMap(reply, wanted));
        if (!(outcome instanceof Outcome.Answered<Pcp.Reply>(var reply))) {
            return new Result.Failed("no answer to the request for a mapping");
        }
        return switch (reply) {
            case Pcp.Reply.Mapped(var external, long seconds, long epochSeconds) -> {
                // It is new as far as this gateway's clock is concerned.
                epoch = Epoch.ofPcp();
                boolean _ = epoch.restarted(epochSeconds, ticker.nanoTime());
                yield seconds == 0
                        ? new Result.Failed("the gateway grants no time")
                        : new Result.Mapped(external, Duration.ofSeconds(seconds));
            }
            case Pcp.Reply.Refused refused -> new Result.Failed("refused: " + refused.words());
            case Pcp.Reply.OtherVersion _, Pcp.Reply.Announced _ ->
                    new Result.Failed("the gateway does not speak it");
        };
    }

    private Pcp.Map wanted(Gateway gateway, InetSocketAddress suggested, long seconds) {
        InetAddress local = gateway.local();
        boolean fits =
                suggested.getAddress() instanceof Inet6Address == local instanceof Inet6Address;
        InetAddress any = InetAddress.ofLiteral(local instanceof Inet6Address ? "::" : "0.0.0.0");
        var fitting =
                new InetSocketAddress(fits ? suggested.getAddress() : any, suggested.getPort());
        return new Pcp.Map(local, nonce, port, fitting, seconds);
    }

    @Override
    public Check check(Gateway gateway) throws InterruptedException {
        if (!(announce(gateway) instanceof Outcome.Answered<Pcp.Reply>(var reply))) {
            return Check.UNKNOWN;
        }
        long seconds =
                switch (reply) {
                    case Pcp.Reply.Announced(long epochSeconds) -> epochSeconds;
                    case Pcp.Reply.Refused refused -> refused.epochSeconds();
                    case Pcp.Reply.Mapped mapped -> mapped.epochSeconds();
                    case Pcp.Reply.OtherVersion _ -> -1;
                };
        if (seconds < 0) {
            return Check.LOST;
        }
        return epoch.restarted(seconds, ticker.nanoTime()) ? Check.LOST : Check.HELD;
    }

    @Override
    public void unmap(Gateway gateway) throws InterruptedException {
        var nothing = new InetSocketAddress(0);
        Pcp.Map removal = wanted(gateway, nothing, 0);
        exchange.ask(
                gateway,
                Pcp.map(removal),
                UdpExchange.SHORT_WAITS,
                reply -> Pcp.readMap(reply, removal));
    }
}
