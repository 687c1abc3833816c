package natt.tests.sim;

import natt.core.Identity;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.spi.AddressDiscovery.Responder;
import natt.core.spi.AddressDiscovery.ResponderContext;
import natt.discovery.stun.StunDiscovery;
import natt.rendezvous.proto.BrokerEngine;
import natt.rendezvous.proto.Limits;
import natt.rendezvous.proto.Sleeper;
import natt.testkit.SimHost;
import natt.testkit.SimNetwork;
import natt.testkit.SimPort;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// A broker on a public host with two IPv4 addresses and one of IPv6: its engine and its STUN
/// responder, without the rim. It can be killed and started again.
final class ReachBroker {
    private static final int PORT = 3478;
    private static final int SECOND_PORT = 3479;
    private static final long EPOCH = 1_800_000_000;

    private final SimNetwork network;
    private final SimHost host;
    private final Identity identity;
    private SimSockets sockets = new SimSockets();
    private @Nullable BrokerEngine engine;
    private int lives;

    ReachBroker(SimNetwork network) {
        this.network = network;
        host =
                network.internet()
                        .addHost("pub", "198.51.100.10", "198.51.100.11", "2001:db8:1::10");
        identity = Identity.generate(network.random("broker's key"));
        start(List.of());
    }

    NodeKey key() {
        return identity.publicKey();
    }

    SimHost host() {
        return host;
    }

    /// Where nodes reach it over UDP.
    List<InetSocketAddress> places() {
        return List.of(sockets.six().local(), sockets.first().local());
    }

    /// Where nodes reach it over TLS.
    SimPort tls() {
        return sockets.first();
    }

    BrokerEngine engine() {
        if (engine == null) {
            throw new IllegalStateException("the broker does not run");
        }
        return engine;
    }

    /// Ends the process without a word; returns what it had written down.
    List<Sleeper> kill() {
        List<Sleeper> sleepers = engine().sleepers(network.nanoTime());
        sockets.close();
        engine = null;
        return sleepers;
    }

    void start(List<Sleeper> sleepers) {
        var random = network.random("broker's life %d".formatted(lives++));
        engine =
                new BrokerEngine(
                        new BrokerEngine.Config(
                                identity,
                                PreSharedKey.NONE,
                                (key, from) -> true,
                                Limits.usual(),
                                random,
                                EPOCH,
                                List.of(),
                                name -> true,
                                sleepers,
                                SECOND_PORT,
                                Optional.of(host.addresses().get(1))),
                        new BrokerEngine.Listener() {},
                        network.nanoTime());
        sockets = new SimSockets();
        sockets.bind(host, 0, PORT);
        sockets.bind(host, 0, SECOND_PORT);
        sockets.bind(host, 1, PORT);
        sockets.bind(host, 1, SECOND_PORT);
        sockets.bindSix(host, 2, PORT);
        Responder responder =
                new StunDiscovery()
                        .openResponder(new ResponderContext(sockets.locals(), random))
                        .orElseThrow();
        sockets.add(responder);
        sockets.add(engine());
    }
}
