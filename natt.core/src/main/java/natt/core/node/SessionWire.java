package natt.core.node;

import natt.core.CloseCode;
import natt.core.io.Driver;
import natt.core.io.Port;
import natt.core.session.SessionEngine;
import natt.core.session.SessionEngine.Refusal;
import natt.core.spi.Engine;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// The port of authenticated sessions, and who asks from it for its public addresses.
final class SessionWire {
    private static final System.Logger LOG = System.getLogger("natt");

    private final Driver driver;
    private final Port port;
    private final SessionEngine engine;
    private final Doorkeeper doorkeeper;
    private final SessionService service;
    private final SessionPumps pumps;
    private final List<Reachability> reachabilities;
    private final Optional<PortMapping> mapping;

    /// @param reachabilities ask from this port, one for each family
    /// @param mapping of this port on the gateway
    SessionWire(
            Driver driver,
            Port port,
            ServerConfig.Sessions config,
            Doorkeeper doorkeeper,
            List<Reachability> reachabilities,
            Optional<PortMapping> mapping,
            RandomGenerator random,
            long nowNanos) {
        this.driver = driver;
        this.port = port;
        this.doorkeeper = doorkeeper;
        this.reachabilities = List.copyOf(reachabilities);
        this.mapping = mapping;
        engine =
                new SessionEngine(
                        new SessionEngine.Config(
                                config.identity(),
                                config.secret(),
                                List.of(config.transport()),
                                Optional.of(doorkeeper),
                                random),
                        nowNanos);
        service =
                new SessionService(
                        driver, config.services(), doorkeeper, new ClientSources(random));
        pumps = new SessionPumps(engine, service);
        var engines = new ArrayList<Engine>();
        reachabilities.forEach(asking -> engines.add(asking.engine()));
        engines.add(engine);
        port.attach(List.copyOf(engines), this::afterInput);
        driver.onClockJump(this::clockJumped);
    }

    InetSocketAddress local() {
        return port.local();
    }

    SessionEngine engine() {
        return engine;
    }

    SessionPumps pumps() {
        return pumps;
    }

    SessionService service() {
        return service;
    }

    List<Reachability> reachabilities() {
        return reachabilities;
    }

    Optional<PortMapping> mapping() {
        return mapping;
    }

    private long afterInput(long nowNanos) {
        reachabilities.forEach(Reachability::poll);
        mapping.ifPresent(PortMapping::review);
        for (Refusal refusal; (refusal = engine.pollRefusal()) != null; ) {
            doorkeeper.sayRefused(refusal);
        }
        long wait = pumps.afterInput(nowNanos);
        return Math.min(wait, service.serve(nowNanos));
    }

    private void clockJumped() {
        long now = driver.nanoTime();
        engine.clockJumped(now);
        reachabilities.forEach(asking -> asking.refresh(now));
    }

    /// Who may call has changed.
    void review() {
        engine.reviewAdmission(driver.nanoTime());
    }

    /// Ends every session, telling the peers, and closes the port.
    void close() {
        LOG.log(Level.DEBUG, "sessions: {0}", engine.counters());
        reachabilities.forEach(
                asking -> LOG.log(Level.DEBUG, "discovery: {0}", asking.engine().counters()));
        engine.shutdown(CloseCode.SHUTTING_DOWN, driver.nanoTime());
        port.close();
    }
}
