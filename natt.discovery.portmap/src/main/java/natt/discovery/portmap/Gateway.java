package natt.discovery.portmap;

import java.net.InetAddress;
import java.util.Optional;

/// The way out of the local network.
///
/// @param address of the default gateway; empty where this system does not tell it
/// @param local the address of this machine towards it, which is mapped
record Gateway(Optional<InetAddress> address, InetAddress local) {}
