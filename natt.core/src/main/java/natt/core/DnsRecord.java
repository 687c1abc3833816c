package natt.core;

import java.time.Duration;

/// One resource record, its content in the form a person would write.
///
/// @param name the complete name, without a final dot
/// @param content `A` and `AAAA`: the address; `TXT`: the text, without quotes, up to 2,048
///     bytes;
///     `SRV`: `priority weight port target`
/// @param ttl whole seconds
/// @param optional whether the record is a courtesy, left out where records of others stand in
///     its way
public record DnsRecord(String name, Type type, String content, Duration ttl, boolean optional) {

    /// A record that must be published.
    public DnsRecord(String name, Type type, String content, Duration ttl) {
        this(name, type, content, ttl, false);
    }

    /// A record that may be left out.
    public static DnsRecord courtesy(String name, Type type, String content, Duration ttl) {
        return new DnsRecord(name, type, content, ttl, true);
    }

    /// The types that natt reads and writes.
    public enum Type {
        A,
        AAAA,
        TXT,
        SRV
    }
}
