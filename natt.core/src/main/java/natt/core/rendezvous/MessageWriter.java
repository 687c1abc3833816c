package natt.core.rendezvous;

import natt.core.NodeKey;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Writes messages.
final class MessageWriter {
    static final int REGISTER = 1;
    static final int REGISTERED = 2;
    static final int RESOLVE = 3;
    static final int RESOLVED = 4;
    static final int OPEN = 5;
    static final int OPENED = 6;
    static final int INVITED = 8;
    static final int GRANT = 9;
    static final int GRANTED = 10;
    static final int CLOSED = 11;
    static final int WITHDRAW = 12;

    static final int NAMES_ALLOWED = 1;
    static final int RELAY_ALLOWED = 2;

    /// REGISTER with four names of the greatest length is the longest: 275 bytes.
    private static final int MOST_LENGTH = 320;

    private final ByteBuffer out = ByteBuffer.allocate(MOST_LENGTH);

    private MessageWriter() {}

    static ByteBuffer write(Message message) {
        var writer = new MessageWriter();
        writer.put(message);
        return writer.out.flip();
    }

    private void put(Message message) {
        switch (message) {
            case Message.Register(var id, var token, var names) -> {
                if (token.length != Message.TOKEN_LENGTH || names.size() > Message.MOST_NAMES) {
                    throw new IllegalArgumentException(
                            "a token of %d bytes and %d names"
                                    .formatted(token.length, names.size()));
                }
                begin(REGISTER, id).put(token).put((byte) names.size());
                names.forEach(this::put);
            }
            case Message.Registered registered -> put(registered);
            case Message.Resolve(var id, var name) -> {
                begin(RESOLVE, id);
                put(name);
            }
            case Message.Resolved(var id, var key) -> {
                begin(RESOLVED, id).put((byte) (key.isPresent() ? 0 : 1));
                key.map(NodeKey::bytes).ifPresent(out::put);
            }
            case Message.Open(var id, var peer) -> begin(OPEN, id).put(peer.bytes());
            case Message.Opened(var id, var code, var channel) -> {
                begin(OPENED, id).put((byte) code.ordinal());
                if (code == Message.OpenCode.OK) {
                    out.putInt(channel);
                }
            }
            case Message.Invited(var channel, var caller) ->
                    beginChannel(INVITED, channel).put(caller.bytes());
            case Message.Grant(var channel) -> beginChannel(GRANT, channel);
            case Message.Granted(var channel, var peer) -> {
                beginChannel(GRANTED, channel);
                putAddress(peer);
            }
            case Message.Closed(var channel, var code) ->
                    beginChannel(CLOSED, channel).put((byte) code.ordinal());
            case Message.Withdraw(var id) -> begin(WITHDRAW, id);
        }
    }

    private void put(Message.Registered registered) {
        int flags =
                (registered.namesAllowed() ? NAMES_ALLOWED : 0)
                        | (registered.relayAllowed() ? RELAY_ALLOWED : 0);
        begin(REGISTERED, registered.id()).put((byte) flags);
        out.put((byte) registered.names().size());
        registered.names().forEach(code -> out.put((byte) code.ordinal()));
        putAddress(registered.observed());
        out.putShort((short) registered.stunPort());
        registered.stunAddress().ifPresentOrElse(this::putFamily, () -> out.put((byte) 0));
        registered.stunAddress().map(InetAddress::getAddress).ifPresent(out::put);
    }

    private ByteBuffer begin(int type, int id) {
        return out.put((byte) type).put((byte) id);
    }

    private ByteBuffer beginChannel(int type, int channel) {
        return out.put((byte) type).putInt(channel);
    }

    private void put(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length > NodeName.MOST_LENGTH) {
            throw new IllegalArgumentException("a name of %d bytes".formatted(bytes.length));
        }
        out.put((byte) bytes.length).put(bytes);
    }

    private void putAddress(Optional<InetSocketAddress> address) {
        if (address.isEmpty()) {
            out.put((byte) 0);
            return;
        }
        InetAddress host = address.get().getAddress();
        putFamily(host);
        out.putShort((short) address.get().getPort()).put(host.getAddress());
    }

    private void putFamily(InetAddress host) {
        out.put((byte) (host instanceof Inet4Address ? 4 : 6));
    }
}
