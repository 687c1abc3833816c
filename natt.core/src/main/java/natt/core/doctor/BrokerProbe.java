package natt.core.doctor;

import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.doctor.BrokerFacts.Trust;
import natt.core.doctor.DoctorConfig.Broker;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Calls a broker over UDP and over TLS at the same time.
final class BrokerProbe {
    private static final Duration PATIENCE = Duration.ofSeconds(4);

    private final Bench bench;
    private final RandomGenerator random;
    private final int tlsPort;

    /// @param tlsPort 0 to leave TLS out
    BrokerProbe(Bench bench, RandomGenerator random, int tlsPort) {
        this.bench = bench;
        this.random = random;
        this.tlsPort = tlsPort;
    }

    BrokerFacts call(Broker broker) throws InterruptedException {
        Optional<NodeKey> wanted = broker.given().or(broker::known);
        Trust trust =
                broker.given().isPresent()
                        ? Trust.GIVEN
                        : wanted.isPresent() ? Trust.KNOWN : Trust.FIRST;
        List<InetSocketAddress> places = Doctor.addresses(broker.place());
        String place = broker.place().toString();
        if (places.isEmpty()) {
            return new BrokerFacts(
                    place,
                    wanted,
                    trust,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    tlsPort,
                    "its name has no address that can be found");
        }
        var tls = new Handshakes.Outcome[] {Handshakes.Outcome.NOTHING};
        Thread second =
                Thread.startVirtualThread(
                        () -> tls[0] = overTls(broker.place(), wanted, broker.secret()));
        Handshakes.Outcome udp = overUdp(places, wanted, broker.secret());
        second.join();
        Optional<NodeKey> told = udp.told().or(tls[0]::told);
        return new BrokerFacts(
                place,
                wanted.or(() -> told),
                trust,
                told,
                udp.after(),
                tls[0].after(),
                tlsPort,
                "");
    }

    private Handshakes.Outcome overUdp(
            List<InetSocketAddress> places, Optional<NodeKey> key, PreSharedKey secret)
            throws InterruptedException {
        return bench.run(
                        "::",
                        PATIENCE,
                        (_, now) -> Handshakes.ofBroker(key, secret, places, random, now))
                .orElse(Handshakes.Outcome.NOTHING);
    }

    private Handshakes.Outcome overTls(
            HostAndPort place, Optional<NodeKey> key, PreSharedKey secret) {
        if (tlsPort == 0) {
            return Handshakes.Outcome.NOTHING;
        }
        var there = new HostAndPort(place.host(), tlsPort);
        try {
            return bench.run(
                            "::",
                            PATIENCE,
                            (port, now) ->
                                    Handshakes.ofBroker(
                                            key,
                                            secret,
                                            List.of(port.connectLater(there)),
                                            random,
                                            now))
                    .orElse(Handshakes.Outcome.NOTHING);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return Handshakes.Outcome.NOTHING;
        }
    }
}
