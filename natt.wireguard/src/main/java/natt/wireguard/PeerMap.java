package natt.wireguard;

import natt.core.NodeKey;
import natt.core.Text;
import natt.core.keys.TextFile;
import natt.core.node.Peer;
import natt.wireguard.control.WireGuardKey;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which node of natt has which WireGuard key.
///
/// @param peers by their WireGuard keys
public record PeerMap(Map<NodeKey, Peer> peers) {
    private static final int MOST_BYTES = 1 << 20;

    public PeerMap {
        peers = Map.copyOf(peers);
    }

    /// Reads a file of lines `WIREGUARD-KEY NATT-KEY-OR-NAME`; `#` begins a comment.
    ///
    /// @throws IOException with one line for the user, if it cannot be read or a line is wrong
    public static PeerMap read(Path file) throws IOException {
        String text = TextFile.read(file, MOST_BYTES);
        try {
            return parse(text);
        } catch (IllegalArgumentException wrong) {
            throw new IOException(
                    "%s, %s".formatted(Text.escape(file.toString()), wrong.getMessage()), wrong);
        }
    }

    /// Reads the lines.
    ///
    /// @throws IllegalArgumentException with the line's number and what is wrong with it
    static PeerMap parse(String text) {
        var peers = new LinkedHashMap<NodeKey, Peer>();
        var nodes = new HashSet<Peer>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replaceFirst("(^|\\s)#.*", "").strip();
            if (line.isEmpty()) {
                continue;
            }
            try {
                String[] words = line.split("\\s+");
                if (words.length != 2) {
                    throw new IllegalArgumentException("not 'WIREGUARD-KEY NATT-KEY-OR-NAME'");
                }
                Peer node = Peer.parse(words[1]);
                if (peers.putIfAbsent(WireGuardKey.parse(words[0]), node) != null
                        || !nodes.add(node)) {
                    throw new IllegalArgumentException("this key or node has a line already");
                }
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(
                        "line %d: %s".formatted(i + 1, wrong.getMessage()), wrong);
            }
        }
        if (peers.isEmpty()) {
            throw new IllegalArgumentException("line 1: there are no peers in it");
        }
        return new PeerMap(peers);
    }

    /// Where every WireGuard key is the node's own key too.
    static Optional<Peer> sameKey(NodeKey key) {
        return Optional.of(new Peer(WireGuardKey.format(key), Optional.of(key)));
    }

    Optional<Peer> peer(NodeKey wireGuardKey) {
        return Optional.ofNullable(peers.get(wireGuardKey));
    }
}
