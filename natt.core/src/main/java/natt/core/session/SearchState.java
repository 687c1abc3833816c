package natt.core.session;

import java.util.List;
import java.util.Optional;

/// How the search of a session for a direct path is, and was.
///
/// @param whyRelayed why there is no direct path, in words; empty if there is one
/// @param peers the candidates that the peer has told last, foreign
/// @param searches how many there have been
/// @param checks how many challenges they have sent
public record SearchState(
        Optional<String> whyRelayed,
        List<Candidate> own,
        List<Candidate> peers,
        long searches,
        long checks) {}
