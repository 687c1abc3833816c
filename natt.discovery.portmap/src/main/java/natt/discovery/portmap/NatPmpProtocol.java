package natt.discovery.portmap;

import natt.core.Addresses;
import natt.core.spi.PortMapper.Answer;
import natt.core.time.Ticker;
import natt.discovery.portmap.UdpExchange.Outcome;
import natt.discovery.portmap.proto.Epoch;
import natt.discovery.portmap.proto.NatPmp;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;

/// NAT-PMP (RFC 6886).
final class NatPmpProtocol implements Protocol {
    private static final String NAME = "NAT-PMP";

    private final int port;
    private final Ticker ticker;
    private final UdpExchange exchange;
    private Epoch epoch = Epoch.ofNatPmp();

    /// Of the last answer.
    private Optional<InetAddress> external = Optional.empty();

    /// @param gatewayPort where the gateway is asked
    /// @param port which is mapped
    NatPmpProtocol(int gatewayPort, int port, Ticker ticker) {
        this.port = port;
        this.ticker = ticker;
        exchange = new UdpExchange(gatewayPort, ticker);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Duration checkInterval() {
        return Duration.ofSeconds(30);
    }

    @Override
    public Answer probe(Gateway gateway) throws InterruptedException {
        return switch (askAddress(gateway)) {
            case Outcome.Answered<NatPmp.Reply>(var reply) -> answer(reply);
            case Outcome.Closed<NatPmp.Reply> _ ->
                    new Answer(NAME, false, "the gateway does not listen for it");
            case Outcome.Silent<NatPmp.Reply> _ -> new Answer(NAME, false, "no answer");
        };
    }

    private static Answer answer(NatPmp.Reply reply) {
        return switch (reply) {
            case NatPmp.Reply.Address(var address, _) ->
                    new Answer(
                            NAME,
                            true,
                            "answers, outside it is " + Addresses.format(address),
                            Optional.of(address));
            case NatPmp.Reply.Refused refused ->
                    new Answer(NAME, refused.code() != 1, "answers: " + refused.words());
            case NatPmp.Reply.OtherVersion(int version) ->
                    new Answer(NAME, false, "the gateway speaks version %d".formatted(version));
            case NatPmp.Reply.Mapped _ -> new Answer(NAME, true, "answers");
        };
    }

    private Outcome<NatPmp.Reply> askAddress(Gateway gateway) throws InterruptedException {
        return exchange.ask(gateway, NatPmp.address(), UdpExchange.WAITS, NatPmp::readAddress);
    }

    @Override
    public Result map(Gateway gateway, InetSocketAddress suggested, Duration lifetime)
            throws InterruptedException {
        epoch = Epoch.ofNatPmp();
        external = Optional.empty();
        if (check(gateway) == Check.UNKNOWN || external.isEmpty()) {
            return new Result.Failed("the gateway does not tell its address");
        }
        byte[] question = NatPmp.map(port, suggested.getPort(), lifetime.toSeconds());
        Outcome<NatPmp.Reply> outcome =
                exchange.ask(
                        gateway,
                        question,
                        UdpExchange.WAITS,
                        reply -> NatPmp.readMap(reply, port, false));
        if (!(outcome instanceof Outcome.Answered<NatPmp.Reply>(var reply))) {
            return new Result.Failed("no answer to the request for a mapping");
        }
        return switch (reply) {
            case NatPmp.Reply.Mapped(int outside, long seconds, _) ->
                    new Result.Mapped(
                            new InetSocketAddress(external.get(), outside),
                            Duration.ofSeconds(seconds));
            case NatPmp.Reply.Refused refused -> new Result.Failed("refused: " + refused.words());
            case NatPmp.Reply.OtherVersion _, NatPmp.Reply.Address _ ->
                    new Result.Failed("the gateway does not speak it");
        };
    }

    @Override
    public Check check(Gateway gateway) throws InterruptedException {
        if (!(askAddress(gateway) instanceof Outcome.Answered<NatPmp.Reply>(var reply))
                || !(reply instanceof NatPmp.Reply.Address(var address, long seconds))) {
            return Check.UNKNOWN;
        }
        boolean moved = external.filter(before -> !before.equals(address)).isPresent();
        external = Optional.of(address);
        return epoch.restarted(seconds, ticker.nanoTime()) || moved ? Check.LOST : Check.HELD;
    }

    @Override
    public void unmap(Gateway gateway) throws InterruptedException {
        exchange.ask(
                gateway,
                NatPmp.map(port, 0, 0),
                UdpExchange.SHORT_WAITS,
                reply -> NatPmp.readMap(reply, port, true));
    }
}
