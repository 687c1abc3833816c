package natt.core.node;

import natt.core.CloseReason;
import natt.core.NodeKey;
import natt.core.ResetCode;
import natt.core.Route;
import natt.core.Text;
import natt.core.forward.CommandEnd;
import natt.core.forward.Greeting;
import natt.core.forward.LocalEnd;
import natt.core.forward.PeerEnd;
import natt.core.forward.Splice;
import natt.core.forward.TargetDialer;
import natt.core.forward.TcpEnd;
import natt.core.forward.Turnstile;
import natt.core.io.Driver;
import natt.core.session.Admission;
import natt.core.session.Session;
import natt.core.session.SessionEngine.Refusal;
import natt.core.session.SessionEvent;
import natt.core.spi.Engine;
import natt.core.spi.Transport.Stream;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/// Connects the streams of sessions to the services behind this node.
final class SessionService implements SessionPort.Answering {
    private static final System.Logger LOG = System.getLogger("natt");
    static final int MOST_STREAMS = 128;

    /// Where anybody may connect, nobody may take all of them.
    private static final int MOST_OF_STRANGER = 32;

    private static final byte[] NOTHING = {};
    private static final byte[] CONNECTED = {PeerEnd.CONNECTED};

    /// How long a service may be silent before a stranger is refused.
    private static final Duration GREETING = Duration.ofSeconds(10);

    static final Turnstile.Limits YOUNG = new Turnstile.Limits(8, 2, Duration.ofSeconds(30), 64);

    /// How long a peer of a command may be without a path.
    private static final Duration COMMAND_WAITS = Duration.ofSeconds(15);

    private static final int MOST_COMMANDS = 32;

    private final Driver driver;
    private final Doorkeeper doorkeeper;
    private final ClientSources sources;
    private final Targets targets;
    private final Set<Visit> commands = new LinkedHashSet<>();
    private int streams;
    private final Map<NodeKey, Integer> streamsOfKey = new HashMap<>();
    private final Brokers brokers;

    /// @param brokers of the port on which clients call
    SessionService(
            Driver driver,
            Targets targets,
            Doorkeeper doorkeeper,
            ClientSources sources,
            Brokers brokers) {
        this.driver = driver;
        this.targets = targets;
        this.doorkeeper = doorkeeper;
        this.sources = sources;
        this.brokers = brokers;
    }

    /// How many streams are being served.
    int streams() {
        return streams;
    }

    /// How busy a service is.
    ///
    /// @param young connections that have been made a moment ago
    /// @param waiting those that wait until there are fewer of these
    record Use(int young, int waiting) {}

    Use use(String name) {
        return targets.find(name) instanceof Targets.Offered offered
                ? new Use(offered.turnstile().young(), offered.turnstile().waiting())
                : new Use(0, 0);
    }

    Doorkeeper doorkeeper() {
        return doorkeeper;
    }

    @Override
    public Admission admission() {
        return doorkeeper;
    }

    @Override
    public void refused(Refusal refusal) {
        doorkeeper.sayRefused(refusal);
    }

    @Override
    public long serve(long nowNanos) {
        long wait = Engine.NEVER;
        for (Turnstile each : targets.turnstiles()) {
            wait = Math.min(wait, each.serve(nowNanos));
        }
        return wait;
    }

    /// What a peer has asked for, as a person would write it.
    private static String show(Stream stream) {
        String asked = stream.service();
        return Text.escape(Target.ofService(asked).map(Target::toString).orElse(asked));
    }

    private String name(SessionPumps.Link link) {
        return doorkeeper.label(link.session().peer());
    }

    @Override
    public void happened(SessionPumps.Link link, SessionEvent event) {
        String client = name(link);
        switch (event) {
            case SessionEvent.Established(var path) ->
                    LOG.log(Level.INFO, "session with {0} {1}", client, place(link, path));
            case SessionEvent.Moved(var from, var to) ->
                    LOG.log(
                            Level.INFO,
                            "{0}",
                            PathText.moved(client, brokers, link.session(), from, to));
            case SessionEvent.Doubtful(var silence) ->
                    LOG.log(
                            Level.DEBUG,
                            "{0} has been silent for {1} s",
                            client,
                            silence.toSeconds());
            case SessionEvent.Suspended(var silence) -> {
                LOG.log(
                        Level.INFO,
                        "{0} has been silent for {1} s: its session waits",
                        client,
                        silence.toSeconds());
                driver.schedule(COMMAND_WAITS, () -> endCommands(link));
            }
            case SessionEvent.Resumed(var path) ->
                    LOG.log(Level.INFO, "{0} is back, {1}", client, place(link, path));
            case SessionEvent.OfSearch _ -> {}
            case SessionEvent.Closed(var reason) ->
                    LOG.log(
                            Level.INFO,
                            "session with {0} ends: {1}",
                            client,
                            Text.escape(reason.describe()));
        }
    }

    private String place(SessionPumps.Link link, InetSocketAddress path) {
        return brokers.place(path, link.session().peer());
    }

    @Override
    public void opened(SessionPumps.Link link, Stream stream) {
        switch (targets.find(stream.service())) {
            case Targets.Refused(var code, var why) -> refuse(link, stream, code, why);
            case Targets.Offered offered -> {
                boolean command = offered.to() instanceof Targets.Program;
                if (!doorkeeper.allows(link.session().peer(), offered.listName())) {
                    refuse(link, stream, ResetCode.NOT_ALLOWED, "its line has another target=");
                } else if (isFull(link.session().peer())) {
                    refuse(link, stream, ResetCode.BUSY, "there are %d already".formatted(streams));
                } else if (command && commands.size() >= MOST_COMMANDS) {
                    refuse(link, stream, ResetCode.BUSY, "there are too many commands");
                } else {
                    queue(link, stream, offered);
                }
            }
        }
    }

    /// Commands do not outlive a peer that may never come back.
    private void endCommands(SessionPumps.Link link) {
        if (link.session().state() == Session.State.SUSPENDED) {
            for (Visit each : List.copyOf(commands)) {
                if (each.link == link) {
                    each.breakOff();
                }
            }
        }
    }

    /// The commands that run.
    List<CommandEnd> commands() {
        var running = new ArrayList<CommandEnd>();
        for (Visit each : commands) {
            if (each.command != null) {
                running.add(each.command);
            }
        }
        return running;
    }

    private boolean isFull(NodeKey client) {
        boolean stranger = doorkeeper.open();
        return streams >= MOST_STREAMS
                || stranger && streamsOfKey.getOrDefault(client, 0) >= MOST_OF_STRANGER;
    }

    private void count(NodeKey client, int change) {
        streams += change;
        streamsOfKey.merge(client, change, Integer::sum);
        streamsOfKey.remove(client, 0);
    }

    private void refuse(SessionPumps.Link link, Stream stream, ResetCode code, String why) {
        LOG.log(
                Level.WARNING,
                "a connection of {0} to {1} is refused: {2}",
                name(link),
                show(stream),
                why);
        doorkeeper.noteRefused(link.session().peer(), show(stream) + ": " + why);
        stream.reset(code, driver.nanoTime());
    }

    private void queue(SessionPumps.Link link, Stream stream, Targets.Offered service) {
        Optional<InetSocketAddress> path = link.session().path();
        Optional<InetAddress> from = path.map(Route::remote).map(InetSocketAddress::getAddress);
        boolean relayed = path.filter(each -> !Route.isDirect(each)).isPresent();
        boolean trusted = !doorkeeper.open();
        // Nobody knows the address of whom a relay carries: each key is a source of its own.
        InetAddress source =
                relayed
                        ? sources.of(link.session().peer())
                        : from.orElseGet(InetAddress::getLoopbackAddress);
        boolean queued =
                service.turnstile()
                        .queue(
                                source,
                                trusted,
                                pass -> new Visit(link, stream, service, pass).dial());
        if (queued) {
            count(link.session().peer(), 1);
        } else {
            refuse(link, stream, ResetCode.BUSY, "too many wait");
        }
    }

    /// One stream on its way to the service and back.
    private final class Visit {
        private final SessionPumps.Link link;
        private final Stream stream;
        private final Targets.Offered service;
        private final Turnstile.Pass pass;
        private @Nullable Splice splice;
        private @Nullable CommandEnd command;

        Visit(SessionPumps.Link link, Stream stream, Targets.Offered service, Turnstile.Pass pass) {
            this.link = link;
            this.stream = stream;
            this.service = service;
            this.pass = pass;
        }

        void dial() {
            if (stream.closed().isPresent()) {
                // Nobody will read what it brought; until a reset, the transport keeps it.
                stream.reset(ResetCode.UNSPECIFIED, driver.nanoTime());
                over();
                return;
            }
            switch (service.to()) {
                case Targets.Tcp(var dialer) -> dial(dialer);
                case Targets.Program program -> run(program);
            }
        }

        private void dial(TargetDialer dialer) {
            Optional<InetAddress> source = Optional.of(sources.of(link.session().peer()));
            dialer.dial(
                    source,
                    new TargetDialer.Outcome() {
                        @Override
                        public void connected(SocketChannel channel) {
                            greet(channel, dialer.target().toString());
                        }

                        @Override
                        public void failed(String why) {
                            give(
                                    ResetCode.TARGET_UNREACHABLE,
                                    "%s cannot be reached: %s"
                                            .formatted(dialer.target(), Text.escape(why)));
                        }
                    });
        }

        private void run(Targets.Program program) {
            commands.add(this);
            var environment = new HashMap<>(program.environment());
            environment.put("NATT_PEER", link.session().peer().toString());
            Thread.startVirtualThread(
                    () -> {
                        try {
                            var started =
                                    CommandEnd.start(
                                            driver,
                                            program.words(),
                                            environment,
                                            CONNECTED,
                                            () -> {
                                                if (splice != null) {
                                                    link.pump().wake(splice);
                                                }
                                            });
                            driver.execute(() -> joinCommand(started));
                        } catch (IOException | RuntimeException failed) {
                            driver.execute(
                                    () ->
                                            give(
                                                    ResetCode.TARGET_UNREACHABLE,
                                                    "the command cannot be started: "
                                                            + Client.reason(failed)));
                        }
                    });
        }

        private void joinCommand(CommandEnd started) {
            command = started;
            if (!commands.contains(this)) {
                started.kill();
                return;
            }
            join(started);
        }

        /// Ends a command whose peer has gone.
        void breakOff() {
            if (splice == null) {
                commands.remove(this);
                give(ResetCode.UNSPECIFIED, "its peer has gone");
            } else {
                splice.abort(ResetCode.UNSPECIFIED, driver.nanoTime());
            }
        }

        private void over() {
            commands.remove(this);
            pass.giveBack();
            count(link.session().peer(), -1);
        }

        private void give(ResetCode code, String why) {
            refuse(link, stream, code, why);
            over();
        }

        private void greet(SocketChannel channel, String target) {
            if (!doorkeeper.open()) {
                join(channel, ByteBuffer.allocate(0));
                return;
            }
            Greeting.await(
                    driver,
                    channel,
                    GREETING,
                    new Greeting.Outcome() {
                        @Override
                        public void ssh(ByteBuffer said) {
                            join(channel, said);
                        }

                        @Override
                        public void other() {
                            give(ResetCode.NOT_SSH, target + " does not speak SSH");
                        }

                        @Override
                        public void silent() {
                            give(ResetCode.NOT_SSH, target + " says nothing");
                        }
                    });
        }

        private void join(SocketChannel channel, ByteBuffer said) {
            byte[] first = service.confirmed() ? CONNECTED : NOTHING;
            ByteBuffer already = ByteBuffer.allocate(first.length + said.remaining());
            already.put(first).put(said).flip();
            try {
                join(new TcpEnd(driver, channel, already, () -> link.pump().wake(splice())));
            } catch (IOException failed) {
                Driver.closeQuietly(channel);
                give(ResetCode.TARGET_UNREACHABLE, "its target has gone");
            }
        }

        private Splice splice() {
            return Objects.requireNonNull(splice, "there is one as soon as there is news");
        }

        private void join(LocalEnd local) {
            splice = new Splice(driver, stream, local, false, this::ended);
            link.pump().add(splice);
            link.session().noteUseful(driver.nanoTime());
            LOG.log(Level.INFO, "{0} connects to {1}", name(link), show(stream));
        }

        private void ended(CloseReason reason) {
            Splice splice = splice();
            over();
            // It may have ended by its own clock; the pump drops it in its turn.
            link.pump().wake(splice);
            LOG.log(
                    Level.INFO,
                    "{0} ends {1}: {2}; {3} bytes in, {4} out, round trip {5} ms",
                    name(link),
                    show(stream),
                    Text.escape(reason.describe()),
                    splice.bytesIn(),
                    splice.bytesOut(),
                    stream.roundTripTime().toMillis());
        }
    }
}
