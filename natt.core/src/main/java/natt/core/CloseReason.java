package natt.core;

import java.time.Duration;

/// Why a stream or session ended, and by whose doing.
public sealed interface CloseReason {
    /// Both directions ended in order, everything sent was acknowledged.
    record Finished() implements CloseReason {}

    /// This side asked for it.
    record Local() implements CloseReason {}

    /// The peer ended it before both directions had finished.
    ///
    /// @param code the peer's reason, see [ResetCode]
    record Remote(ResetCode code) implements CloseReason {}

    /// The session below a stream was ended by the peer.
    ///
    /// @param code the peer's reason, see [CloseCode]
    record SessionClosed(CloseCode code) implements CloseReason {}

    /// The peer has started anew and knows nothing of the session.
    record PeerRestarted() implements CloseReason {}

    /// The peer has not answered at all since the stream was opened.
    record NoAnswer(Duration waited) implements CloseReason {}

    /// The peer answered once, then nothing arrived for this long although it was asked.
    record PeerSilent(Duration silence) implements CloseReason {}

    /// The peer broke the protocol.
    record Violation(String rule) implements CloseReason {}

    /// One line for a person.
    default String describe() {
        return switch (this) {
            case Finished() -> "finished";
            case Local() -> "closed by this side";
            case Remote(var code) -> code.description();
            case SessionClosed(var code) -> code.description();
            case PeerRestarted() -> "the peer has been restarted";
            case NoAnswer(var waited) -> "no answer for %d s".formatted(waited.toSeconds());
            case PeerSilent(var silence) -> "peer silent for %d s".formatted(silence.toSeconds());
            case Violation(var rule) -> "peer broke the protocol: " + rule;
        };
    }
}
