package natt.transport.kcp.proto;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Segments that are well formed lie one after the other and are written as they were read.
public final class SegmentFuzzer {
    private SegmentFuzzer() {}

    public static void fuzzerTestOneInput(byte[] input) {
        var in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        var segment = new Segment();
        if (!segment.wellFormed(in, 0, input.length)) {
            return;
        }
        var out = ByteBuffer.allocate(input.length).order(ByteOrder.LITTLE_ENDIAN);
        int conv = in.getInt(0);
        int at = 0;
        while (at < input.length) {
            if (!segment.read(in, at, input.length) || segment.conv() != conv) {
                throw new AssertionError("no segment at " + at);
            }
            Segment.write(
                    out,
                    segment.conv,
                    segment.command,
                    segment.frg,
                    segment.window,
                    segment.ts,
                    segment.sn,
                    segment.una,
                    segment.length);
            out.put(input, segment.dataAt, segment.length);
            at = segment.dataAt + segment.length;
        }
        if (at != input.length || !Arrays.equals(input, out.array())) {
            throw new AssertionError("written otherwise than read");
        }
    }
}
