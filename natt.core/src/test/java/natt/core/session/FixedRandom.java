package natt.core.session;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.random.RandomGenerator;

/// Gives the bytes it was made with, each array once.
final class FixedRandom implements RandomGenerator {
    private final Deque<byte[]> answers;

    FixedRandom(byte[]... answers) {
        this.answers = new ArrayDeque<>(List.of(answers));
    }

    @Override
    public void nextBytes(byte[] bytes) {
        byte[] answer = answers.remove();
        System.arraycopy(answer, 0, bytes, 0, bytes.length);
    }

    @Override
    public long nextLong() {
        throw new AssertionError("only bytes were expected");
    }
}
