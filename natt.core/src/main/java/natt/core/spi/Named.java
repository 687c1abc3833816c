package natt.core.spi;

/// A provider that is asked for by a short lower-case id, such as `kcp` or `cloudflare`.
///
/// Providers are created by [java.util.ServiceLoader] and may be discarded unused: a
/// constructor does nothing. Two providers of one service with the same id are an error.
public interface Named {
    /// The id, `[a-z0-9-]+`, the same on every call.
    String id();
}
