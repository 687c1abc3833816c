package natt.wireguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.NodeKey;
import natt.core.node.Peer;
import natt.wireguard.control.WireGuardKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

class PeerMapTests {
    private static final NodeKey ONE = key(0x31);
    private static final NodeKey TWO = key(0x32);
    private static final String ONE_TEXT = WireGuardKey.format(ONE);
    private static final String TWO_TEXT = WireGuardKey.format(TWO);

    @TempDir Path directory;

    private static NodeKey key(int value) {
        var bytes = new byte[32];
        Arrays.fill(bytes, (byte) value);
        return NodeKey.of(bytes);
    }

    @Test
    void aLineNamesTheNodeOfAKeyByNameOrKey() {
        NodeKey natt = key(0x33);
        PeerMap map =
                PeerMap.parse(
                        "# all of them\n\n%s  Laptop # mine\n\t%s %s\n"
                                .formatted(ONE_TEXT, TWO_TEXT, natt));
        assertEquals(
                Map.of(ONE, Peer.parse("laptop"), TWO, Peer.parse(natt.toString())), map.peers());
        assertEquals(Optional.empty(), map.peer(natt));
    }

    @ParameterizedTest
    @CsvSource({
        "ONE, line 1: not 'WIREGUARD-KEY NATT-KEY-OR-NAME'",
        "ONE a b, line 1: not 'WIREGUARD-KEY NATT-KEY-OR-NAME'",
        "ONE a;ONE b, line 2: this key or node has a line already",
        "ONE a;TWO a, line 2: this key or node has a line already",
        "short a, line 1: 'short' is not a WireGuard key of 44 characters",
        "#, line 1: there are no peers in it",
    })
    void whatIsWrongIsSaidWithItsLine(String text, String why) throws IOException {
        String lines = text.replace("ONE", ONE_TEXT).replace("TWO", TWO_TEXT).replace(';', '\n');
        Path file = directory.resolve("peers");
        Files.writeString(file, lines);
        IOException failed = assertThrows(IOException.class, () -> PeerMap.read(file));
        assertEquals(file + ", " + why, failed.getMessage());
    }
}
