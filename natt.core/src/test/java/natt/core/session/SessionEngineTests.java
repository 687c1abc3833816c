package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.CloseReason;
import natt.core.Identity;
import natt.core.PreSharedKey;
import natt.core.noise.Aead;
import natt.core.session.World.Node;
import natt.core.session.World.Packet;
import natt.core.spi.Transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// Handshakes and admission, between engines in virtual time.
class SessionEngineTests {
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();
    private static final String CLIENT = "203.0.113.1:1000";
    private static final String HOST = "198.51.100.1:30000";

    private final World world = new World();
    private final Node client = world.node(CLIENT);
    private final Node host = world.host(HOST, ANYBODY);

    @Test
    void oneRoundTripMakesASessionThatBothSidesUse() {
        Session session = client.call(host, HOST);
        client.streams().send(new byte[] {1, 2, 3});
        world.run(200);
        assertEquals(Session.State.UP, session.state());
        assertEquals(1, host.accepted.size());
        assertEquals(client.key(), host.accepted.getFirst().peer());
        assertArrayEquals(new byte[] {1, 2, 3}, host.streams().received.getFirst());
        host.streams().send(new byte[] {4});
        host.serve();
        world.run(100);
        assertArrayEquals(new byte[] {4}, client.streams().received.getFirst());
        assertEquals(
                List.of(192, 108, 48, 35, 48, 33),
                world.sent.stream().map(packet -> packet.data().length).toList());
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, AES_256_GCM",
        "true, false, CHACHA20_POLY1305",
        "false, true, CHACHA20_POLY1305",
        "false, false, CHACHA20_POLY1305"
    })
    void dataIsSealedWithAesWhereBothSidesAreQuickAtIt(
            boolean ours, boolean theirs, Aead.Algorithm expected) {
        world.aes = ours;
        Node caller = world.node("203.0.113.2:1000");
        world.aes = theirs;
        Node called = world.host("198.51.100.2:30000", ANYBODY);
        Session session = caller.call(called, "198.51.100.2:30000");
        caller.streams().send(new byte[] {1, 2, 3});
        world.run(200);
        assertEquals(Optional.of(expected), session.cipher());
        assertEquals(Optional.of(expected), called.accepted.getFirst().cipher());
        assertArrayEquals(new byte[] {1, 2, 3}, called.streams().received.getFirst());
    }

    @Test
    void theSessionIsInstalledOnlyWhenTheCallerHasShownThatItGotTheAnswer() {
        world.lost = packet -> packet.type() == Wire.RESPONSE;
        client.call(host, HOST);
        world.run(10_000);
        assertEquals(List.of(), host.engine.sessions());
        assertEquals(List.of(), host.accepted);
    }

    @Test
    void aWrongSecretOrAWrongHostKeyIsMetWithSilence() {
        var secret = PreSharedKey.of(client.key().bytes());
        Session wrongSecret = client.call(host.key(), secret, HOST);
        Identity other = Identity.generate(world.random);
        Session wrongKey = client.call(other.publicKey(), PreSharedKey.NONE, HOST);
        world.run(16_000);
        assertTrue(world.sent.stream().noneMatch(p -> p.from().equals(host.address)));
        assertInstanceOf(CloseReason.NoAnswer.class, wrongSecret.closed().orElseThrow());
        assertInstanceOf(CloseReason.NoAnswer.class, wrongKey.closed().orElseThrow());
    }

    @Test
    void aCallerThatIsNotOnTheListIsToldSoAndLeavesNothing() {
        Node strict =
                world.host(
                        "198.51.100.2:30000",
                        (key, from) -> Admission.Answer.refuse(CloseCode.UNKNOWN_KEY));
        Session session = client.call(strict, "198.51.100.2:30000");
        world.run(500);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.UNKNOWN_KEY)),
                session.closed());
        assertEquals(List.of(), strict.engine.sessions());
        assertEquals(
                new SessionEngine.Refusal(client.key(), client.address, CloseCode.UNKNOWN_KEY),
                strict.refusals.getFirst());
    }

    @Test
    void aKeyTakenOffTheListLosesItsSessionAtOnce() {
        var answer = new AtomicReference<>(Admission.Answer.listedKey());
        Node strict = world.host("198.51.100.2:30000", (key, from) -> answer.get());
        Session session = client.call(strict, "198.51.100.2:30000");
        world.run(500);
        answer.set(Admission.Answer.refuse(CloseCode.UNKNOWN_KEY));
        strict.engine.reviewAdmission(world.now);
        world.run(100);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.REMOVED_KEY)),
                session.closed());
        assertEquals(List.of(), strict.engine.sessions());
    }

    @Test
    void aKeyTakenOffTheListBetweenAnswerAndConfirmationDoesNotComeIn() {
        var answer = new AtomicReference<>(Admission.Answer.listedKey());
        Node strict = world.host("198.51.100.2:30000", (key, from) -> answer.get());
        Session session = client.call(strict, "198.51.100.2:30000");
        world.run(60);
        assertEquals(Session.State.UP, session.state());
        assertEquals(List.of(), strict.engine.sessions());
        answer.set(Admission.Answer.refuse(CloseCode.UNKNOWN_KEY));
        strict.engine.reviewAdmission(world.now);
        world.run(500);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.UNKNOWN_KEY)),
                session.closed());
        assertEquals(List.of(), strict.engine.sessions());
    }

    @Test
    void strangersThatConfirmNothingDoNotKeepAListedCallerOut() {
        Node strict =
                world.host(
                        "198.51.100.2:30000",
                        (key, from) ->
                                key.equals(client.key())
                                        ? Admission.Answer.listedKey()
                                        : Admission.Answer.refuse(CloseCode.UNKNOWN_KEY));
        for (int i = 0; i < 80; i++) {
            Node stranger = world.node("203.0.113.%d:7".formatted(100 + i));
            stranger.call(strict, "198.51.100.2:30000");
        }
        world.lost =
                packet -> packet.type() == Wire.RESPONSE && !packet.to().equals(client.address);
        world.run(3000);
        assertEquals(64, strict.engine.load().halfOpen());
        Session session = client.call(strict, "198.51.100.2:30000");
        world.run(400);
        assertEquals(Session.State.UP, session.state());
        assertEquals(64, strict.engine.load().mostHalfOpen());
    }

    @Test
    void aCallerThatMovesToWhereItMayNotBeLosesItsSessionAndIsToldWhy() {
        var home = client.address;
        Node strict =
                world.host(
                        "198.51.100.2:30000",
                        (key, from) ->
                                from.equals(home)
                                        ? Admission.Answer.listedKey()
                                        : Admission.Answer.refuse(CloseCode.WRONG_ADDRESS));
        Session session = client.call(strict, "198.51.100.2:30000");
        world.run(500);
        assertEquals(Session.State.UP, session.state());
        client.move("192.0.2.9:1000");
        client.streams().send(new byte[100]);
        world.run(1000);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.WRONG_ADDRESS)),
                session.closed());
        assertEquals(List.of(), strict.engine.sessions());
    }

    @Test
    void aReplayedInitDrawsNothing() {
        client.call(host, HOST);
        world.run(500);
        Packet init = world.sent.getFirst();
        assertEquals(Wire.INIT, init.type());
        int before = world.sent.size();
        for (int i = 0; i < 50; i++) {
            world.send(World.address("192.0.2." + i + ":7"), host.address, init.data());
        }
        world.run(1000);
        assertEquals(before + 50, world.sent.size());
        assertEquals(50L, host.engine.counters().get("initsReplayed"));
    }

    @Test
    void tenThousandHostileDatagramsOfEveryTypeDrawNothingAndChangeNothing() {
        client.call(host, HOST);
        client.streams().send(new byte[100]);
        world.run(500);
        List<Packet> genuine = List.copyOf(world.sent);
        long sessions = host.engine.sessions().size();
        int sent = world.sent.size();
        for (int i = 0; i < 10_000; i++) {
            byte[] data = hostile(genuine.get(i % genuine.size()).data(), i);
            world.send(World.address("192.0.2.9:" + (1 + i % 60_000)), host.address, data);
            world.send(client.address, host.address, data);
            world.send(host.address, client.address, data);
        }
        world.run(1000);
        assertEquals(sent + 30_000, world.sent.size());
        assertEquals(sessions, host.engine.sessions().size());
        assertEquals(1, host.streams().received.size());
        assertEquals(0L, host.engine.counters().get("halfOpen"));
    }

    private byte[] hostile(byte[] genuine, int kind) {
        byte[] data =
                switch (kind % 4) {
                    case 0 -> new byte[world.random.nextInt(300)];
                    case 1 -> Arrays.copyOf(genuine, world.random.nextInt(genuine.length));
                    default -> genuine.clone();
                };
        if (kind % 4 == 0) {
            world.random.nextBytes(data);
            if (data.length > 0) {
                data[0] = (byte) (0x90 + world.random.nextInt(8));
            }
        } else if (kind % 4 == 2) {
            int bit = world.random.nextInt(data.length * 8);
            data[bit / 8] ^= (byte) (1 << bit % 8);
        }
        return data;
    }

    @Test
    void aFloodOfHandshakesIsAnsweredByCookiesAndACallerStillComesIn() {
        var callers = new ArrayList<Session>();
        for (int i = 0; i < 60; i++) {
            Node caller = world.node("203.0.113." + (10 + i) + ":9");
            callers.add(caller.call(host, HOST));
        }
        world.run(3000);
        assertTrue(host.engine.counters().get("cookiesSent") > 20);
        assertTrue(callers.stream().allMatch(each -> each.state() == Session.State.UP));
        assertTrue(
                world.sent.stream()
                        .filter(packet -> packet.type() == Wire.COOKIE)
                        .allMatch(packet -> packet.data().length == 64));
    }

    @Test
    void whoAnswersACookieComesInWhileSixteenHandshakesAreHalfOpen() {
        world.lost =
                packet -> packet.type() == Wire.RESPONSE && !packet.to().equals(client.address);
        for (int i = 0; i < 16; i++) {
            world.node("203.0.113." + (10 + i) + ":9").call(host, HOST);
        }
        world.run(100);
        assertEquals(16, host.engine.load().halfOpen());
        Session session = client.call(host, HOST);
        world.run(200);
        assertEquals(
                1,
                world.sent.stream()
                        .filter(p -> p.type() == Wire.COOKIE && p.to().equals(client.address))
                        .count());
        assertEquals(Session.State.UP, session.state());
    }

    @Test
    void theSecondAddressIsTriedAQuarterOfASecondLater() {
        Session session = client.call(host, "192.0.2.77:1", HOST);
        world.run(310);
        assertEquals(Session.State.UP, session.state());
        assertEquals(host.address, session.path().orElseThrow());
        assertEquals(3, world.sent.stream().filter(p -> p.type() == Wire.INIT).count());
    }

    @Test
    void aCallerThatIsNotListedHasEightSessionsAndTheOldestWithoutAPathGivesWay() {
        for (int i = 0; i < 8; i++) {
            client.call(host, HOST);
            world.run(300);
        }
        Session ninth = client.call(host, HOST);
        world.run(300);
        assertEquals(Optional.of(new CloseReason.SessionClosed(CloseCode.BUSY)), ninth.closed());
        Node other = world.node("203.0.113.2:1000");
        assertEquals(8, host.engine.sessions().size());
        other.call(host, HOST);
        world.run(300);
        assertEquals(9, host.engine.sessions().size());
    }

    @Test
    void closingTellsThePeerWhy() {
        Session session = client.call(host, HOST);
        world.run(300);
        host.engine.shutdown(CloseCode.SHUTTING_DOWN, world.now);
        world.run(100);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.SHUTTING_DOWN)),
                session.closed());
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.SHUTTING_DOWN)),
                client.streams().closed);
        world.run(Duration.ofSeconds(5));
        assertEquals(List.of(), host.engine.sessions());
    }

    @Test
    void peersWithoutACommonTransportAreTold() {
        Session session =
                client.engine.call(host.key(), PreSharedKey.NONE, new OtherTransport(), world.now);
        session.addCandidates(List.of(host.address), world.now);
        world.run(500);
        assertEquals(
                Optional.of(new CloseReason.SessionClosed(CloseCode.NO_COMMON_TRANSPORT)),
                session.closed());
    }

    private static final class OtherTransport implements Transport {
        @Override
        public String id() {
            return "other";
        }

        @Override
        public int capability() {
            return 2;
        }

        @Override
        public Multiplexer open(Context context) {
            return new FakeTransport().open(context);
        }
    }
}
