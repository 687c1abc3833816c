package natt.tests.sim;

import natt.testkit.SimFate;
import natt.testkit.SimTranslator;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/// A NAT like another, which can be told to let nothing through from or to some addresses.
final class BlockableNat implements SimTranslator.Model {
    private final SimTranslator.Model model;
    private final Set<InetAddress> blocked = new HashSet<>();

    BlockableNat(SimTranslator.Model model) {
        this.model = model;
    }

    void block(InetAddress address) {
        blocked.add(address);
    }

    void unblock(InetAddress address) {
        blocked.remove(address);
    }

    @Override
    public boolean translates() {
        return model.translates();
    }

    @Override
    public SimTranslator translator(InetAddress externalAddress, RandomGenerator random) {
        SimTranslator translator = model.translator(externalAddress, random);
        return new SimTranslator() {
            private boolean blocks(InetSocketAddress remote) {
                return blocked.contains(remote.getAddress());
            }

            @Override
            public Passage outbound(
                    InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
                return blocks(remote)
                        ? new Passage(SimFate.FILTERED, null)
                        : translator.outbound(inside, remote, nowNanos);
            }

            @Override
            public Passage inbound(
                    InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
                return blocks(remote)
                        ? new Passage(SimFate.FILTERED, null)
                        : translator.inbound(remote, external, nowNanos);
            }

            @Override
            public void rebind() {
                translator.rebind();
            }

            @Override
            public void renumber(InetAddress newExternalAddress) {
                translator.renumber(newExternalAddress);
            }

            @Override
            public Counts counts(long nowNanos) {
                return translator.counts(nowNanos);
            }
        };
    }
}
