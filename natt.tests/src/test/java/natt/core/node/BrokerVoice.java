package natt.core.node;

import natt.core.NodeKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.OpenCode;
import natt.core.session.Session;
import natt.core.spi.Engine;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/// What a node says to its broker, without the driver and the port of a real one.
public final class BrokerVoice {
    /// Hears what the broker says.
    public interface Hearer {
        void registered(Message.Registered answer);

        void opened(NodeKey peer, int channel);

        void granted(NodeKey peer, InetSocketAddress address);

        void closed(NodeKey peer);
    }

    private final BrokerTalk talk;
    private @Nullable Session session;

    public BrokerVoice(Hearer hearer) {
        talk =
                new BrokerTalk(
                        List.of(),
                        new BrokerTalk.Listener() {
                            @Override
                            public void registered(Message.Registered answer) {
                                hearer.registered(answer);
                            }

                            @Override
                            public void resolved(String name, Optional<NodeKey> key) {}

                            @Override
                            public void opened(NodeKey peer, int channel) {
                                hearer.opened(peer, channel);
                            }

                            @Override
                            public void refused(NodeKey peer, OpenCode why) {}

                            @Override
                            public void granted(NodeKey peer, InetSocketAddress address) {
                                hearer.granted(peer, address);
                            }

                            @Override
                            public void closed(NodeKey peer, ClosedCode why) {
                                hearer.closed(peer);
                            }
                        });
    }

    /// There is a session with the broker.
    public void begin(Session with, long nowNanos) {
        session = with;
        talk.begin(with.wakeToken(), nowNanos);
    }

    public void register(long nowNanos) {
        talk.register(nowNanos);
    }

    /// The session with the broker has ended.
    public void end() {
        session = null;
        talk.end();
    }

    public boolean isRegistered() {
        return talk.isRegistered();
    }

    /// Keeps a channel to a peer from now on.
    public void want(NodeKey peer, long nowNanos) {
        talk.want(peer, nowNanos);
    }

    public void grant(NodeKey peer, long nowNanos) {
        talk.grant(peer, nowNanos);
    }

    public boolean wants(NodeKey peer) {
        return talk.wants(peer);
    }

    public void handle(ByteBuffer message, long nowNanos) {
        talk.handle(message, nowNanos);
    }

    /// Says what is due; returns the nanoseconds until the next call is of use.
    public long serve(long nowNanos) {
        Session with = session;
        if (with == null) {
            return Engine.NEVER;
        }
        for (Message message; (message = talk.poll(nowNanos)) != null; ) {
            with.say(message.encode(), nowNanos);
        }
        return talk.nanosUntilTimeout(nowNanos);
    }
}
