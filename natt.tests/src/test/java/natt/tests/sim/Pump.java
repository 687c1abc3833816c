package natt.tests.sim;

import natt.core.spi.Transport;

/// What one side does with a stream. Called when the stream may have changed, and only then.
interface Pump {
    Transport.Stream stream();

    void serve(long nowNanos);
}
