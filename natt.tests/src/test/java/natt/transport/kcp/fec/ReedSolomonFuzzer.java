package natt.transport.kcp.fec;

import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Encoder and decoder with a link between them that loses, repeats and reorders: of every group
/// of which 10 arrive, each lost packet comes back once and as it was.
public final class ReedSolomonFuzzer {
    private static final int PAYLOAD = 80;

    /// Fewer than the decoder holds at a time.
    private static final int MOST_GROUPS = 8;

    private ReedSolomonFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        int first = input.flag() ? 0 : FecHeader.GROUPS - 2;
        var packets = encode(new FecEncoder(PAYLOAD, first), 1 + input.choice(MOST_GROUPS), input);
        var arriving = new ArrayList<byte[]>();
        var lost = new ArrayList<byte[]>();
        for (int group = 0; group < packets.size(); group += FecHeader.GROUP_SIZE) {
            int missing = input.pair() & 0x1fff;
            if (Integer.bitCount(missing) > ReedSolomon.PARITY) {
                missing = 0;
            }
            for (int i = 0; i < FecHeader.GROUP_SIZE; i++) {
                byte[] packet = packets.get(group + i);
                if ((missing >> i & 1) == 0) {
                    arriving.add(packet);
                } else if (i < ReedSolomon.DATA) {
                    lost.add(packet);
                }
            }
        }
        disturb(arriving, input);
        require(lost, arriving);
    }

    private static List<byte[]> encode(FecEncoder encoder, int groups, Input input) {
        var packets = new ArrayList<byte[]>();
        for (int number = 0; number < groups * ReedSolomon.DATA; number++) {
            byte[] payload = input.bytes(1 + input.choice(PAYLOAD));
            int length = FecEncoder.HEADER_LENGTH + Math.max(1, payload.length);
            var packet = ByteBuffer.allocate(length);
            packet.put(FecEncoder.HEADER_LENGTH, payload);
            encoder.seal(packet);
            packets.add(packet.array());
            while (encoder.hasParity()) {
                var parity = ByteBuffer.allocate(FecEncoder.HEADER_LENGTH + PAYLOAD);
                encoder.pollParity(parity);
                packets.add(Arrays.copyOf(parity.array(), parity.position()));
            }
        }
        return packets;
    }

    /// Swaps and repeats packets as the rest of the input says.
    private static void disturb(List<byte[]> arriving, Input input) {
        while (!input.isEmpty() && !arriving.isEmpty()) {
            int at = input.choice(256) % arriving.size();
            int to = input.choice(256) % arriving.size();
            if (input.flag() || arriving.size() > 200) {
                byte[] swapped = arriving.get(at);
                arriving.set(at, arriving.get(to));
                arriving.set(to, swapped);
            } else {
                arriving.add(to, arriving.get(at));
            }
        }
    }

    private static void require(List<byte[]> lost, List<byte[]> arriving) {
        Map<String, Integer> wanted = new HashMap<>();
        for (byte[] packet : lost) {
            wanted.merge(
                    payload(ByteBuffer.wrap(packet), FecEncoder.HEADER_LENGTH), 1, Integer::sum);
        }
        Map<String, Integer> recovered = new HashMap<>();
        var decoder = new FecDecoder(PAYLOAD);
        for (byte[] packet : arriving) {
            decoder.accept(
                    ByteBuffer.wrap(packet),
                    found -> recovered.merge(payload(found, found.position()), 1, Integer::sum));
        }
        // A data packet that comes after its recovery is the conversation's to drop, so packets
        // that are only late may be recovered too.
        wanted.forEach(
                (payload, times) -> {
                    if (recovered.getOrDefault(payload, 0) < times) {
                        throw new AssertionError("not recovered: " + payload);
                    }
                });
        var sent = new HashMap<String, Integer>(wanted);
        for (byte[] packet : arriving) {
            sent.merge(payload(ByteBuffer.wrap(packet), FecEncoder.HEADER_LENGTH), 1, Integer::sum);
        }
        recovered.forEach(
                (payload, times) -> {
                    if (times > sent.getOrDefault(payload, 0)) {
                        throw new AssertionError("never sent: " + payload);
                    }
                });
        if (decoder.malformed() > 0) {
            throw new AssertionError("an encoder's packet is malformed");
        }
    }

    private static String payload(ByteBuffer packet, int from) {
        byte[] bytes = new byte[packet.limit() - from];
        packet.get(from, bytes);
        return Arrays.toString(bytes);
    }
}
