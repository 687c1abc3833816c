package natt.core.node;

import natt.core.spi.NameLookup;
import natt.core.spi.PlainTransport;

/// How a [Client] is to connect.
///
/// @param name the name under which the server publishes its address
/// @param resolver looks it up
/// @param transport carries the streams
public record ClientConfig(String name, NameLookup.Resolver resolver, PlainTransport transport) {}
