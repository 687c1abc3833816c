package natt.dns.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The system's list of resolvers (resolv.conf(5)).
final class ResolverFile {
    private static final String KEYWORD = "nameserver";

    private ResolverFile() {}

    /// The servers in their order; none if the file cannot be read.
    static List<InetSocketAddress> servers(Path file) {
        var servers = new ArrayList<InetSocketAddress>();
        try {
            // Comments may be in any encoding.
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                if (line.startsWith(KEYWORD) && line.length() > KEYWORD.length()) {
                    add(line.substring(KEYWORD.length()), servers);
                }
            }
        } catch (IOException unreadable) {
            return List.of();
        }
        return servers;
    }

    private static void add(String rest, List<InetSocketAddress> servers) {
        boolean separated = rest.charAt(0) == ' ' || rest.charAt(0) == '\t';
        String text = rest.strip();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\t' || c == '#' || c == ';') {
                text = text.substring(0, i);
            }
        }
        try {
            if (separated) {
                servers.add(
                        new InetSocketAddress(InetAddress.ofLiteral(text), Configuration.DNS_PORT));
            }
        } catch (IllegalArgumentException notAnAddress) {
            // The system's own resolver passes over it, too.
        }
    }
}
