package natt.testkit;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.random.RandomGenerator;

/// Lets everything pass as it is.
final class OpenTranslator implements SimTranslator {
    static final Model MODEL =
            new Model() {
                @Override
                public SimTranslator translator(InetAddress external, RandomGenerator random) {
                    return new OpenTranslator();
                }

                @Override
                public boolean translates() {
                    return false;
                }
            };

    private OpenTranslator() {}

    @Override
    public Passage outbound(InetSocketAddress inside, InetSocketAddress remote, long nowNanos) {
        return Passage.to(inside);
    }

    @Override
    public Passage inbound(InetSocketAddress remote, InetSocketAddress external, long nowNanos) {
        return Passage.to(external);
    }

    @Override
    public void rebind() {
        // It keeps nothing.
    }

    @Override
    public void renumber(InetAddress newExternalAddress) {
        throw new IllegalStateException("no address to change");
    }

    @Override
    public Counts counts(long nowNanos) {
        return new Counts(0, 0, 0, 0, 0, 0);
    }
}
