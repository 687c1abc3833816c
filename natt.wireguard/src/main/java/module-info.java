import org.jspecify.annotations.NullMarked;

/// Ways to the peers of a WireGuard interface.
@NullMarked
module natt.wireguard {
    requires static transitive org.jspecify;
    requires transitive natt.core;

    exports natt.wireguard;
    exports natt.wireguard.control;
    exports natt.wireguard.natpunch;
    exports natt.wireguard.proto;
}
