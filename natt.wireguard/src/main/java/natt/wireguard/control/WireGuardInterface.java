package natt.wireguard.control;

import natt.core.NodeKey;
import natt.core.Text;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A WireGuard interface of this machine: one in user space by its socket, the kernel's by the
/// program `wg`. Every call blocks; exceptions are one line for the user.
public final class WireGuardInterface {
    private static final Path SOCKETS = Path.of("/var/run/wireguard");
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /// Linux' names have up to 15 bytes; `wg` allows these characters.
    private static final Pattern NAME =
            Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9_=+.][-\\w=+.]{0,14}");

    private final String name;
    private final Path socket;
    private final WgProgram program;
    private final Duration patience;
    private volatile boolean inUserSpace;

    WireGuardInterface(String name, Path sockets, String program, Duration patience) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'%s' is not the name of an interface".formatted(Text.escape(name)));
        }
        this.name = name;
        this.socket = sockets.resolve(name + ".sock");
        this.program = new WgProgram(program, patience);
        this.patience = patience;
    }

    /// The interface of this name, which may come and go.
    ///
    /// @throws IllegalArgumentException with one line for the user, if it cannot be one
    public static WireGuardInterface named(String name) {
        return new WireGuardInterface(name, SOCKETS, "wg", PATIENCE);
    }

    public String name() {
        return name;
    }

    /// Whether the latest [#read] was answered by a WireGuard in user space, which needs no
    /// capability to be spoken to by its own user. A socket that is there may be a dead one's.
    public boolean isInUserSpace() {
        return inUserSpace;
    }

    /// Reads the interface.
    ///
    /// @throws IOException with one line for the user
    public InterfaceState read() throws IOException {
        if (Files.exists(socket)) {
            try {
                InterfaceState state = UapiSocket.call(socket, "get=1\n\n", patience);
                inUserSpace = true;
                return state;
            } catch (ConnectException left) {
                // A WireGuard that was killed leaves its socket; the kernel's may have the name
                // now.
            } catch (IOException failed) {
                throw ofSocket(failed);
            }
        }
        inUserSpace = false;
        try {
            return WgDump.parse(program.run(List.of("show", name, "dump")));
        } catch (IllegalArgumentException malformed) {
            throw new IOException(
                    "'wg show %s dump' prints %s".formatted(name, malformed.getMessage()));
        } catch (IOException failed) {
            throw ofProgram(failed);
        }
    }

    /// Sets endpoints and keepalives, in this order, of peers that the interface has; others are
    /// passed over.
    ///
    /// @throws IOException with one line for the user
    public void set(List<PeerChange> changes) throws IOException {
        if (Files.exists(socket)) {
            try {
                UapiSocket.call(socket, request(changes), patience);
                return;
            } catch (ConnectException left) {
                // As above.
            } catch (IOException failed) {
                throw ofSocket(failed);
            }
        }
        // `wg set` would make a peer that has been removed.
        Set<NodeKey> there =
                read().peers().stream().map(PeerState::key).collect(Collectors.toSet());
        List<PeerChange> possible =
                changes.stream().filter(each -> there.contains(each.peer())).toList();
        if (possible.isEmpty()) {
            return;
        }
        try {
            program.run(arguments(possible));
        } catch (IOException failed) {
            throw ofProgram(failed);
        }
    }

    private static String request(List<PeerChange> changes) {
        var text = new StringBuilder("set=1\n");
        for (PeerChange each : changes) {
            text.append("public_key=").append(WireGuardKey.hex(each.peer())).append('\n');
            text.append("update_only=true\n");
            each.endpointText()
                    .ifPresent(endpoint -> text.append("endpoint=").append(endpoint).append('\n'));
            each.keepaliveSeconds()
                    .ifPresent(
                            seconds ->
                                    text.append("persistent_keepalive_interval=")
                                            .append(seconds)
                                            .append('\n'));
        }
        return text.append('\n').toString();
    }

    private List<String> arguments(List<PeerChange> changes) {
        var arguments = new ArrayList<>(List.of("set", name));
        for (PeerChange each : changes) {
            arguments.addAll(List.of("peer", WireGuardKey.format(each.peer())));
            each.endpointText().ifPresent(text -> arguments.addAll(List.of("endpoint", text)));
            each.keepaliveSeconds()
                    .ifPresent(
                            seconds ->
                                    arguments.addAll(
                                            List.of("persistent-keepalive", "" + seconds)));
        }
        return arguments;
    }

    private IOException ofSocket(IOException failed) {
        String why = String.valueOf(failed.getMessage());
        return why.contains("Permission denied")
                ? forbidden(failed)
                : new IOException("%s: %s".formatted(socket, Text.escape(why)), failed);
    }

    private IOException ofProgram(IOException failed) {
        String why = String.valueOf(failed.getMessage());
        if (failed instanceof WgProgram.MissingException) {
            return new IOException(
                    ("there is no %s, and the kernel is asked by the program 'wg', which is not"
                                    + " installed (wireguard-tools)")
                            .formatted(socket),
                    failed);
        }
        // The kernel without WireGuard supports no such protocol.
        if (why.contains("No such device") || why.contains("Protocol not supported")) {
            return new IOException(
                    ("there is no WireGuard interface %1$s: 'wg-quick up %1$s', 'ip link add %1$s"
                                    + " type wireguard' or 'wireguard-go %1$s' makes it")
                            .formatted(name),
                    failed);
        }
        if (why.contains("Operation not permitted") || why.contains("Permission denied")) {
            return forbidden(failed);
        }
        return new IOException("wg: " + why, failed);
    }

    private IOException forbidden(IOException failed) {
        return new IOException(
                "no permission to read and set %s: that takes root".formatted(name), failed);
    }
}
