package natt.wireguard.control;

import java.util.Iterator;
import java.util.List;

/// Reads what `wg show NAME dump` prints: a line for the interface and one for each peer, of words
/// with tabulators between.
final class WgDump {
    private static final int WORDS_OF_INTERFACE = 4;
    private static final int WORDS_OF_PEER = 8;
    private static final String NONE = "(none)";

    private WgDump() {}

    /// @throws IllegalArgumentException if it is no dump; without its text, which has the private
    ///     key in it
    static InterfaceState parse(String dump) {
        Iterator<String> lines = dump.lines().iterator();
        var state = new StateBuilder();
        List<String> own = lines.hasNext() ? words(lines.next()) : List.of();
        if (own.size() != WORDS_OF_INTERFACE) {
            throw StateBuilder.malformed("line");
        }
        if (!own.get(0).equals(NONE)) {
            state.privateKey(bytes(own.get(0)));
        }
        state.listenPort(own.get(2));
        if (!own.get(3).equals("off")) {
            state.mark(hexDigits(own.get(3)), 16);
        }
        while (lines.hasNext()) {
            peer(state, words(lines.next()));
        }
        return state.build();
    }

    private static void peer(StateBuilder state, List<String> words) {
        if (words.size() != WORDS_OF_PEER) {
            throw StateBuilder.malformed("line");
        }
        StateBuilder.Peer peer = state.peer(bytes(words.get(0)));
        if (!words.get(2).equals(NONE)) {
            peer.endpoint(words.get(2));
        }
        if (!words.get(3).equals(NONE)) {
            for (String each : words.get(3).split(",", -1)) {
                peer.allowedIp(each);
            }
        }
        peer.handshakeSeconds(words.get(4));
        peer.received(words.get(5));
        peer.sent(words.get(6));
        if (!words.get(7).equals("off")) {
            peer.keepaliveSeconds(words.get(7));
        }
    }

    private static List<String> words(String line) {
        return List.of(line.split("\t", -1));
    }

    private static String hexDigits(String number) {
        if (!number.startsWith("0x")) {
            throw StateBuilder.malformed("mark");
        }
        return number.substring(2);
    }

    private static byte[] bytes(String base64) {
        try {
            return WireGuardKey.bytes(base64);
        } catch (IllegalArgumentException notBase64) {
            // The decoder's message shows a character of what may be the private key.
            throw StateBuilder.malformed("key");
        }
    }
}
