package natt.core.spi;

import natt.core.DnsRecord;

import java.util.List;

/// Looks records up, in DNS or in what stands in for it.
public interface NameLookup extends Named {

    /// Reads its configuration; does no I/O.
    ///
    /// @throws IllegalArgumentException with one line for the user, if a setting is missing or
    ///     wrong
    Resolver open(Settings settings);

    /// Blocks, so it is called on a virtual thread; any number of threads at a time.
    interface Resolver {
        Answer lookup(String name, DnsRecord.Type type, Source source) throws InterruptedException;
    }

    /// Whom to ask.
    enum Source {
        /// The configured resolver, which may answer from a cache.
        RESOLVER,
        /// The zone's own servers, past every cache.
        AUTHORITATIVE
    }

    /// What came back.
    sealed interface Answer {
        /// The contents, in the form of [DnsRecord#content], at least one, in the order
        /// received.
        record Found(List<String> contents) implements Answer {}

        /// There is no such name.
        record NoSuchName() implements Answer {}

        /// The name exists, without records of this type.
        record NoData() implements Answer {}

        /// The server answered that it cannot; what it said, escaped.
        record ServerFailure(String said) implements Answer {}

        /// No server answered in time.
        record TimedOut() implements Answer {}
    }
}
