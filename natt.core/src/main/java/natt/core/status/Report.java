package natt.core.status;

import natt.core.HostAndPort;
import natt.core.NodeKey;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// How a node is: named values in an order, for a person or a program to read.
///
/// The kinds of value are few and closed, so that nothing comes in by its `toString`, a secret
/// least of all. Foreign text is taken as it is; each way of writing escapes it once.
///
/// @param fields with different keys
public record Report(List<Field> fields) {

    public Report {
        fields = List.copyOf(fields);
    }

    /// @param name in camel case and without a unit, as in `roundTrip`
    public record Field(String name, Value value) {
        public Field {
            check(name);
        }

        private static void check(String name) {
            if (!name.matches("[a-z][A-Za-z0-9]*")) {
                throw new IllegalArgumentException("a field's name is not in camel case: " + name);
            }
        }

        /// The name with the unit after it, as in `roundTripMs`.
        public String key() {
            return value instanceof Amount amount ? name + amount.unit().suffix() : name;
        }

        /// The name as a person writes it, as in `round trip`.
        public String label() {
            return words(name);
        }

        static String words(String name) {
            var words = new StringBuilder(name.length() + 4);
            for (char c : name.toCharArray()) {
                if (Character.isUpperCase(c)) {
                    words.append(' ').append(Character.toLowerCase(c));
                } else {
                    words.append(c);
                }
            }
            return words.toString();
        }
    }

    /// What a field holds.
    public sealed interface Value {}

    /// Text, perhaps foreign, not escaped.
    public record Words(String text) implements Value {}

    /// Several such texts.
    public record WordList(List<String> texts) implements Value {
        public WordList {
            texts = List.copyOf(texts);
        }
    }

    public record Flag(boolean set) implements Value {}

    /// A number. What is not finite is written as unknown.
    public record Amount(double amount, Unit unit) implements Value {}

    /// A number of things, exact.
    public record Count(long count) implements Value {}

    public record Moment(Instant instant) implements Value {}

    /// How much of what is allowed is in use.
    public record Share(long used, long limit) implements Value {}

    /// Numbers of things by name, in the order of their names; a person is shown those that are not
    /// zero.
    public record Counts(SortedMap<String, Long> counts) implements Value {
        public Counts {
            counts = Collections.unmodifiableSortedMap(new TreeMap<>(counts));
            for (String name : counts.keySet()) {
                Field.check(name);
            }
        }
    }

    public record Nested(Report report) implements Value {}

    public record Several(List<Report> reports) implements Value {
        public Several {
            reports = List.copyOf(reports);
        }
    }

    /// What an amount counts.
    public enum Unit {
        SECONDS("Seconds", 0),
        MILLISECONDS("Ms", 1),
        PERCENT("Percent", 2),
        MEGABITS_PER_SECOND("MbitPerSecond", 2),
        BYTES("Bytes", 0);

        private final String suffix;
        private final int decimals;

        Unit(String suffix, int decimals) {
            this.suffix = suffix;
            this.decimals = decimals;
        }

        /// What follows the name in a key.
        public String suffix() {
            return suffix;
        }

        /// The most digits after the point that are written.
        public int decimals() {
            return decimals;
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    /// One object of JSON (RFC 8259) in one line of ASCII, without the end of the line.
    public String toJson() {
        return ReportJson.write(this);
    }

    /// Lines for a person, each ended. The first one is the value of `program`, or `node`; below it
    /// come the values that are no section, then every nested report and list as a section with its
    /// name as the heading.
    public String toText() {
        return ReportText.write(this);
    }

    /// Collects fields in the order in which they are named. A name goes without its unit, which
    /// the kind of field brings along.
    public static final class Builder {
        private final Map<String, Field> fields = new LinkedHashMap<>();

        private Builder() {}

        /// @param text may be foreign; not escaped
        public Builder text(String name, String text) {
            return add(name, new Words(text));
        }

        /// @param texts may be foreign; not escaped
        public Builder texts(String name, List<String> texts) {
            return add(name, new WordList(texts));
        }

        public Builder key(String name, NodeKey key) {
            return add(name, new Words(key.toString()));
        }

        public Builder address(String name, InetSocketAddress address) {
            return add(name, new Words(HostAndPort.format(address)));
        }

        /// Adds the address if there is one.
        public Builder address(String name, Optional<InetSocketAddress> address) {
            address.ifPresent(known -> address(name, known));
            return this;
        }

        public Builder flag(String name, boolean set) {
            return add(name, new Flag(set));
        }

        public Builder count(String name, long count) {
            return add(name, new Count(count));
        }

        /// Adds an object with a count for each.
        public Builder counts(String name, Map<String, Long> counts) {
            return add(name, new Counts(new TreeMap<>(counts)));
        }

        /// Adds `nameSeconds`, in whole seconds.
        public Builder seconds(String name, Duration duration) {
            return add(name, new Amount(duration.toSeconds(), Unit.SECONDS));
        }

        /// Adds `nameMs`.
        public Builder milliseconds(String name, Duration duration) {
            return add(name, new Amount(duration.toNanos() / 1e6, Unit.MILLISECONDS));
        }

        /// Adds `namePercent`.
        ///
        /// @param fraction 0 to 1; NaN if unknown
        public Builder percent(String name, double fraction) {
            return add(name, new Amount(100 * fraction, Unit.PERCENT));
        }

        /// Adds `nameMbitPerSecond`.
        ///
        /// @param bytesPerSecond NaN if unknown
        public Builder rate(String name, double bytesPerSecond) {
            return add(name, new Amount(bytesPerSecond * 8 / 1e6, Unit.MEGABITS_PER_SECOND));
        }

        /// Adds `nameBytes`.
        public Builder bytes(String name, long bytes) {
            return add(name, new Amount(bytes, Unit.BYTES));
        }

        public Builder instant(String name, Instant instant) {
            return add(name, new Moment(instant));
        }

        /// Adds how much is in use of what is allowed.
        public Builder share(String name, long used, long limit) {
            return add(name, new Share(used, limit));
        }

        public Builder report(String name, Report report) {
            return add(name, new Nested(report));
        }

        public Builder reports(String name, List<Report> reports) {
            return add(name, new Several(reports));
        }

        private Builder add(String name, Value value) {
            var field = new Field(name, value);
            if (fields.putIfAbsent(field.key(), field) != null) {
                throw new IllegalArgumentException("two fields named " + field.key());
            }
            return this;
        }

        public Report build() {
            return new Report(new ArrayList<>(fields.values()));
        }
    }
}
