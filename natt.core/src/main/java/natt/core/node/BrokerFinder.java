package natt.core.node;

import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.session.Session;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Finds peers by a broker. Lives on the driver's thread.
final class BrokerFinder implements PeerFinder, Brokers.Listener {
    private final SessionPort port;
    private final PreSharedKey secret;
    private final NodeKey own;
    private final Runnable onUnreachable;
    private final Map<String, List<Consumer<Found>>> asked = new HashMap<>();

    /// @param secret what peers want beside their keys
    /// @param onUnreachable called when there may be peers to which there is no way
    BrokerFinder(SessionPort port, PreSharedKey secret, NodeKey own, Runnable onUnreachable) {
        this.port = port;
        this.secret = secret;
        this.own = own;
        this.onUnreachable = onUnreachable;
        port.brokers().listen(this);
    }

    @Override
    public void resolve(String name, Consumer<Found> outcome) {
        if (port.brokers().isHopeless(own)) {
            outcome.accept(new Found(Optional.empty(), why(own)));
            return;
        }
        List<Consumer<Found>> waiting = asked.computeIfAbsent(name, _ -> new ArrayList<>());
        waiting.add(outcome);
        if (waiting.size() == 1) {
            port.brokers().links().forEach(link -> link.resolve(name));
        }
    }

    @Override
    public void resolved(BrokerLink link, String name, Optional<NodeKey> key) {
        List<Consumer<Found>> waiting = asked.remove(name);
        if (waiting != null) {
            var found =
                    new Found(
                            key,
                            "the broker %s knows no %s".formatted(link.address().place(), name));
            waiting.forEach(each -> each.accept(found));
        }
    }

    @Override
    public void failed() {
        onUnreachable.run();
    }

    @Override
    public SessionPumps.Link call(NodeKey peer, SessionPumps.News news) {
        SessionPumps.Link link = port.call(peer, secret, news);
        use(link.session());
        return link;
    }

    @Override
    public void use(Session session) {
        port.brokers().use(session);
    }

    @Override
    public boolean isHopeless(NodeKey peer) {
        return port.brokers().isHopeless(peer);
    }

    @Override
    public String why(NodeKey peer) {
        return port.brokers().why(peer);
    }

    @Override
    public String place(InetSocketAddress path, NodeKey peer) {
        return port.brokers().place(path, peer);
    }
}
