package natt.core.io;

import natt.core.HostAndPort;

import org.jspecify.annotations.Nullable;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// TLS 1.3 as natt uses it: a stream that middleboxes let pass. Who the peer is, and what nobody
/// else may read, is the business of the sessions inside; so certificates are not looked at.
///
/// A client says what a browser without HTTP/2 says: the server's name, if it has one, and
/// `http/1.1` in ALPN. A word of natt's own there would be seen by everybody on the way.
final class Tls {
    private static final String[] VERSIONS = {"TLSv1.3"};
    private static final String PROTOCOL = "http/1.1";

    private Tls() {}

    /// Made on first use, which takes long: not on the driver's thread.
    private static final class Client {
        static final SSLContext CONTEXT = context(new KeyManager[0]);
    }

    static SSLContext context(KeyManager[] keys) {
        try {
            var context = SSLContext.getInstance("TLSv1.3");
            context.init(keys, new TrustManager[] {new TrustAnybody()}, null);
            return context;
        } catch (GeneralSecurityException missing) {
            throw new AssertionError("every Java has TLS 1.3", missing);
        }
    }

    /// The client's side of a new connection. Not on the driver's thread.
    static SSLEngine client(HostAndPort server) throws SSLException {
        SSLEngine engine = Client.CONTEXT.createSSLEngine(server.host(), server.port());
        engine.setUseClientMode(true);
        engine.setEnabledProtocols(VERSIONS);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {PROTOCOL});
        if (server.literal().isEmpty()) {
            try {
                parameters.setServerNames(List.of(new SNIHostName(server.host())));
            } catch (IllegalArgumentException notForTls) {
                // A name that the resolver takes, with an underscore or a dot at its end.
                parameters.setServerNames(List.of());
            }
        }
        engine.setSSLParameters(parameters);
        engine.beginHandshake();
        return engine;
    }

    /// The server's side of a new connection. Not on the driver's thread.
    static SSLEngine server(SSLContext context) throws SSLException {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(VERSIONS);
        engine.setHandshakeApplicationProtocolSelector(
                (_, offered) -> offered.contains(PROTOCOL) ? PROTOCOL : "");
        engine.beginHandshake();
        return engine;
    }

    /// One key and its certificates, for whoever asks for that kind of key.
    static final class OneKey extends X509ExtendedKeyManager {
        private static final String ALIAS = "natt";

        private final PrivateKey key;
        private final X509Certificate[] chain;

        OneKey(PrivateKey key, X509Certificate[] chain) {
            this.key = key;
            this.chain = chain;
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String kind, Principal @Nullable [] issuers, SSLEngine engine) {
            return kind.equals(chain[0].getPublicKey().getAlgorithm()) ? ALIAS : null;
        }

        @Override
        public @Nullable String chooseServerAlias(
                String kind, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] kinds, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }

        @Override
        public String[] getServerAliases(String kind, Principal @Nullable [] issuers) {
            return new String[] {ALIAS};
        }

        @Override
        public String[] getClientAliases(String kind, Principal @Nullable [] issuers) {
            return new String[0];
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }
    }

    private static final class TrustAnybody extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String kind) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String kind) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
