package natt.core;

import java.time.Duration;

/// One resource record, its content in the form a person would write.
///
/// @param name the complete name, without a final dot
/// @param content `A` and `AAAA`: the address; `TXT`: the text, without quotes, up to 2,048
///     bytes;
///     `SRV`: `priority weight port target`
/// @param ttl whole seconds
public record DnsRecord(String name, Type type, String content, Duration ttl) {
    /// The types that natt reads and writes.
    public enum Type {
        A,
        AAAA,
        TXT,
        SRV
    }
}
