package natt.rendezvous.proto;

import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;

import java.util.Map;
import java.util.TreeMap;

/// What a broker has done and refused since the start.
final class Counters {
    long malformed;
    long limited;
    long registered;
    long resolved;
    long unknownChannel;
    long unreachable;
    long full;
    long tooFast;
    long usedUp;
    private long relayedDatagrams;
    private long relayedBytes;
    private long dropped;
    private final long[] names = new long[NameCode.values().length];
    private final long[] opens = new long[OpenCode.values().length];

    void count(NameCode code) {
        names[code.ordinal()]++;
    }

    void count(OpenCode code) {
        opens[code.ordinal()]++;
    }

    /// @param bytes 0 if there was no room for them
    void relayed(int bytes) {
        relayedDatagrams += bytes == 0 ? 0 : 1;
        dropped += bytes == 0 ? 1 : 0;
        relayedBytes += bytes;
    }

    long relayedBytes() {
        return relayedBytes;
    }

    Map<String, Long> byName() {
        var counters = new TreeMap<String, Long>();
        counters.put("malformed", malformed);
        counters.put("limited", limited);
        counters.put("registered", registered);
        counters.put("resolved", resolved);
        counters.put("unknownChannel", unknownChannel);
        counters.put("unreachable", unreachable);
        counters.put("relayTooFast", tooFast);
        counters.put("relayUsedUp", usedUp);
        counters.put("relayDropped", dropped);
        counters.put("relayedDatagrams", relayedDatagrams);
        counters.put("namesGiven", names[NameCode.OK.ordinal()]);
        counters.put("namesTaken", names[NameCode.TAKEN.ordinal()]);
        counters.put("namesNotAllowed", names[NameCode.NOT_ALLOWED.ordinal()]);
        counters.put("namesFull", names[NameCode.FULL.ordinal()]);
        counters.put("namesMalformed", names[NameCode.MALFORMED.ordinal()]);
        counters.put("opened", opens[OpenCode.OK.ordinal()]);
        counters.put("openedToNobody", opens[OpenCode.NOT_REGISTERED.ordinal()]);
        counters.put("openedUnregistered", opens[OpenCode.NOT_ALLOWED.ordinal()]);
        counters.put("channelsFull", full + opens[OpenCode.FULL.ordinal()]);
        return counters;
    }
}
