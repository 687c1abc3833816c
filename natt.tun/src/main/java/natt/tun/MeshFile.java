package natt.tun;

import natt.core.Text;
import natt.core.keys.AddressPrefix;
import natt.core.keys.TextFile;
import natt.core.node.Peer;
import natt.tun.packet.LocalAddress;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A file with several peers on one device: first the device, then peers, each with the addresses
/// that it owns.
///
///     device natt0
///     local 10.10.0.1/24
///     local fd00::1/64
///     mtu 1420
///     peer laptop
///       allowed-ips 10.10.0.2 fd00::2
///     peer 1V3qRXppcgXTgKtYCb3LHV8sZWInxnRN6bOxUBp5wBE
///       allowed-ips 10.10.0.3 192.168.7.0/24
///
/// A word that begins with `#` and what follows it is a comment.
public final class MeshFile {
    /// The most bytes that such a file may have.
    private static final int LIMIT = 1 << 20;

    private final String file;
    private final TunnelConfig.Builder config = TunnelConfig.builder();
    private boolean amongPeers;

    private MeshFile(String file) {
        this.file = file;
    }

    /// @throws IOException with one line for the user, if it cannot be read
    /// @throws IllegalArgumentException with one line for the user, `FILE:LINE: WHY`
    public static TunnelConfig read(Path path) throws IOException {
        return parse(path.toString(), TextFile.read(path, LIMIT));
    }

    /// @param file what errors call it
    static TunnelConfig parse(String file, String text) {
        return new MeshFile(Text.escape(file)).parse(text.lines().toList());
    }

    private TunnelConfig parse(List<String> lines) {
        int number = 0;
        for (String each : lines) {
            number++;
            try {
                take(words(each));
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(
                        "%s:%d: %s".formatted(file, number, wrong.getMessage()), wrong);
            }
        }
        try {
            return config.build();
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(
                    "%s:%d: %s".formatted(file, Math.max(1, number), wrong.getMessage()), wrong);
        }
    }

    private static List<String> words(String line) {
        return List.of(line.strip().split("[ \t]+")).stream()
                .takeWhile(each -> !each.startsWith("#"))
                .filter(each -> !each.isEmpty())
                .toList();
    }

    private void take(List<String> words) {
        if (words.isEmpty()) {
            return;
        }
        String key = words.getFirst();
        List<String> values = words.subList(1, words.size());
        switch (key) {
            case "device" -> config.device(ofDevice(key, values));
            case "mtu" -> config.mtu(ofDevice(key, values));
            case "local" -> config.local(LocalAddress.parse(ofDevice(key, values)));
            case "forward" -> forward(ofDevice(key, values));
            case "peer" -> {
                config.peer(Peer.parse(only(key, values)).text());
                amongPeers = true;
            }
            case "allowed-ips" -> {
                if (values.isEmpty()) {
                    throw new IllegalArgumentException("allowed-ips needs addresses or prefixes");
                }
                values.forEach(each -> config.allow(AddressPrefix.parse(each)));
            }
            default ->
                    throw new IllegalArgumentException(
                            "there is no '%s': device, local, mtu, forward, peer, allowed-ips"
                                    .formatted(Text.escape(key)));
        }
    }

    private void forward(String value) {
        switch (value) {
            case "yes" -> config.forward();
            case "no" -> {}
            default ->
                    throw new IllegalArgumentException(
                            "forward is yes or no, not '%s'".formatted(Text.escape(value)));
        }
    }

    private String ofDevice(String key, List<String> values) {
        if (amongPeers) {
            throw new IllegalArgumentException(
                    "%s is the device's and belongs before the first peer".formatted(key));
        }
        return only(key, values);
    }

    private static String only(String key, List<String> values) {
        if (values.size() != 1) {
            throw new IllegalArgumentException(
                    "%s takes one word, not %d".formatted(key, values.size()));
        }
        return values.getFirst();
    }
}
