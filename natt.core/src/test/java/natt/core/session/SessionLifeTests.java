package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.PreSharedKey;
import natt.core.session.World.Node;
import natt.core.session.World.Packet;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What a session lives through, in virtual time.
class SessionLifeTests {
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();
    private static final String HOST = "198.51.100.1:30000";

    private final World world = new World();
    private final Node client = world.node("203.0.113.1:1000");
    private final Node host = world.host(HOST, ANYBODY);
    private Session session = client.call(host, HOST);

    @BeforeEach
    void connect() {
        world.run(500);
        assertEquals(Session.State.UP, session.state());
        client.events.clear();
        host.events.clear();
    }

    private Session hosts() {
        return host.accepted.getFirst();
    }

    @Test
    void anEngineTellsHowMuchOfWhatItAdmitsIsInUse() {
        assertEquals(new SessionEngine.Load(1, 64, 0, 64), host.engine.load());
        session.close(CloseCode.UNSPECIFIED, world.now);
        world.run(500);
        assertEquals(new SessionEngine.Load(0, 64, 0, 64), host.engine.load());
    }

    // ---- addresses change

    @Test
    void aClientInUseBehindAnotherMappingIsFollowedWithinARoundTripOrTwo() {
        client.move("203.0.113.1:2000");
        client.streams().send(new byte[10]);
        client.serve();
        world.run(110);
        assertEquals(client.address, hosts().path().orElseThrow());
        assertEquals(1, host.streams().received.size());
        assertEquals(0, host.streams().pathChanges);
    }

    @Test
    void anIdleClientBehindAnotherMappingIsFollowedWithinFifteenSeconds() {
        world.run(Duration.ofMinutes(1));
        client.move("203.0.113.99:2000");
        world.run(15_200);
        assertEquals(client.address, hosts().path().orElseThrow());
        assertEquals(1, host.streams().pathChanges);
    }

    @Test
    void aServerBehindAnotherMappingIsFollowedAsSoonAsItSends() {
        host.move("198.51.100.7:31000");
        host.streams().send(new byte[10]);
        host.serve();
        world.run(110);
        assertEquals(host.address, session.path().orElseThrow());
        assertInstanceOf(SessionEvent.Moved.class, client.events.getLast());
    }

    @Test
    void whenBothAddressesChangeANewCandidateBringsTheSessionBack() {
        client.streams().outstanding = true;
        client.move("203.0.113.50:5000");
        host.move("198.51.100.7:31000");
        world.run(4000);
        assertInstanceOf(SessionEvent.Doubtful.class, client.events.getFirst());
        session.addCandidates(List.of(host.address), world.now);
        world.run(1500);
        client.streams().outstanding = false;
        assertEquals(Session.State.UP, session.state());
        assertEquals(host.address, session.path().orElseThrow());
        assertEquals(client.address, hosts().path().orElseThrow());
        assertEquals(1, host.engine.sessions().size());
    }

    @Test
    void aDatagramCaughtAndSentFromElsewhereMovesNothingAndDrawsOnlyChallenges() {
        var thief = World.address("192.0.2.66:6");
        world.lost = packet -> packet.type() == Wire.DATA && packet.from().equals(client.address);
        client.streams().send(new byte[500]);
        client.serve();
        Packet caught = world.sent.getLast();
        world.lost = packet -> false;
        world.send(thief, host.address, caught.data());
        world.run(10_000);
        assertEquals(client.address, hosts().path().orElseThrow());
        List<Packet> drawn = world.sent.stream().filter(p -> p.to().equals(thief)).toList();
        assertTrue(drawn.stream().allMatch(packet -> packet.data().length == 48));
        assertTrue(drawn.stream().mapToInt(packet -> packet.data().length).sum() <= 532);
    }

    // ---- silence

    @Test
    void keysAreForgottenAfterFifteenMinutesWhileThereIsNoPath() {
        hosts().noteUseful(world.now);
        world.run(Duration.ofMinutes(5));
        client.streams().send(new byte[50]);
        client.serve();
        byte[] late = world.sent.getLast().data();
        world.lost = packet -> true;
        world.flying.clear();
        world.run(Duration.ofMinutes(20));
        assertEquals(Session.State.SUSPENDED, hosts().state());
        long unknown = host.engine.counters().get("unknownIndex");
        host.engine.handleDatagram(client.address, ByteBuffer.wrap(late), world.now);
        assertEquals(unknown + 1, host.engine.counters().get("unknownIndex"));
        assertEquals(Session.State.SUSPENDED, hosts().state());
    }

    @Test
    void anIdleSessionCostsOnePacketEachWayInFifteenSeconds() {
        world.run(Duration.ofMinutes(1));
        int before = world.sent.size();
        world.run(Duration.ofHours(1));
        int renewals = 6 * 4;
        int sent = world.sent.size() - before;
        assertTrue(sent <= 2 * 240 + renewals, sent + " packets");
        assertEquals(Session.State.UP, session.state());
    }

    @Test
    void aDeadPeerIsNoticedInFifteenSecondsWithDataOutstandingAndInThirtyFiveAtRest() {
        host.asleep = true;
        client.streams().outstanding = true;
        world.run(15_000);
        assertEquals(Session.State.SUSPENDED, session.state());
        assertTrue(client.streams().paused);

        Node other = world.node("203.0.113.3:1000");
        Node second = world.host("198.51.100.3:30000", ANYBODY);
        Session idle = other.call(second, "198.51.100.3:30000");
        world.run(1000);
        second.asleep = true;
        world.run(35_000);
        assertEquals(Session.State.SUSPENDED, idle.state());
    }

    @Test
    void aYoungSessionWithoutAPathIsHeldForAMinute() {
        host.asleep = true;
        assertEquals(Optional.empty(), session.heldFor(world.now));
        world.run(Duration.ofSeconds(31 + 57));
        assertEquals(Session.State.SUSPENDED, session.state());
        Duration left = session.heldFor(world.now).orElseThrow();
        assertTrue(left.isPositive() && left.compareTo(Duration.ofSeconds(9)) < 0, left::toString);
        assertTrue(session.silence(world.now).compareTo(Duration.ofSeconds(80)) > 0);
        world.run(Duration.ofSeconds(9));
        assertEquals(Optional.empty(), session.heldFor(world.now));
        assertInstanceOf(CloseReason.PeerSilent.class, session.closed().orElseThrow());
    }

    @Test
    void aSessionThatHasServedIsHeldForTwelveHours() {
        session.noteUseful(world.now);
        hosts().noteUseful(world.now);
        world.run(Duration.ofSeconds(200));
        world.lost = packet -> true;
        client.streams().send(new byte[7]);
        world.run(Duration.ofHours(11));
        assertEquals(Session.State.SUSPENDED, session.state());
        assertEquals(Session.State.SUSPENDED, hosts().state());
        world.lost = packet -> false;
        host.streams().send(new byte[9]);
        world.run(3000);
        assertEquals(Session.State.UP, session.state());
        assertEquals(Session.State.UP, hosts().state());
        assertEquals(9, client.streams().received.getLast().length);
        world.lost = packet -> true;
        world.run(Duration.ofHours(13));
        assertTrue(session.closed().isPresent());
        assertTrue(host.engine.sessions().isEmpty());
    }

    @Test
    void afterEightHoursOfSleepTheSessionGoesOnAtOnce() {
        session.noteUseful(world.now);
        hosts().noteUseful(world.now);
        world.run(Duration.ofSeconds(200));
        client.asleep = true;
        world.run(Duration.ofHours(8));
        client.events.clear();
        client.asleep = false;
        client.streams().send(new byte[11]);
        client.serve();
        world.run(150);
        assertEquals(Session.State.UP, session.state());
        assertEquals(11, host.streams().received.getLast().length);
        assertInstanceOf(SessionEvent.Suspended.class, client.events.getFirst());
        assertInstanceOf(SessionEvent.Resumed.class, client.events.get(1));
    }

    @Test
    void aRestartedPeerIsNoticedInFiveSecondsWhenActiveAndTwentyWhenIdle() {
        client.streams().outstanding = true;
        host.restart(PreSharedKey.NONE, ANYBODY);
        world.run(5000);
        assertEquals(Optional.of(new CloseReason.PeerRestarted()), session.closed());

        Session second = client.call(host, HOST);
        world.run(1000);
        host.restart(PreSharedKey.NONE, ANYBODY);
        world.run(20_000);
        assertEquals(Optional.of(new CloseReason.PeerRestarted()), second.closed());
    }

    @Test
    void aRestartedPeerIsNoticedInFiveSecondsByOneThatOnlyReads() {
        host.streams().send(new byte[10]);
        host.serve();
        world.run(50);
        host.restart(PreSharedKey.NONE, ANYBODY);
        world.run(5000);
        assertEquals(Optional.of(new CloseReason.PeerRestarted()), session.closed());
    }

    // ---- keys

    @Test
    void keysAreRenewedEveryTenMinutesWhileDataFlows() {
        for (int second = 0; second < 3500; second++) {
            client.streams().send(new byte[20]);
            host.streams().send(new byte[20]);
            world.run(1000);
        }
        assertEquals(3500, host.streams().received.size());
        assertEquals(3500, client.streams().received.size());
        assertEquals(5L, session.counters().get("rekeyed"));
        assertEquals(5L, hosts().counters().get("rekeyed"));
        assertTrue(client.events.isEmpty());
    }

    @Test
    void aLostRenewalIsTriedAgainUntilItSucceeds() {
        world.lost = packet -> packet.type() == Wire.RESPONSE;
        for (int second = 0; second < 700; second++) {
            client.streams().send(new byte[20]);
            host.streams().send(new byte[20]);
            world.run(1000);
        }
        assertEquals(0L, session.counters().get("rekeyed"));
        world.lost = packet -> false;
        world.run(3000);
        assertEquals(1L, session.counters().get("rekeyed"));
        assertEquals(700, host.streams().received.size());
    }

    // ---- sizes

    @Test
    void datagramsGrowToWhatThePathCarries() {
        sendFor(5, 1200);
        assertEquals(1472, session.datagramSize());
        assertEquals(1440, client.streams().datagramLength);
        assertEquals(1232, hosts().datagramSize());
    }

    @Test
    void aPathThatIsNarrowFromTheStartIsFoundAndDatagramsGoInParts() {
        world.lost = packet -> packet.data().length > 1000;
        sendFor(5, 1200);
        assertEquals(1000, session.datagramSize());
        int before = host.streams().received.size();
        client.streams().send(new byte[1200]);
        client.serve();
        world.run(100);
        assertEquals(before + 1, host.streams().received.size());
        assertEquals(1200, host.streams().received.getLast().length);
    }

    @Test
    void aPathThatBecomesNarrowIsNoticedWithinFiveSeconds() {
        sendFor(10, 1440);
        assertEquals(1472, session.datagramSize());
        world.lost = packet -> packet.data().length > 600;
        sendFor(5, 1440);
        assertEquals(548, session.datagramSize());
        int before = host.streams().received.size();
        client.streams().send(new byte[1440]);
        client.serve();
        world.run(100);
        assertEquals(before + 1, host.streams().received.size());
    }

    @Test
    void aPathThatCarriesNothingSaysNothingAboutSizes() {
        sendFor(10, 1440);
        world.lost = packet -> true;
        sendFor(4, 1440);
        assertEquals(1472, session.datagramSize());
    }

    private void sendFor(int seconds, int length) {
        client.streams().outstanding = true;
        for (int i = 0; i < seconds * 10; i++) {
            client.streams().send(new byte[length]);
            world.run(100);
        }
        client.streams().outstanding = false;
    }

    // ---- loss

    @Test
    void theTunnelIsUpInTenSecondsNinetyNineTimesInAHundredAtFortyPercentLoss() {
        int slow = 0;
        for (int i = 0; i < 300; i++) {
            world.lost = packet -> world.random.nextInt(100) < 40;
            Node caller = world.node("203.0.113.9:" + (1000 + i));
            Session call = caller.call(host, HOST);
            caller.streams().outstanding = true;
            world.run(10_000);
            slow += call.state() == Session.State.UP && isUpAtHost(caller) ? 0 : 1;
            world.all.remove(caller);
            host.engine.shutdown(CloseCode.IDLE, world.now);
            world.nodes.remove(caller.address);
        }
        assertTrue(slow <= 3, slow + " of 300");
    }

    private boolean isUpAtHost(Node caller) {
        return host.engine.sessions().stream().anyMatch(s -> s.peer().equals(caller.key()));
    }

    @Test
    void aSessionAtRestLivesThroughTwentyPercentLossForADay() {
        world.lost = packet -> world.random.nextInt(100) < 20;
        world.run(Duration.ofHours(24));
        assertFalse(session.closed().isPresent());
        assertEquals(Session.State.UP, session.state());
        InetSocketAddress path = session.path().orElseThrow();
        assertEquals(host.address, path);
    }
}
