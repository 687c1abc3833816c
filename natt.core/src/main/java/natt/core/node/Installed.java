package natt.core.node;

import natt.core.internal.Providers;
import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.NameLookup;
import natt.core.spi.PlainTransport;
import natt.core.spi.PortMapper;
import natt.core.spi.Transport;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/// The providers that are there, in this image or class path and in a directory of plug-ins.
public final class Installed {
    private final Providers providers;

    private Installed(Providers providers) {
        this.providers = providers;
    }

    /// Finds the providers.
    ///
    /// @param plugins a directory whose modular jars are resolved in a layer over this one; one
    ///     that does not exist is the same as none
    /// @throws IllegalStateException with one line for the user, if two providers claim one id, or
    ///     a plug-in cannot be loaded
    public static Installed load(Optional<Path> plugins) {
        return new Installed(Providers.load(plugins));
    }

    /// @param wanted its id, or `ID:MODE` for one of its modes
    /// @throws IllegalArgumentException listing what is installed, if there is no such transport or
    ///     mode
    public Transport transport(String wanted) {
        String[] parts = wanted.split(":", 2);
        Transport found = providers.require(Transport.class, parts[0]);
        return parts.length == 1 ? found : found.inMode(parts[1]);
    }

    /// @param wanted its id, or `ID:MODE` for one of its modes
    /// @throws IllegalArgumentException listing what is installed, if there is no such transport or
    ///     mode
    public PlainTransport plainTransport(String wanted) {
        String[] parts = wanted.split(":", 2);
        PlainTransport found = providers.require(PlainTransport.class, parts[0]);
        return parts.length == 1 ? found : found.inMode(parts[1]);
    }

    /// @throws IllegalArgumentException listing what is installed, if there is no such discovery
    public AddressDiscovery discovery(String id) {
        return providers.require(AddressDiscovery.class, id);
    }

    /// @throws IllegalArgumentException listing what is installed, if there is no such mapper
    public PortMapper portMapper(String id) {
        return providers.require(PortMapper.class, id);
    }

    /// @throws IllegalArgumentException listing what is installed, if there is no such provider
    public DnsProvider dnsProvider(String id) {
        return providers.require(DnsProvider.class, id);
    }

    /// @throws IllegalArgumentException listing what is installed, if there is no such lookup
    public NameLookup nameLookup(String id) {
        return providers.require(NameLookup.class, id);
    }

    /// The ids by the simple name of their service, all sorted.
    public SortedMap<String, List<String>> ids() {
        return providers.ids();
    }
}
