package natt.core.io;

import natt.core.HostAndPort;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;

import javax.net.ssl.SSLEngine;

/// TLS without a network.
final class Loopback {
    /// One for all tests: nothing depends on whose it is.
    static final TlsIdentity IDENTITY =
            TlsIdentity.selfSigned("broker.example", Instant.EPOCH, new SecureRandom());

    record Pair(SSLEngine client, SSLEngine server) {}

    private Loopback() {}

    /// Lets natt's client and a server with this identity come to terms.
    static Pair handshake(TlsIdentity identity) throws Exception {
        SSLEngine client = Tls.client(new HostAndPort("broker.example", 443));
        SSLEngine server = Tls.server(identity.context());
        Handshake.Step theirs = Handshake.step(server, ByteBuffer.allocate(0));
        Handshake.Step ours = Handshake.step(client, ByteBuffer.allocate(0));
        for (int i = 0; i < 4 && !(ours.finished() && theirs.finished()); i++) {
            theirs = Handshake.step(server, joined(theirs, ours));
            ours = Handshake.step(client, joined(ours, theirs));
        }
        if (!ours.finished() || !theirs.finished()) {
            throw new AssertionError(ours.failure() + " " + theirs.failure());
        }
        return new Pair(client, server);
    }

    private static ByteBuffer joined(Handshake.Step receiver, Handshake.Step sender) {
        return ByteBuffer.allocate(receiver.rest().remaining() + sender.output().remaining())
                .put(receiver.rest())
                .put(sender.output())
                .flip();
    }
}
