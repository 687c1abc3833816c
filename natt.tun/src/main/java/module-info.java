import org.jspecify.annotations.NullMarked;

/// IP packets over sessions, on a TUN device.
@NullMarked
module natt.tun {
    requires static transitive org.jspecify;
    requires transitive natt.core;

    exports natt.tun.natpunch;
}
