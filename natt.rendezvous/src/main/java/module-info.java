import org.jspecify.annotations.NullMarked;

/// The broker: it joins nodes that cannot reach each other, knows them by name, and carries for
/// them what goes no other way.
@NullMarked
module natt.rendezvous {
    requires static transitive org.jspecify;
    requires transitive natt.core;

    exports natt.rendezvous;
    exports natt.rendezvous.proto;
}
