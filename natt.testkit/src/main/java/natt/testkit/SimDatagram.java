package natt.testkit;

import java.net.InetSocketAddress;

/// A datagram on its way through the simulated network.
record SimDatagram(InetSocketAddress from, InetSocketAddress to, byte[] payload) {
    SimDatagram from(InetSocketAddress newFrom) {
        return new SimDatagram(newFrom, to, payload);
    }

    SimDatagram to(InetSocketAddress newTo) {
        return new SimDatagram(from, newTo, payload);
    }
}
