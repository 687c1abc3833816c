package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.CloseCode;
import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.session.World.Node;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.List;

/// How sessions end, and callers that get none, without more words than that takes.
class SessionEndTests {
    private static final Admission ANYBODY = (key, from) -> Admission.Answer.anybody();
    private static final String HOST = "198.51.100.1:30000";

    private final World world = new World();
    private final Node client = world.node("203.0.113.1:1000");

    private int data() {
        return (int) world.sent.stream().filter(each -> each.type() == Wire.DATA).count();
    }

    @Test
    void twoThatHaveBothEndedDoNotTellEachOtherSoWithoutEnd() {
        Node host = world.host(HOST, ANYBODY);
        Session session = client.call(host, HOST);
        world.run(1000);
        int before = data();
        session.close(CloseCode.SHUTTING_DOWN, world.now);
        world.run(10_000);
        // At once, after 250 ms and after a second; the host has nothing to say to that.
        assertEquals(before + 3, data());
    }

    @Test
    void bothEndingAtOnceSayItThriceEach() {
        Node host = world.host(HOST, ANYBODY);
        Session session = client.call(host, HOST);
        world.run(1000);
        int before = data();
        session.close(CloseCode.SHUTTING_DOWN, world.now);
        host.accepted.getFirst().close(CloseCode.SHUTTING_DOWN, world.now);
        world.run(10_000);
        assertEquals(before + 6, data());
    }

    @Test
    void refusedCallerWithMuchToSayIsToldOnceForEachDatagramAndNotMore() {
        var refusal = Admission.Answer.refuse(CloseCode.UNKNOWN_KEY);
        Node host = world.host(HOST, (key, from) -> refusal);
        client.call(host, HOST);
        for (int i = 0; i < 5; i++) {
            client.streams().send(new byte[100]);
        }
        world.run(10_000);
        // The confirmation and five datagrams, and an answer to each.
        assertEquals(2 * 6, data());
        assertTrue(client.engine.sessions().isEmpty());
    }

    @Test
    void keyThatNobodyCanHaveIsCalledAtNoAddressAndLeavesNoDeadlineDue() {
        var nobody = NodeKey.of(new byte[NodeKey.LENGTH]);
        Session session =
                client.engine.call(nobody, PreSharedKey.NONE, client.transport, world.now);
        session.addCandidates(
                List.of(World.address(HOST), World.address("198.51.100.2:30000")), world.now);
        long later = world.now + World.SECOND;
        assertTrue(client.engine.nanosUntilTimeout(later) <= 0);
        client.engine.handleTimeout(later);
        assertNull(client.engine.pollTransmit(ByteBuffer.allocate(2048), later));
        assertTrue(client.engine.nanosUntilTimeout(later) > 0);
    }

    @Test
    void farewellsThatAreLateAreSaidAsOne() {
        Node host = world.host(HOST, ANYBODY);
        Session session = client.call(host, HOST);
        world.run(1000);
        session.close(CloseCode.SHUTTING_DOWN, world.now);
        client.serve();
        long later = world.now + 2 * World.SECOND;
        client.engine.handleTimeout(later);
        var buffer = ByteBuffer.allocate(2048);
        assertEquals(World.address(HOST), client.engine.pollTransmit(buffer, later));
        assertNull(client.engine.pollTransmit(buffer.clear(), later));
        assertEquals(World.SECOND, client.engine.nanosUntilTimeout(later));
    }
}
