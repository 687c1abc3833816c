package natt.tests;

import java.util.ArrayList;
import java.util.List;

/// Hosts behind two NATs and one in between, each in a network namespace:
/// `hostA` - `natA` - the Internet, with `pub` - `natB` - `hostB`.
public interface Network extends AutoCloseable {
    /// The address of `pub`.
    String PUB = "198.51.100.10";

    /// The address of `hostB` behind its NAT.
    String HOST_B = "192.168.2.2";

    /// The name of a host's namespace.
    String namespace(String host);

    /// The start of a command line that runs the rest on a host.
    default String[] on(String host, String... command) {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", namespace(host)));
        line.addAll(List.of(command));
        return line.toArray(String[]::new);
    }

    /// Makes `natB` forget its mappings and use other ports.
    void rebind();

    /// Gives `natB` another external address.
    void renumber(String address);

    @Override
    void close();
}
