package natt.core.forward;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/// Whatever a peer says on a stream to a command is taken apart the same, however it is cut, and
/// refused at the same place.
public final class PeerEndFuzzer {
    private PeerEndFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        String whole = take(bytes, bytes.length + 1, Integer.MAX_VALUE);
        if (!take(bytes, 1, Integer.MAX_VALUE).equals(whole) || !take(bytes, 7, 3).equals(whole)) {
            throw new AssertionError("it depends on how it is cut");
        }
    }

    /// @param piece how much arrives at once
    /// @param room how much is taken at once
    private static String take(byte[] bytes, int piece, int room) {
        var out = new Sink(room);
        var error = new Sink(room);
        var end = new PeerEnd(out, Optional.of(error), () -> {}, () -> {});
        String fate = "taken";
        try {
            for (int at = 0; at < bytes.length; at += piece) {
                var data =
                        ByteBuffer.wrap(
                                Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + piece)));
                while (data.hasRemaining()) {
                    end.write(data);
                }
            }
        } catch (IOException refused) {
            fate = refused.getMessage();
        }
        return fate + end.connected() + end.status() + out.all + "|" + error.all;
    }

    private static final class Sink implements LocalEnd {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();
        private final int room;

        Sink(int room) {
            this.room = room;
        }

        @Override
        public int read(ByteBuffer into) {
            return 0;
        }

        @Override
        public void write(ByteBuffer data) {
            var some = new byte[Math.min(room, data.remaining())];
            data.get(some);
            all.writeBytes(some);
        }

        @Override
        public void finish() {}

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public void interest(boolean reading, boolean writing) {}

        @Override
        public void close() {}

        @Override
        public void abort() {}
    }
}
