import org.jspecify.annotations.NullMarked;

/// IP packets over sessions, on a TUN device.
// A qualified export names a module that is compiled later.
@SuppressWarnings("module")
@NullMarked
module natt.tun {
    requires static transitive org.jspecify;
    requires transitive natt.core;

    exports natt.tun to
            natt.launcher;
    exports natt.tun.device to
            natt.launcher;
    exports natt.tun.natpunch to
            natt.launcher;
    exports natt.tun.packet to
            natt.launcher;
}
