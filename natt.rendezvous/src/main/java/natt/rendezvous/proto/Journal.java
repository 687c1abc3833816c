package natt.rendezvous.proto;

/// Where names survive the death of the process.
@FunctionalInterface
public interface Journal {
    /// Notes a name that is new or has changed.
    ///
    /// @return whether it will be there after the process has been killed
    boolean add(Name name);
}
