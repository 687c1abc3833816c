package natt.core.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.Random;

class ClientSourcesTests {
    private static NodeKey key(int number) {
        var bytes = new byte[NodeKey.LENGTH];
        bytes[0] = (byte) number;
        bytes[1] = (byte) (number >> 8);
        return NodeKey.of(bytes);
    }

    @Test
    void aClientHasOneLoopbackAddressThatIsNobodyElses() {
        var sources = new ClientSources(new Random(1));
        var seen = new HashSet<InetAddress>();
        for (int i = 0; i < 1_000; i++) {
            InetAddress address = sources.of(key(i));
            assertTrue(address.isLoopbackAddress());
            byte[] bytes = address.getAddress();
            assertTrue(bytes[1] != 0 && bytes[1] != -1 && bytes[3] != 0 && bytes[3] != -1);
            assertEquals(address, sources.of(key(i)));
            seen.add(address);
        }
        assertEquals(1_000, seen.size());
    }

    @Test
    void anotherStartHasOtherAddresses() {
        assertNotEquals(
                new ClientSources(new Random(1)).of(key(1)),
                new ClientSources(new Random(2)).of(key(1)));
    }
}
