package natt.wireguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.wireguard.control.InterfaceState;
import natt.wireguard.control.PeerChange;
import natt.wireguard.control.WireGuardInterface;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(30)
class InterfaceKeeperTests {
    private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();

    private final class Failures implements InterfaceKeeper.Listener {
        @Override
        public void looked(InterfaceState state, long unixSeconds, int settings) {
            throw new AssertionError("it is not looked at");
        }

        @Override
        public void failed(String why) {
            failures.add(why);
        }
    }

    @Test
    void whatNobodyHasForeseenIsToldAndEndsNothing() throws Exception {
        var broken =
                new AbstractList<PeerChange>() {
                    @Override
                    public PeerChange get(int index) {
                        throw new IllegalStateException("broken\nmore");
                    }

                    @Override
                    public int size() {
                        throw new IllegalStateException("broken\nmore");
                    }
                };
        var device = WireGuardInterface.named("nattkeeper");
        var keeper = new InterfaceKeeper(device, Duration.ofHours(1), new Failures());
        keeper.start();
        keeper.set(broken);
        assertEquals("nattkeeper: java.lang.IllegalStateException: broken", failures.take());
        assertTrue(keeper.finish(List.of()).get());
    }
}
