package natt.launcher;

import natt.core.NodeKey;
import natt.core.PreSharedKey;
import natt.core.keys.DnsName;
import natt.core.keys.Expiry;
import natt.core.keys.KeyFiles;
import natt.core.keys.KeyFiles.Guard;
import natt.core.keys.Ticket;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// `natt ticket`: prints what a client needs to reach this node.
final class TicketCommand {
    private TicketCommand() {}

    static int run(String[] args, Map<String, String> environment) throws Exception {
        var options = new TicketOptions();
        if (!CommandLine.parse("natt ticket", options, args, Map.of())) {
            return CommandLine.DONE;
        }
        CommandLine.configureLog(options, Level.INFO);
        System.out.println(ticket(options, environment, Instant.now()).text());
        return CommandLine.DONE;
    }

    static Ticket ticket(TicketOptions options, Map<String, String> environment, Instant now)
            throws IOException {
        String given = CommandLine.only(options.names, "NAME");
        String name;
        Optional<Instant> expires;
        Optional<NodeKey> hostKey;
        try {
            name = DnsName.parse(given);
            expires = Optional.ofNullable(options.expires).map(text -> Expiry.parse(text, now));
            hostKey = Optional.ofNullable(options.hostKey).map(NodeKey::parse);
        } catch (IllegalArgumentException wrong) {
            throw new UsageException(String.valueOf(wrong.getMessage()));
        }
        if (expires.isPresent() && !now.isBefore(expires.get())) {
            throw new UsageException("--expires is in the past: " + options.expires);
        }
        Optional<PreSharedKey> secret = secret(options, environment);
        NodeKey key =
                hostKey.isPresent() ? hostKey.get() : options.identity(environment).publicKey();
        return new Ticket(key, name, secret, expires);
    }

    private static Optional<PreSharedKey> secret(
            TicketOptions options, Map<String, String> environment) throws IOException {
        if (options.secret != (options.pskFile != null)) {
            throw new UsageException("--secret and --psk-file go together");
        }
        if (options.pskFile == null) {
            return Optional.empty();
        }
        Path file = StateOptions.path("--psk-file", options.pskFile);
        return Optional.of(KeyFiles.readPreSharedKey(file, Guard.of(file, environment)));
    }
}
