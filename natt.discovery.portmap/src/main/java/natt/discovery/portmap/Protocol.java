package natt.discovery.portmap;

import natt.core.spi.PortMapper.Answer;

import java.net.InetSocketAddress;
import java.time.Duration;

/// A protocol between this machine and a gateway, and what it remembers of one mapping. Used by one
/// thread at a time.
interface Protocol {
    /// As a person knows it.
    String name();

    /// How often it is cheap to look whether the mapping is still there.
    Duration checkInterval();

    /// Asks whether the gateway speaks it, and maps nothing.
    Answer probe(Gateway gateway) throws InterruptedException;

    /// Makes the mapping, or renews it.
    ///
    /// @param suggested what is wanted outside; the unspecified address if unknown
    Result map(Gateway gateway, InetSocketAddress suggested, Duration lifetime)
            throws InterruptedException;

    Check check(Gateway gateway) throws InterruptedException;

    /// Removes what [#map] may have made, in less than a second.
    void unmap(Gateway gateway) throws InterruptedException;

    /// What became of a mapping.
    sealed interface Result {
        /// @param lifetime zero if it lasts until it is removed
        record Mapped(InetSocketAddress external, Duration lifetime) implements Result {}

        /// @param said printable ASCII
        record Failed(String said) implements Result {}
    }

    /// Whether a mapping is still there, as far as the gateway tells.
    enum Check {
        HELD,
        LOST,
        UNKNOWN
    }
}
