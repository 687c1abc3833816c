package natt.core.keys;

import natt.core.CloseCode;
import natt.core.NodeKey;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Whose clients may connect, and to what: lines `[OPTIONS] KEY [COMMENT]`, options as in
/// sshd's `authorized_keys`. The first line of a key counts. A line that cannot be read admits
/// nobody and is a [Problem].
public final class AuthorizedClients {

    /// One line.
    ///
    /// @param services that it may reach; empty if all
    /// @param expires from which on it is refused
    /// @param from where it may be; empty if anywhere
    /// @param tun addresses that it may use on a TUN device
    public record Client(
            NodeKey key,
            Set<String> services,
            Optional<Instant> expires,
            List<AddressPrefix> from,
            List<AddressPrefix> tun,
            String comment) {

        public Client {
            services = Set.copyOf(services);
            from = List.copyOf(from);
            tun = List.copyOf(tun);
        }

        /// Whether this client may reach a service.
        public boolean mayReach(String service) {
            return services.isEmpty() || services.contains(service);
        }
    }

    /// A line that admits nobody.
    ///
    /// @param line its number, from 1
    /// @param why a few words for the user
    public record Problem(int line, String why) {}

    private final Map<NodeKey, Client> clients;
    private final List<Problem> problems;

    private AuthorizedClients(Map<NodeKey, Client> clients, List<Problem> problems) {
        this.clients = clients;
        this.problems = List.copyOf(problems);
    }

    /// A list that admits nobody.
    public static AuthorizedClients nobody() {
        return new AuthorizedClients(Map.of(), List.of());
    }

    /// Reads the lines of a file.
    public static AuthorizedClients parse(String text) {
        var clients = new LinkedHashMap<NodeKey, Client>();
        var lines = new LinkedHashMap<NodeKey, Integer>();
        var problems = new ArrayList<Problem>();
        int number = 0;
        for (String each : text.split("\n", -1)) {
            number++;
            String line = each.strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                Client client = AuthorizedLine.parse(line);
                Integer earlier = lines.putIfAbsent(client.key(), number);
                if (earlier != null) {
                    throw new IllegalArgumentException(
                            "the key is on line %d already, which counts".formatted(earlier));
                }
                clients.put(client.key(), client);
            } catch (IllegalArgumentException wrong) {
                problems.add(new Problem(number, String.valueOf(wrong.getMessage())));
            }
        }
        return new AuthorizedClients(clients, problems);
    }

    public List<Client> clients() {
        return List.copyOf(clients.values());
    }

    public List<Problem> problems() {
        return problems;
    }

    public Optional<Client> find(NodeKey key) {
        return Optional.ofNullable(clients.get(key));
    }

    /// Why a client may not connect; empty if it may.
    public Optional<CloseCode> refuses(NodeKey key, InetAddress from, Instant now) {
        Client client = clients.get(key);
        if (client == null) {
            return Optional.of(CloseCode.UNKNOWN_KEY);
        }
        if (client.expires().isPresent() && !now.isBefore(client.expires().get())) {
            return Optional.of(CloseCode.EXPIRED_KEY);
        }
        boolean there =
                client.from().isEmpty()
                        || client.from().stream().anyMatch(prefix -> prefix.contains(from));
        return there ? Optional.empty() : Optional.of(CloseCode.WRONG_ADDRESS);
    }

    /// When a key on the list expires next, after now.
    public Optional<Instant> nextExpiry(Instant now) {
        return clients.values().stream()
                .flatMap(each -> each.expires().stream())
                .filter(now::isBefore)
                .min(Comparator.naturalOrder());
    }

    /// For a log.
    @Override
    public String toString() {
        return "%d clients".formatted(clients.size());
    }
}
