package natt.core.forward;

import natt.core.io.Port;
import natt.core.spi.Engine;
import natt.core.spi.Transport.Stream;
import natt.core.spi.Transport.Streams;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/// Keeps the splices of one source moving: those whose stream changed, those whose local end
/// became ready, and those that had more to move than fits in a turn.
public final class StreamPump<S extends Stream> implements Port.Owner {
    private final Streams<S> streams;
    private final Consumer<S> onAccepted;
    private final Runnable onWoken;
    private final Map<Stream, Splice> splices = new HashMap<>();
    private ArrayDeque<Splice> woken = new ArrayDeque<>();
    private ArrayDeque<Splice> moving = new ArrayDeque<>();

    /// @param onAccepted is given the streams that peers open
    public StreamPump(Streams<S> streams, Consumer<S> onAccepted) {
        this(streams, onAccepted, () -> {});
    }

    /// @param onWoken called when there may be something to move, for an owner of many pumps
    public StreamPump(Streams<S> streams, Consumer<S> onAccepted, Runnable onWoken) {
        this.streams = streams;
        this.onAccepted = onAccepted;
        this.onWoken = onWoken;
    }

    public void add(Splice splice) {
        splices.put(splice.stream(), splice);
        wake(splice);
    }

    /// Sends a splice to another stream, as [Splice#redirect].
    public void redirect(Splice splice, Stream other, long nowNanos) {
        splices.remove(splice.stream());
        splice.redirect(other, nowNanos);
        add(splice);
    }

    /// Moves the splice's bytes in the next turn.
    public void wake(Splice splice) {
        woken.add(splice);
        onWoken.run();
    }

    /// Moves the bytes of all splices in the next turn, since what carries them has changed.
    public void wakeAll() {
        splices.values().forEach(this::wake);
    }

    /// The splices that have not ended.
    public Collection<Splice> splices() {
        return Collections.unmodifiableCollection(splices.values());
    }

    @Override
    public long afterInput(long nowNanos) {
        for (S stream; (stream = streams.accept()) != null; ) {
            onAccepted.accept(stream);
        }
        for (S stream; (stream = streams.pollReady()) != null; ) {
            Splice splice = splices.get(stream);
            if (splice != null) {
                woken.add(splice);
            }
        }
        var now = woken;
        woken = moving;
        moving = now;
        for (Splice splice; (splice = moving.poll()) != null; ) {
            if (splice.pump(nowNanos)) {
                woken.add(splice);
            }
            if (splice.ended()) {
                splices.remove(splice.stream());
            }
        }
        return woken.isEmpty() ? Engine.NEVER : 0;
    }
}
