import org.jspecify.annotations.NullMarked;

/// A deterministic world for tests: virtual time, links, NATs, hosts that run engines, and
/// fakes of the service providers. Not shipped.
@NullMarked
module natt.testkit {
    requires static transitive org.jspecify;
    requires transitive natt.core;

    exports natt.testkit;
}
