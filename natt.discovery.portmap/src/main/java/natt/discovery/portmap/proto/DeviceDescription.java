package natt.discovery.portmap.proto;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// The services of a gateway that map ports (UPnP IGD 1 and 2).
public final class DeviceDescription {
    /// In the order of preference.
    private static final List<String> TYPES =
            List.of(
                    "urn:schemas-upnp-org:service:WANIPConnection:2",
                    "urn:schemas-upnp-org:service:WANIPConnection:1",
                    "urn:schemas-upnp-org:service:WANPPPConnection:1");

    private static final int MOST = 4;

    private DeviceDescription() {}

    /// @param control where its actions are called
    public record Service(String type, HttpUrl control) {
        /// Whether it chooses a free port by itself.
        public boolean choosesPort() {
            return type.equals(TYPES.getFirst());
        }
    }

    /// @param document the description
    /// @param from where it came from, whose host the services are on
    /// @return the best first; none if it is no description of a gateway
    public static List<Service> services(String document, HttpUrl from) {
        Optional<XmlElement> root = XmlElement.parse(document);
        if (root.isEmpty()) {
            return List.of();
        }
        String base = root.get().textOf("URLBase");
        Optional<HttpUrl> start = base.isEmpty() ? Optional.of(from) : from.resolve(base);
        var found = new ArrayList<Service>();
        root.get()
                .visit(
                        element -> {
                            String type = element.textOf("serviceType");
                            if (element.name().equals("service") && TYPES.contains(type)) {
                                start.flatMap(url -> url.resolve(element.textOf("controlURL")))
                                        .ifPresent(url -> found.add(new Service(type, url)));
                            }
                        });
        found.sort(Comparator.comparingInt(each -> TYPES.indexOf(each.type())));
        return List.copyOf(found.subList(0, Math.min(found.size(), MOST)));
    }
}
