package natt.transport.kcp;

import natt.core.spi.PlainTransport;

/// Provides streams that also unmodified natts and nattc understand.
public final class KcpGoTransport implements PlainTransport {

    public KcpGoTransport() {}

    @Override
    public String id() {
        return "kcp-go";
    }

    @Override
    public Endpoint open(Context context) {
        return new KcpEndpoint(context);
    }
}
