package natt.core;

import java.util.Objects;

/// A token or key that prints as asterisks, so that it reaches no log by accident.
public final class Secret {
    private final String value;

    public Secret(String value) {
        this.value = Objects.requireNonNull(value);
    }

    /// The secret itself: for the one place that needs it, never for a message.
    public String reveal() {
        return value;
    }

    @Override
    public String toString() {
        return "***";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && value.equals(secret.value);
    }

    @Override
    public int hashCode() {
        return Secret.class.hashCode();
    }
}
