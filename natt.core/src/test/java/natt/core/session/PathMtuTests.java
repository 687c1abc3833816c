package natt.core.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.session.World.Node;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Objects;

/// What a peer can say about sizes of datagrams.
class PathMtuTests {
    private static final long ROUND_TRIP = 50 * World.MILLI;
    private static final String HOST = "198.51.100.1:30000";

    private final PathMtu mtu = new PathMtu(World.address(HOST), Wire.MOST_DATAGRAM);
    private long now = Long.MAX_VALUE - World.SECOND;

    private int probe() {
        return mtu.pollProbe(ROUND_TRIP, now);
    }

    @Test
    void answerOfASizeThatWasNeverAskedForRaisesNothing() {
        mtu.sent(1232, now);
        assertEquals(1232, probe());
        assertFalse(mtu.answered(1232, now));
        mtu.sent(1232, now);
        assertEquals(1472, probe());
        assertFalse(mtu.answered(65_535, now));
        assertFalse(mtu.answered(1473, now));
        assertEquals(1232, mtu.size());
        assertTrue(mtu.answered(1472, now));
        assertEquals(1472, mtu.size());
    }

    @Test
    void answerOfASizeThatWasNeverAskedForLowersNothing() {
        mtu.sent(1232, now);
        for (int i = 0; i < 3; i++) {
            assertEquals(1232, probe());
            now += 300 * World.MILLI;
            mtu.handleTimeout(now, now);
        }
        assertEquals(548, probe());
        assertFalse(mtu.answered(0, now));
        assertFalse(mtu.answered(33, now));
        assertFalse(mtu.answered(65_535, now));
        while (probe() != 0) {
            // All smaller sizes.
        }
        now += 300 * World.MILLI;
        assertFalse(mtu.handleTimeout(now, now));
        assertEquals(1232, mtu.size());
    }

    @Test
    void aSizeThatLossHasLoweredIsRaisedAgain() {
        mtu.sent(1232, now);
        for (int i = 0; i < 3; i++) {
            assertEquals(1232, probe());
            now += 300 * World.MILLI;
            mtu.handleTimeout(now, now);
        }
        while (probe() != 0) {
            // All smaller sizes, of which one answer arrives.
        }
        assertFalse(mtu.answered(548, now));
        now += 300 * World.MILLI;
        assertTrue(mtu.handleTimeout(now, now));
        assertEquals(548, mtu.size());
        mtu.sent(548, now);
        assertEquals(1472, probe());
        assertTrue(mtu.answered(1472, now));
        assertEquals(1472, mtu.size());
    }

    @Test
    void peerThatAnswersMoreThanWasAskedMakesNoLongerDatagrams() {
        var world = new World();
        Node client = world.node("203.0.113.1:1000");
        Node host = world.host(HOST, (key, from) -> Admission.Answer.anybody());
        Session session = client.call(host, HOST);
        world.run(1000);
        host.streams().send(new byte[1200]);
        world.run(1000);
        host.streams().send(new byte[1200]);
        host.serve();
        // The host waits for the answer to a probe of 1472; the client says something else.
        byte[] plain = new byte[1 + Control.LENGTH];
        plain[0] = Outbox.CONTROL;
        Control.write(plain, 1, Control.MTU_ANSWER, 0, 0xffff, Control.LENGTH);
        Keys keys = keys(world, client);
        var datagram = ByteBuffer.allocate(Control.LENGTH + Wire.DATA_OVERHEAD);
        keys.seal(plain, plain.length, new byte[2048], datagram);
        host.engine.handleDatagram(client.address, datagram.flip(), world.now);
        assertEquals(1232, host.accepted.getFirst().datagramSize());
        world.run(30_000);
        assertEquals(Session.State.UP, session.state());
    }

    /// Those that the host seals for.
    private static Keys keys(World world, Node node) {
        int index =
                world.sent.stream()
                        .filter(each -> each.type() == Wire.DATA && each.to().equals(node.address))
                        .mapToInt(each -> Keys.receiverIndex(each.data()))
                        .findFirst()
                        .orElseThrow();
        return (Keys) Objects.requireNonNull(node.engine.slots().get(index));
    }
}
