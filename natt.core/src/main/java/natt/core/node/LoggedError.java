package natt.core.node;

import natt.core.Text;
import natt.core.forward.LocalEnd;

import java.io.ByteArrayOutputStream;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Writes what a peer's command says on its standard error into the log, the first lines of it.
final class LoggedError implements LocalEnd {
    private static final System.Logger LOG = System.getLogger("natt");
    private static final int MOST_LINES = 20;

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private int lines;

    @Override
    public int read(ByteBuffer into) {
        return 0;
    }

    @Override
    public void write(ByteBuffer data) {
        while (data.hasRemaining()) {
            byte next = data.get();
            if (next == '\n') {
                say();
            } else if (line.size() < Text.LONGEST_ESCAPED) {
                line.write(next);
            }
        }
    }

    private void say() {
        if (line.size() > 0 && lines++ < MOST_LINES) {
            String text = line.toString(StandardCharsets.UTF_8);
            LOG.log(Level.INFO, "a command says: {0}", Text.escape(text));
        }
        line.reset();
    }

    @Override
    public void finish() {
        say();
    }

    @Override
    public boolean flushed() {
        return true;
    }

    @Override
    public void interest(boolean reading, boolean writing) {
        // It takes everything at once.
    }

    @Override
    public void close() {
        say();
    }

    @Override
    public void abort() {
        say();
    }
}
