package natt.transport.kcp.fec;

import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;

/// Packets of any bytes: what is recovered fits into a packet, and the caller's buffer stays. The
/// input: one byte of length and then a packet, again and again; a length of 255 repeats the last
/// packet with the next number, 254 with another type too.
public final class FecDecoderFuzzer {
    private static final int PAYLOAD = 64;

    private FecDecoderFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        var decoder = new FecDecoder(PAYLOAD);
        byte[] last = new byte[0];
        long packets = 0;
        while (!input.isEmpty()) {
            int length = input.octet();
            if (length < 254) {
                last = input.bytes(length);
            } else if (last.length > 4) {
                last[0]++;
                last[4] = (byte) (length == 254 ? last[4] ^ 3 : last[4]);
            }
            var packet = ByteBuffer.allocate(last.length + 2).position(1).put(last).flip();
            packet.position(1);
            decoder.accept(packet, FecDecoderFuzzer::take);
            packets++;
            if (packet.position() != 1 || packet.limit() != last.length + 1) {
                throw new AssertionError("the buffer has moved");
            }
        }
        // Three of a group of 13 can be recovered, each or found to be malformed.
        if (decoder.recovered() > 3 * packets || decoder.malformed() > 4 * packets) {
            throw new AssertionError("counts more than there was");
        }
    }

    private static void take(ByteBuffer recovered) {
        if (recovered.remaining() < 1 || recovered.remaining() > PAYLOAD) {
            throw new AssertionError(recovered.remaining() + " bytes");
        }
    }
}
