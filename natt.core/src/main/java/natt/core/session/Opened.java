package natt.core.session;

import natt.core.noise.Aead;

/// A finished handshake.
///
/// @param payload what the responder has granted
/// @param remoteIndex what the other side wants to find in the messages it receives
/// @param send seals, from counter 0
/// @param receive opens
record Opened(ResponsePayload payload, int remoteIndex, Aead send, Aead receive) {}
