package natt.transport.kcp;

import natt.core.ResetCode;
import natt.core.spi.PlainTransport;
import natt.transport.kcp.fec.FecDecoder;
import natt.transport.kcp.fec.FecEncoder;
import natt.transport.kcp.proto.Conversation;
import natt.transport.kcp.proto.Cookies;
import natt.transport.kcp.proto.Counters;
import natt.transport.kcp.proto.Mode;
import natt.transport.kcp.proto.Segment;
import natt.transport.kcp.proto.SegmentPool;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All conversations of one port.
///
/// A datagram is `seqid u32, type u16, size u16`, all little-endian, then segments; or segments
/// alone. The type is f1 for data and f2 for parity, which no segment has in its place. A stream
/// is known by the peer's address and its conversation number, so no datagram touches the
/// stream of another number.
///
/// State is made for a stranger only by a good cookie, or by a first segment that begins as an
/// SSH client's greeting does, because that is how an original nattc begins.
final class KcpEndpoint implements PlainTransport.Endpoint {
    private static final int DATA = 0xf1;
    private static final int PARITY = 0xf2;
    /// The largest datagram that is taken.
    static final int MOST_DATAGRAM = 1500;
    private static final int LEAST_LARGEST_DATAGRAM = 128;
    private static final byte[] SSH = {'S', 'S', 'H', '-'};

    /// For natts, whose cookie shows that they are where they say they are.
    private static final int MOST_STREAMS = 64;

    private static final int MOST_STREAMS_OF_HOST = 32;

    /// For original peers, which can be imitated from anywhere.
    private static final int MOST_ORIGINALS = 16;

    private static final int MOST_ORIGINALS_OF_HOST = 8;
    private static final int MOST_UNPROVEN = 4;

    private final PlainTransport.Context context;
    private final Mode mode;
    private final int mss;
    private final SegmentPool pool = new SegmentPool();
    private final TrimTimer trimTimer = new TrimTimer(pool);
    private final Counters segments = new Counters();
    private final Cookies cookies;
    private final Segment reader = new Segment();
    private final Graves graves = new Graves();

    /// The first of the streams at each address; the others follow as siblings.
    private final Map<InetSocketAddress, KcpStream> byAddress = new HashMap<>();

    private final List<KcpStream> streams = new ArrayList<>();
    private final ArrayDeque<KcpStream> accepted = new ArrayDeque<>();
    private final ArrayDeque<KcpStream> ready = new ArrayDeque<>();
    private final Replies replies = new Replies();

    /// The stream whose turn it is to send.
    private int turn;

    private long datagramsReceived;
    private long datagramsSent;
    private long malformed;
    private long ignored;
    private long refused;
    private long resets;

    // Of the streams that have ended.
    private long fecRecovered;
    private long fecParityReceived;
    private long fecMalformed;

    KcpEndpoint(PlainTransport.Context context, Mode mode) {
        this.mode = mode;
        if (context.largestDatagram() < LEAST_LARGEST_DATAGRAM
                || context.largestDatagram() > MOST_DATAGRAM) {
            throw new IllegalArgumentException(
                    "largest datagram %d, not between %d and %d"
                            .formatted(
                                    context.largestDatagram(),
                                    LEAST_LARGEST_DATAGRAM,
                                    MOST_DATAGRAM));
        }
        this.context = context;
        mss = context.largestDatagram() - FecEncoder.HEADER_LENGTH - Segment.HEADER_LENGTH;
        cookies = new Cookies(context.random(), context.nowNanos());
    }

    // ---- streams

    @Override
    public PlainTransport.Stream dial(InetSocketAddress peer, long nowNanos) {
        int conv;
        do {
            conv = context.random().nextInt();
        } while (find(peer, conv) != null);
        var stream = KcpStream.dialed(this, peer, conv, nowNanos);
        add(stream);
        return stream;
    }

    private void add(KcpStream stream) {
        if (graves.knows(stream.peer())) {
            stream.shareAddress();
        }
        stream.sibling = byAddress.put(stream.peer(), stream);
        streams.add(stream);
        if (stream.sibling != null) {
            for (KcpStream each = stream; each != null; each = each.sibling) {
                each.shareAddress();
            }
        }
    }

    private @Nullable KcpStream find(InetSocketAddress peer, int conv) {
        KcpStream stream = byAddress.get(peer);
        while (stream != null && stream.conv() != conv) {
            stream = stream.sibling;
        }
        return stream;
    }

    @Override
    public PlainTransport.@Nullable Stream accept() {
        return accepted.poll();
    }

    @Override
    public PlainTransport.@Nullable Stream pollReady() {
        KcpStream stream = ready.poll();
        if (stream != null) {
            stream.queued = false;
        }
        return stream;
    }

    @Override
    public void shutdown(ResetCode code, long nowNanos) {
        for (KcpStream stream : List.copyOf(streams)) {
            stream.reset(code, nowNanos);
        }
    }

    Conversation converse(int conv, int window, Conversation.Events events, long nowNanos) {
        var config =
                new Conversation.Config(conv, mss, window, 0, context.random().nextInt(), mode);
        return new Conversation(config, pool, segments, events, nowNanos);
    }

    void ready(KcpStream stream) {
        if (!stream.queued) {
            stream.queued = true;
            ready.add(stream);
        }
    }

    /// Takes a stream that has ended out of the tables.
    void forget(KcpStream stream) {
        streams.remove(stream);
        countFec(stream);
        InetSocketAddress address = stream.peer();
        KcpStream first = byAddress.get(address);
        if (first == stream) {
            if (stream.sibling == null) {
                byAddress.remove(address);
            } else {
                byAddress.put(address, stream.sibling);
            }
            return;
        }
        while (first != null) {
            if (first.sibling == stream) {
                first.sibling = stream.sibling;
                return;
            }
            first = first.sibling;
        }
    }

    private void countFec(KcpStream stream) {
        FecDecoder decoder = stream.decoder();
        if (decoder != null) {
            fecRecovered += decoder.recovered();
            fecParityReceived += decoder.parityReceived();
            fecMalformed += decoder.malformed();
        }
    }

    int largestPayload() {
        return context.largestDatagram() - FecEncoder.HEADER_LENGTH;
    }

    /// Remembers the conversation of a stream that ends.
    Graves.Grave bury(KcpStream stream, long nowNanos) {
        return graves.dig(stream.peer(), stream.conv(), nowNanos);
    }

    void countReset() {
        resets++;
    }

    // ---- cookies

    long cookie(InetSocketAddress address, int conv, long nowNanos) {
        return cookies.make(bytes(address), address.getPort(), conv, nowNanos);
    }

    boolean cookieIsGood(Segment ask, InetSocketAddress address, long nowNanos) {
        long cookie = (long) ask.ts() << 32 | Integer.toUnsignedLong(ask.sn());
        return cookies.isGood(cookie, bytes(address), address.getPort(), ask.conv(), nowNanos);
    }

    private static byte[] bytes(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return ip == null ? new byte[0] : ip.getAddress();
    }

    // ---- input

    @Override
    public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long nowNanos) {
        ByteOrder order = datagram.order();
        datagram.order(ByteOrder.LITTLE_ENDIAN);
        try {
            return handle(from, datagram, nowNanos);
        } finally {
            datagram.order(order);
        }
    }

    private boolean handle(InetSocketAddress from, ByteBuffer in, long nowNanos) {
        int begin = in.position();
        int end = in.limit();
        int length = end - begin;
        if (length < Segment.HEADER_LENGTH || length > MOST_DATAGRAM) {
            return false;
        }
        int type = Short.toUnsignedInt(in.getShort(begin + 4));
        int command = type & 0xff;
        if (type == PARITY) {
            handleParity(from, in, nowNanos);
            return true;
        }
        int at = begin;
        if (type == DATA) {
            at += FecEncoder.HEADER_LENGTH;
            if (Short.toUnsignedInt(in.getShort(begin + 6)) != length - 6) {
                return malformed();
            }
        } else if (command < Segment.PUSH || command > Segment.RESET) {
            return false;
        }
        if (!reader.wellFormed(in, at, end)) {
            return malformed();
        }
        datagramsReceived++;
        KcpStream stream = find(from, reader.conv());
        if (stream != null) {
            stream.input(in, at, nowNanos);
        } else if (!graves.handle(from, reader, in, at, end)) {
            reader.read(in, at, end);
            handleStranger(from, in, at, nowNanos);
        }
        return true;
    }

    /// A parity packet names no conversation, so it is of use only to a stream that has its
    /// address for itself.
    private void handleParity(InetSocketAddress from, ByteBuffer in, long nowNanos) {
        datagramsReceived++;
        KcpStream stream = byAddress.get(from);
        if (stream == null || stream.sharesAddress()) {
            ignored++;
        } else {
            stream.parity(in, nowNanos);
        }
    }

    /// Whether bytes are whole segments of a conversation.
    boolean segmentsAreOf(int conv, ByteBuffer in, int at, int end) {
        return reader.wellFormed(in, at, end) && reader.conv() == conv;
    }

    private boolean malformed() {
        datagramsReceived++;
        malformed++;
        return true;
    }

    private void handleStranger(InetSocketAddress from, ByteBuffer in, int at, long nowNanos) {
        boolean greets =
                reader.command() == Segment.WINDOW_ASK && reader.frg() == KcpStream.GREETING;
        if (!context.accepting() || !greets && !beginsSsh(in)) {
            ignored++;
            return;
        }
        boolean proven = greets && cookieIsGood(reader, from, nowNanos);
        if (greets && !proven) {
            long cookie = cookie(from, reader.conv(), nowNanos);
            reply(
                    from,
                    Segment.WINDOW_TELL,
                    KcpStream.GREETING,
                    (int) (cookie >>> 32),
                    (int) cookie);
        } else if (!hasRoom(from, proven)) {
            refused++;
            if (proven) {
                reply(from, Segment.RESET, 0, 0, ResetCode.BUSY.code());
            }
        } else {
            var stream = KcpStream.accepted(this, from, reader.conv(), proven, nowNanos);
            add(stream);
            accepted.add(stream);
            stream.input(in, at, nowNanos);
        }
    }

    private boolean beginsSsh(ByteBuffer in) {
        if (reader.command() != Segment.PUSH || reader.sn() != 0 || reader.length() < SSH.length) {
            return false;
        }
        for (int i = 0; i < SSH.length; i++) {
            if (in.get(reader.dataAt() + i) != SSH[i]) {
                return false;
            }
        }
        return true;
    }

    /// Whether the tables have room for a stream, if need be in place of an unproven one.
    private boolean hasRoom(InetSocketAddress from, boolean proven) {
        int all = 0;
        int ofHost = 0;
        int originals = 0;
        int originalsOfHost = 0;
        int unproven = 0;
        KcpStream victim = null;
        KcpStream victimOfHost = null;
        for (int i = 0; i < streams.size(); i++) {
            KcpStream each = streams.get(i);
            if (each.dialed()) {
                continue;
            }
            int sameHost = sameHost(from, each.peer()) ? 1 : 0;
            all++;
            ofHost += sameHost;
            if (!each.peerIsNatt()) {
                originals++;
                originalsOfHost += sameHost;
            }
            if (!each.proven()) {
                unproven++;
                victim = victim == null ? each : victim;
                victimOfHost = victimOfHost == null && sameHost == 1 ? each : victimOfHost;
            }
        }
        if (proven) {
            boolean hostHasRoom = ofHost < MOST_STREAMS_OF_HOST || evict(victimOfHost);
            return hostHasRoom && (all < MOST_STREAMS || evict(victim));
        }
        return unproven < MOST_UNPROVEN
                && originals < MOST_ORIGINALS
                && originalsOfHost < MOST_ORIGINALS_OF_HOST
                && all < MOST_STREAMS
                && ofHost < MOST_STREAMS_OF_HOST;
    }

    private static boolean sameHost(InetSocketAddress a, InetSocketAddress b) {
        InetAddress ip = a.getAddress();
        return ip != null && ip.equals(b.getAddress());
    }

    private boolean evict(@Nullable KcpStream victim) {
        if (victim == null) {
            return false;
        }
        victim.evict();
        refused++;
        return true;
    }

    private void reply(InetSocketAddress to, int command, int frg, int ts, int sn) {
        if (!replies.add(to, reader.conv(), command, frg, ts, sn)) {
            ignored++;
        }
    }

    // ---- output

    @Override
    public @Nullable InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
        ByteOrder order = into.order();
        into.order(ByteOrder.LITTLE_ENDIAN);
        try {
            InetSocketAddress to = poll(into, nowNanos);
            if (to != null) {
                datagramsSent++;
            } else {
                trimTimer.plan(nowNanos);
            }
            return to;
        } finally {
            into.order(order);
        }
    }

    private @Nullable InetSocketAddress poll(ByteBuffer into, long nowNanos) {
        InetSocketAddress asked = replies.poll(into);
        if (asked != null) {
            return asked;
        }
        InetSocketAddress to = graves.poll(into);
        if (to != null) {
            return to;
        }
        int limit = Math.min(context.largestDatagram(), into.remaining());
        for (int tried = 0; tried < streams.size(); tried++) {
            turn = turn < streams.size() ? turn : 0;
            KcpStream stream = streams.get(turn);
            if (stream.emit(into, limit, nowNanos)) {
                return stream.peer();
            }
            turn++;
        }
        return null;
    }

    // ---- time

    @Override
    public void handleTimeout(long nowNanos) {
        for (int i = streams.size() - 1; i >= 0; i--) {
            streams.get(i).handleTimeout(nowNanos);
        }
        graves.handleTimeout(nowNanos);
        if (trimTimer.isOver(nowNanos)) {
            for (int i = 0; i < streams.size(); i++) {
                streams.get(i).trim();
            }
            trimTimer.plan(nowNanos);
        }
    }

    @Override
    public long nanosUntilTimeout(long nowNanos) {
        long least = graves.nanosUntilTimeout(nowNanos);
        for (int i = 0; i < streams.size(); i++) {
            least = Math.min(least, streams.get(i).nanosUntilTimeout(nowNanos));
        }
        return Math.min(least, trimTimer.nanosUntilOver(nowNanos));
    }

    @Override
    public Map<String, Long> counters() {
        long recovered = fecRecovered;
        long parity = fecParityReceived;
        long broken = fecMalformed;
        for (KcpStream stream : streams) {
            FecDecoder decoder = stream.decoder();
            if (decoder != null) {
                recovered += decoder.recovered();
                parity += decoder.parityReceived();
                broken += decoder.malformed();
            }
        }
        var all = new LinkedHashMap<String, Long>();
        all.put("streams", (long) streams.size());
        all.put("datagramsReceived", datagramsReceived);
        all.put("datagramsSent", datagramsSent);
        all.put("segmentsSent", segments.segmentsSent);
        all.put("retransmitted", segments.retransmitted);
        all.put("fastRetransmitted", segments.fastRetransmitted);
        all.put("timeouts", segments.timeouts);
        all.put("keepalives", segments.keepalives);
        all.put("fecRecovered", recovered);
        all.put("fecParityReceived", parity);
        all.put("malformed", malformed + broken);
        all.put("ignored", ignored + segments.ignored);
        all.put("refused", refused);
        all.put("reset", resets);
        all.put("bytesHeld", pool.held());
        return all;
    }
}
