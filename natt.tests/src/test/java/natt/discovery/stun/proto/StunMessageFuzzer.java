package natt.discovery.stun.proto;

import natt.discovery.stun.proto.StunMessage.Decoded;

import java.nio.ByteBuffer;

/// Any datagram is decoded to a message within its bounds, or malformed, and is left as it was.
public final class StunMessageFuzzer {
    private StunMessageFuzzer() {}

    public static void fuzzerTestOneInput(byte[] input) {
        var datagram = ByteBuffer.allocate(input.length + 5).position(3).put(input).flip();
        datagram.position(3);
        Decoded decoded = StunMessage.decode(datagram);
        if (datagram.position() != 3 || datagram.limit() != input.length + 3) {
            throw new AssertionError("the buffer has moved");
        }
        if (decoded instanceof Decoded.Ok(var message)) {
            if (!StunMessage.carries(message.transactionId(), datagram)) {
                throw new AssertionError("another transaction");
            }
            if (message.method() < 0 || message.method() > 0xfff) {
                throw new AssertionError("method " + message.method());
            }
            message.errorCode()
                    .ifPresent(
                            code -> {
                                if (code < 300 || code > 699) {
                                    throw new AssertionError("error " + code);
                                }
                            });
        }
    }
}
