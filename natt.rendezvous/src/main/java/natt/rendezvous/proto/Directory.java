package natt.rendezvous.proto;

import natt.core.NodeKey;
import natt.core.rendezvous.Message;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.NodeName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which key holds which name. The first who asks has it, and keeps it for 90 days after it was
/// last here.
final class Directory {
    private static final long UNUSED_SECONDS = 90L * 24 * 3600;

    private final int most;
    private final Journal journal;
    private final Map<String, Name> names = new HashMap<>();
    private final Map<NodeKey, List<String>> byKey = new HashMap<>();

    /// @param most names in all
    /// @param known of two with one name, the later counts
    Directory(int most, Collection<Name> known, Journal journal) {
        this.most = most;
        this.journal = journal;
        known.forEach(this::put);
    }

    private void put(Name name) {
        Name before = names.put(name.name(), name);
        if (before != null && !before.key().equals(name.key())) {
            unlist(before);
        }
        if (before == null || !before.key().equals(name.key())) {
            byKey.computeIfAbsent(name.key(), _ -> new ArrayList<>(1)).add(name.name());
        }
    }

    private void remove(Name name) {
        names.remove(name.name());
        unlist(name);
    }

    private void unlist(Name name) {
        List<String> ofKey = byKey.get(name.key());
        if (ofKey != null) {
            ofKey.remove(name.name());
            if (ofKey.isEmpty()) {
                byKey.remove(name.key());
            }
        }
    }

    /// Gives a name to a key that has proven itself. What is answered with OK has been noted in
    /// the journal.
    NameCode claim(String asked, NodeKey key, long epochSecond) {
        String wanted = NodeName.normal(asked).orElse(null);
        if (wanted == null) {
            return NameCode.MALFORMED;
        }
        Name held = names.get(wanted);
        if (held != null && held.key().equals(key)) {
            return renew(held, epochSecond);
        }
        if (held != null && !isUnused(held, epochSecond)) {
            return NameCode.TAKEN;
        }
        boolean hasRoom = held != null || hasRoom(epochSecond);
        return hasRoom ? give(wanted, key, epochSecond) : NameCode.FULL;
    }

    private NameCode renew(Name held, long epochSecond) {
        Name renewed = held.seen(epochSecond).found(true);
        if (held.withdrawn() && !journal.add(renewed)) {
            return NameCode.FULL;
        }
        put(renewed);
        return NameCode.OK;
    }

    private NameCode give(String wanted, NodeKey key, long epochSecond) {
        Name leaves = null;
        if (byKey.getOrDefault(key, List.of()).size() >= Message.MOST_NAMES) {
            leaves = firstWithdrawn(key);
            if (leaves == null) {
                return NameCode.FULL;
            }
        }
        var given = new Name(wanted, key, epochSecond, epochSecond, false);
        if (!journal.add(given)) {
            return NameCode.FULL;
        }
        if (leaves != null) {
            remove(leaves);
        }
        put(given);
        return NameCode.OK;
    }

    private static boolean isUnused(Name name, long epochSecond) {
        return epochSecond - name.lastSeen() >= UNUSED_SECONDS;
    }

    /// A name of the key that it has given up, and that makes room for another of its own.
    private @Nullable Name firstWithdrawn(NodeKey key) {
        for (String each : byKey.getOrDefault(key, List.of())) {
            Name name = names.get(each);
            if (name != null && name.withdrawn()) {
                return name;
            }
        }
        return null;
    }

    private boolean hasRoom(long epochSecond) {
        if (names.size() >= most) {
            List<Name> unused =
                    names.values().stream().filter(each -> isUnused(each, epochSecond)).toList();
            unused.forEach(this::remove);
        }
        return names.size() < most;
    }

    /// Who has a name that is to be found.
    Optional<NodeKey> find(String asked) {
        return NodeName.normal(asked)
                .map(names::get)
                .filter(name -> !name.withdrawn())
                .map(Name::key);
    }

    /// The node of this key is here.
    void seen(NodeKey key, long epochSecond) {
        for (String each : byKey.getOrDefault(key, List.of())) {
            names.computeIfPresent(each, (_, name) -> name.seen(epochSecond));
        }
    }

    /// The names of a key are not to be found any more.
    void withdraw(NodeKey key) {
        for (String each : byKey.getOrDefault(key, List.of())) {
            names.computeIfPresent(
                    each,
                    (_, name) -> {
                        Name withdrawn = name.found(false);
                        return name.withdrawn() || !journal.add(withdrawn) ? name : withdrawn;
                    });
        }
    }

    List<Name> names() {
        return List.copyOf(names.values());
    }

    int size() {
        return names.size();
    }

    int most() {
        return most;
    }
}
