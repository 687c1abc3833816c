package natt.testkit;

import natt.core.Route;
import natt.core.spi.Engine;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.LongConsumer;

/// A UDP port of a simulated host with its engines: what the driver is to a real socket.
///
/// It may have additional sockets and connections; engines reach these by [Route#through] and
/// [Route#connected].
///
/// It is strict with engines. They get time only as an argument, the receive buffer is
/// overwritten after each call, and an engine whose deadline stays due or that never stops
/// sending fails the test.
public final class SimPort {
    private static final int MOST_AT_ONCE = 100_000;

    private final SimNetwork network;
    private final SimHost host;
    private final int address;
    private final List<Engine> engines;

    /// The port numbers of all sockets; the port's own has index 0.
    private final Map<Integer, Integer> numbers = new HashMap<>();

    private final Map<Integer, SimConnection> connections = new HashMap<>();
    private LongConsumer application = now -> {};
    private int lastSocket;
    private int lastConnection;
    private long lastTimeoutNanos;
    private int timeoutsAtOnce;
    private long sent;
    private long received;
    private long unclaimed;

    SimPort(SimNetwork network, SimHost host, int address, List<Engine> engines) {
        this.network = network;
        this.host = host;
        this.address = address;
        this.engines = new ArrayList<>(engines);
    }

    void open(int number) {
        numbers.put(0, host.open(this, 0, address, number));
    }

    /// The transport address, in the host's realm.
    public InetSocketAddress local() {
        return local(0);
    }

    /// The transport address of a socket.
    ///
    /// @param socket 0 for the port's own
    public InetSocketAddress local(int socket) {
        Integer number = numbers.get(socket);
        if (number == null) {
            throw new IllegalArgumentException("no socket " + socket);
        }
        var first = host.addresses().get(Math.max(0, address));
        return new InetSocketAddress(first, number);
    }

    public SimHost host() {
        return host;
    }

    /// Adds an engine that is asked after the others.
    public void add(Engine engine) {
        engines.add(engine);
    }

    /// Sets what runs after each datagram and timeout of this port, before its engines are
    /// polled: the place to read and write streams and to look for findings.
    public void application(LongConsumer newApplication) {
        application = newApplication;
    }

    /// Binds another socket, at a free port number.
    ///
    /// @return its number for [Route#through]
    public int addSocket() {
        int socket = ++lastSocket;
        numbers.put(socket, host.open(this, socket, address, 0));
        return socket;
    }

    /// Binds several more sockets.
    ///
    /// @return their numbers
    public List<Integer> addSockets(int count) {
        var added = new ArrayList<Integer>();
        for (int i = 0; i < count; i++) {
            added.add(addSocket());
        }
        return added;
    }

    /// Closes an additional socket. What was sent from it is on its way; what comes to it and what
    /// engines send through it is lost.
    public void closeSocket(int socket) {
        Integer number = socket == 0 ? null : numbers.remove(socket);
        if (number == null) {
            throw new IllegalArgumentException("no additional socket " + socket);
        }
        host.close(address, number);
    }

    /// How many sockets it has beside its own.
    public int additionalSockets() {
        return numbers.size() - 1;
    }

    /// Connects to another port, as TCP with TLS on the same links does: in order, without loss,
    /// through NATs and firewalls that let no UDP pass. The first datagram leaves after two round
    /// trips.
    ///
    /// @return the connection's number at this port, for [Route#connected]; the other port gives
    ///     it one of its own
    public int connect(SimPort other) {
        return SimConnection.open(network, this, other);
    }

    /// Closes a connection at both ends. What is on its way is lost.
    public void disconnect(int connection) {
        SimConnection closed = connections.get(connection);
        if (closed == null) {
            throw new IllegalArgumentException("no connection " + connection);
        }
        closed.close();
    }

    /// The connections that are open here.
    public List<Integer> connections() {
        return connections.keySet().stream().sorted().toList();
    }

    int add(SimConnection connection) {
        connections.put(++lastConnection, connection);
        return lastConnection;
    }

    void removeConnection(int number) {
        connections.remove(number);
    }

    /// Sends a datagram past the engines.
    ///
    /// @param to an address, or a route through a socket or over a connection
    public void send(InetSocketAddress to, byte[] payload) {
        sent++;
        OptionalInt number = Route.connection(to);
        if (number.isPresent()) {
            sendConnected(number.getAsInt(), to, payload);
            return;
        }
        if (Route.channel(to).isPresent()) {
            throw network.failure(host.name() + ": an engine sends to a relay's channel: " + to);
        }
        InetSocketAddress remote = Route.remote(to);
        Integer from = numbers.get(Route.socket(to));
        if (from == null) {
            network.note(
                    SimFate.NO_LISTENER, host.name(), new SimDatagram(local(), remote, payload));
            return;
        }
        var source = new InetSocketAddress(host.source(address, remote.getAddress()), from);
        host.send(new SimDatagram(source, remote, payload.clone()));
    }

    private void sendConnected(int number, InetSocketAddress to, byte[] payload) {
        var datagram = new SimDatagram(local(), to, payload.clone());
        network.note(SimFate.SENT, host.name(), datagram);
        SimConnection connection = connections.get(number);
        if (connection == null) {
            network.note(SimFate.NO_LISTENER, host.name(), datagram);
        } else {
            connection.send(this, datagram.payload());
        }
    }

    /// Closes the port with all its sockets and connections; its engines are left as they are and
    /// get nothing any more.
    public void close() {
        List.copyOf(connections.values()).forEach(SimConnection::close);
        host.close(this);
    }

    /// How many datagrams left, the engines' and the test's.
    public long sent() {
        return sent;
    }

    /// How many datagrams arrived.
    public long received() {
        return received;
    }

    /// How many of them no engine took.
    public long unclaimed() {
        return unclaimed;
    }

    SimFate receive(int socket, SimDatagram datagram) {
        InetSocketAddress from = datagram.from();
        if (Route.isRoute(from)) {
            return SimFate.UNCLAIMED;
        }
        if (socket > 0 && !(from.getAddress() instanceof Inet4Address)) {
            return SimFate.UNCLAIMED;
        }
        return offer(socket == 0 ? from : Route.through(socket, from), datagram.payload());
    }

    void receiveConnected(int number, byte[] payload) {
        InetSocketAddress from = Route.connected(number);
        SimFate fate = offer(from, payload);
        network.note(fate, host.name(), new SimDatagram(from, local(), payload));
    }

    private SimFate offer(InetSocketAddress from, byte[] payload) {
        received++;
        long now = network.nanoTime();
        ByteBuffer in = network.buffer();
        SimFate fate = SimFate.UNCLAIMED;
        for (Engine engine : List.copyOf(engines)) {
            in.clear().put(payload).flip();
            boolean taken = engine.handleDatagram(from, in, now);
            Arrays.fill(in.array(), 0, payload.length, (byte) 0xee);
            if (taken) {
                fate = SimFate.DELIVERED;
                break;
            }
        }
        if (fate == SimFate.UNCLAIMED) {
            unclaimed++;
        }
        application.accept(now);
        return fate;
    }

    /// How long all engines may be left alone, as [Engine#nanosUntilTimeout].
    long nanosUntilTimeout() {
        long least = Engine.NEVER;
        for (Engine engine : engines) {
            least = Math.min(least, engine.nanosUntilTimeout(network.nanoTime()));
        }
        return least;
    }

    /// Wakes the engines that are due.
    void handleTimeout() {
        long now = network.nanoTime();
        timeoutsAtOnce = now == lastTimeoutNanos ? timeoutsAtOnce + 1 : 0;
        lastTimeoutNanos = now;
        if (timeoutsAtOnce > MOST_AT_ONCE) {
            throw network.failure(host.name() + ": an engine's deadline stays due: " + engines);
        }
        for (Engine engine : List.copyOf(engines)) {
            if (engine.nanosUntilTimeout(now) <= 0) {
                engine.handleTimeout(now);
            }
        }
        application.accept(now);
    }

    /// Sends what the engines have to send.
    void drain() {
        long now = network.nanoTime();
        ByteBuffer out = network.buffer();
        for (Engine engine : List.copyOf(engines)) {
            InetSocketAddress to;
            for (int count = 0; (to = engine.pollTransmit(out.clear(), now)) != null; count++) {
                if (count == MOST_AT_ONCE) {
                    throw network.failure(host.name() + ": does not stop sending: " + engine);
                }
                send(to, Arrays.copyOf(out.array(), out.position()));
            }
        }
    }
}
