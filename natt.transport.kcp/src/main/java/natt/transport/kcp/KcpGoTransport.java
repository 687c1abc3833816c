package natt.transport.kcp;

import natt.core.spi.PlainTransport;
import natt.transport.kcp.proto.Mode;

/// Provides streams that also unmodified natts and nattc understand.
public final class KcpGoTransport implements PlainTransport {

    private final Mode mode;

    public KcpGoTransport() {
        this(Mode.NATT);
    }

    private KcpGoTransport(Mode mode) {
        this.mode = mode;
    }

    @Override
    public String id() {
        return "kcp-go";
    }

    @Override
    public PlainTransport inMode(String name) {
        return new KcpGoTransport(Mode.of(name));
    }

    @Override
    public Endpoint open(Context context) {
        return new KcpEndpoint(context, mode);
    }
}
