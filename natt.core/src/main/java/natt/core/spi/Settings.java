package natt.core.spi;

import natt.core.Secret;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What the user has set for one provider, by key (`[a-z0-9-]+`). A provider turns it into its
/// own configuration record, and refuses what it does not understand.
public record Settings(Map<String, String> values, Map<String, Secret> secrets) {

    public Settings {
        values = Map.copyOf(values);
        secrets = Map.copyOf(secrets);
    }

    /// No settings at all.
    public static Settings none() {
        return new Settings(Map.of(), Map.of());
    }

    public Optional<String> value(String key) {
        return Optional.ofNullable(values.get(key));
    }

    public Optional<Secret> secret(String key) {
        return Optional.ofNullable(secrets.get(key));
    }

    /// Refuses keys that the provider does not know.
    ///
    /// @throws IllegalArgumentException naming the unknown key and the known ones
    public Settings requireKnown(String provider, Set<String> known) {
        var unknown = new TreeSet<>(values.keySet());
        unknown.addAll(secrets.keySet());
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s does not know the setting '%s'; known: %s"
                            .formatted(provider, unknown.first(), new TreeSet<>(known)));
        }
        return this;
    }
}
