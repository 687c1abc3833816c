package natt.core.internal;

import natt.core.spi.AddressDiscovery;
import natt.core.spi.DnsProvider;
import natt.core.spi.NameLookup;
import natt.core.spi.Named;
import natt.core.spi.PlainTransport;
import natt.core.spi.PortMapper;
import natt.core.spi.Transport;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolutionException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The installed providers of every service, keyed by id. The only user of [ServiceLoader].
public final class Providers {
    private final Map<Class<? extends Named>, SortedMap<String, Named>> byService;

    private Providers(Map<Class<? extends Named>, SortedMap<String, Named>> byService) {
        this.byService = byService;
    }

    /// Indexes what is installed and what lies in the directory of plug-ins.
    ///
    /// @throws IllegalStateException if two providers claim one id, since choosing either would
    ///     make behavior depend on an unspecified order, or if a plug-in cannot be loaded
    public static Providers load(Optional<Path> plugins) {
        ModuleLayer layer = plugins.flatMap(Providers::layer).orElse(null);
        try {
            return new Providers(
                    Map.of(
                            Transport.class, index(layer, Transport.class),
                            PlainTransport.class, index(layer, PlainTransport.class),
                            AddressDiscovery.class, index(layer, AddressDiscovery.class),
                            PortMapper.class, index(layer, PortMapper.class),
                            DnsProvider.class, index(layer, DnsProvider.class),
                            NameLookup.class, index(layer, NameLookup.class)));
        } catch (ServiceConfigurationError broken) {
            throw new IllegalStateException(
                    "a provider cannot be loaded: " + broken.getMessage(), broken);
        }
    }

    private static Optional<ModuleLayer> layer(Path directory) {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try {
            if (isEmpty(directory)) {
                // As it is almost always; a layer of nothing takes a start some milliseconds.
                return Optional.empty();
            }
            ModuleFinder finder = ModuleFinder.of(directory);
            var names =
                    finder.findAll().stream()
                            .map(ModuleReference::descriptor)
                            .map(descriptor -> descriptor.name())
                            .collect(Collectors.toSet());
            ModuleLayer boot = ModuleLayer.boot();
            Configuration configuration =
                    boot.configuration().resolveAndBind(finder, ModuleFinder.of(), names);
            return Optional.of(
                    boot.defineModulesWithOneLoader(
                            configuration, Providers.class.getClassLoader()));
        } catch (IOException
                | FindException
                | ResolutionException
                | LayerInstantiationException broken) {
            throw new IllegalStateException(
                    "the plug-ins in %s cannot be loaded: %s"
                            .formatted(directory, broken.getMessage()),
                    broken);
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            return !files.iterator().hasNext();
        }
    }

    private static SortedMap<String, Named> index(
            @Nullable ModuleLayer layer, Class<? extends Named> service) {
        ServiceLoader<? extends Named> found =
                layer == null
                        ? ServiceLoader.load(service, Providers.class.getClassLoader())
                        : ServiceLoader.load(layer, service);
        var byId = new TreeMap<String, Named>();
        for (Named provider : found) {
            Named earlier = byId.putIfAbsent(provider.id(), provider);
            if (earlier != null) {
                throw new IllegalStateException(
                        "id '%s' is claimed by %s and %s"
                                .formatted(
                                        provider.id(),
                                        earlier.getClass().getName(),
                                        provider.getClass().getName()));
            }
        }
        return byId;
    }

    public <S extends Named> S require(Class<S> service, String id) {
        SortedMap<String, Named> byId = byService.get(service);
        if (byId == null) {
            throw new AssertionError("every service of natt.core is indexed: " + service);
        }
        Named provider = byId.get(id);
        if (provider == null) {
            throw new IllegalArgumentException(
                    "no %s '%s'; installed: %s"
                            .formatted(
                                    service.getSimpleName(), id, String.join(", ", byId.keySet())));
        }
        return service.cast(provider);
    }

    public SortedMap<String, List<String>> ids() {
        var ids = new TreeMap<String, List<String>>();
        byService.forEach(
                (service, byId) -> ids.put(service.getSimpleName(), List.copyOf(byId.keySet())));
        return ids;
    }
}
