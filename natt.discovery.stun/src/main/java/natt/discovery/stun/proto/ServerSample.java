package natt.discovery.stun.proto;

import natt.core.spi.AddressDiscovery.Observation;
import natt.core.spi.AddressDiscovery.Sample;
import natt.core.spi.AddressDiscovery.SampleContext;
import natt.discovery.stun.proto.BindingTransaction.Timing;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;

/// Asks servers once, 5 ms apart. Who is silent is asked again after 100, 200 and 400 ms and given
/// up at 0.9 s.
public final class ServerSample implements Sample {
    private final Questions questions;

    public ServerSample(SampleContext context) {
        questions = new Questions(Timing.SAMPLE, context.random());
        List<InetSocketAddress> servers = checked(context.servers());
        questions.askInTurn(servers, context.nowNanos());
        questions.handleTimeout(context.nowNanos());
    }

    /// Refuses what nothing can be sent to.
    static List<InetSocketAddress> checked(List<InetSocketAddress> servers) {
        for (InetSocketAddress server : servers) {
            if (server.isUnresolved() || server.getPort() == 0) {
                throw new IllegalArgumentException("no address to send to: " + server);
            }
        }
        return servers.stream().map(MappingDiscovery::unwrap).toList();
    }

    @Override
    public boolean isDone() {
        return questions.allEnded();
    }

    @Override
    public List<Observation> observations() {
        return questions.observations();
    }

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        return questions.handleDatagram(from, datagram, nowNanos) != null;
    }

    @Override
    public void handleTimeout(long nowNanos) {
        questions.handleTimeout(nowNanos);
    }

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        return questions.pollTransmit(into, nowNanos);
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        return questions.nanosUntilTimeout(nowNanos);
    }
}
