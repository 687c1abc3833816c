package natt.tests.sim;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/// Bytes without end that a seed decides: what one side sends and the other compares with.
final class Content {
    private static final int BLOCK = 8192;

    private final SplittableRandom random;
    private final byte[] bytes = new byte[BLOCK];
    private final ByteBuffer block = ByteBuffer.wrap(bytes).position(BLOCK);

    Content(long seed) {
        random = new SplittableRandom(seed);
    }

    /// The next bytes, at least one and at most so many; what is taken from the buffer is gone.
    ByteBuffer next(long most) {
        if (!block.limit(BLOCK).hasRemaining()) {
            random.nextBytes(bytes);
            block.clear();
        }
        return block.limit((int) Math.min(BLOCK, block.position() + most));
    }
}
