package natt.core.io;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/// One step of a TLS handshake: what an engine makes of the input there is. It computes for
/// milliseconds, so a step has a thread of its own, and the engine with it.
final class Handshake {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /// How far a step has come.
    ///
    /// @param rest of the input, between position and limit
    /// @param output to be sent, even after a failure: the alert that says why
    /// @param finished whether data may flow; else more input is needed
    /// @param failure why the connection has to end
    record Step(ByteBuffer rest, ByteBuffer output, boolean finished, @Nullable String failure) {}

    private final SSLEngine engine;
    private final ByteBuffer input;
    private final ByteBuffer plaintext;
    private ByteBuffer output = NOTHING;

    private Handshake(SSLEngine engine, ByteBuffer input) {
        this.engine = engine;
        this.input = input;
        plaintext = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    }

    static Step step(SSLEngine engine, ByteBuffer input) {
        var handshake = new Handshake(engine, input);
        try {
            return handshake.run();
        } catch (SSLException | RuntimeException failed) {
            return handshake.failed(failed.toString());
        }
    }

    private Step run() throws SSLException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> {
                    for (Runnable task; (task = engine.getDelegatedTask()) != null; ) {
                        task.run();
                    }
                }
                case NEED_WRAP -> {
                    if (wrap().getStatus() == Status.CLOSED) {
                        return done(false, "closed");
                    }
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    SSLEngineResult result = engine.unwrap(input, plaintext);
                    if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
                        return done(false, null);
                    }
                    if (result.getStatus() != Status.OK || plaintext.position() > 0) {
                        return done(false, "closed in the handshake");
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    return done(true, null);
                }
            }
        }
    }

    private SSLEngineResult wrap() throws SSLException {
        int record = engine.getSession().getPacketBufferSize();
        if (output.remaining() < record) {
            output = ByteBuffer.allocate(output.position() + 2 * record).put(output.flip());
        }
        return engine.wrap(NOTHING, output);
    }

    private Step failed(String why) {
        try {
            wrap();
        } catch (SSLException | RuntimeException noAlert) {
            // The peer learns it by the end of the connection.
        }
        return done(false, why);
    }

    private Step done(boolean finished, @Nullable String failure) {
        return new Step(input, output.flip(), finished, failure);
    }
}
