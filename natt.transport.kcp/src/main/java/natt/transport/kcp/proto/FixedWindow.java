package natt.transport.kcp.proto;

/// No congestion control (`nc=1`): so many segments may be in flight, whatever becomes of them.
record FixedWindow(int window) implements CongestionControl {}
