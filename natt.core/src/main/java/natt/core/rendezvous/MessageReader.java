package natt.core.rendezvous;

import natt.core.NodeKey;
import natt.core.rendezvous.Message.ClosedCode;
import natt.core.rendezvous.Message.NameCode;
import natt.core.rendezvous.Message.OpenCode;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads one message. What is missing reads as zero and makes the whole malformed.
final class MessageReader {
    private final ByteBuffer in;
    private boolean broken;

    MessageReader(ByteBuffer in) {
        this.in = in;
    }

    @Nullable Message read() {
        Message message =
                switch (number(1)) {
                    case MessageWriter.REGISTER -> new Message.Register(id(), token(), names());
                    case MessageWriter.REGISTERED -> registered();
                    case MessageWriter.RESOLVE -> new Message.Resolve(id(), name());
                    case MessageWriter.RESOLVED -> resolved();
                    case MessageWriter.OPEN -> new Message.Open(id(), key());
                    case MessageWriter.OPENED -> opened();
                    case MessageWriter.INVITED -> new Message.Invited(channel(), key());
                    case MessageWriter.GRANT -> new Message.Grant(channel());
                    case MessageWriter.GRANTED -> new Message.Granted(channel(), address());
                    case MessageWriter.CLOSED -> new Message.Closed(channel(), closedCode());
                    case MessageWriter.WITHDRAW -> new Message.Withdraw(id());
                    default -> null;
                };
        return broken || in.hasRemaining() ? null : message;
    }

    private Message registered() {
        int id = id();
        int flags = number(1);
        int count = number(1);
        var codes = new ArrayList<NameCode>();
        broken |= count > Message.MOST_NAMES;
        for (int i = 0; i < count && !broken; i++) {
            codes.add(code(NameCode.values(), NameCode.NOT_ALLOWED));
        }
        return new Message.Registered(
                id,
                (flags & MessageWriter.NAMES_ALLOWED) != 0,
                (flags & MessageWriter.RELAY_ALLOWED) != 0,
                codes,
                address(),
                number(2),
                host(number(1)));
    }

    private Message resolved() {
        int id = id();
        boolean known = number(1) == 0;
        return new Message.Resolved(id, known ? Optional.of(key()) : Optional.empty());
    }

    private Message opened() {
        int id = id();
        OpenCode code = code(OpenCode.values(), OpenCode.NOT_ALLOWED);
        return new Message.Opened(id, code, code == OpenCode.OK ? channel() : 0);
    }

    private ClosedCode closedCode() {
        return code(ClosedCode.values(), ClosedCode.UNSPECIFIED);
    }

    private <E> E code(E[] known, E other) {
        int number = number(1);
        return number < known.length ? known[number] : other;
    }

    private int id() {
        return number(1);
    }

    private int channel() {
        return number(4);
    }

    /// A number of so many bytes.
    private int number(int length) {
        int number = 0;
        if (has(length)) {
            for (int i = 0; i < length; i++) {
                number = number << 8 | Byte.toUnsignedInt(in.get());
            }
        }
        return number;
    }

    private boolean has(int length) {
        broken |= in.remaining() < length;
        return !broken;
    }

    private byte[] bytes(int length) {
        var bytes = new byte[length];
        if (has(length)) {
            in.get(bytes);
        }
        return bytes;
    }

    private byte[] token() {
        return bytes(Message.TOKEN_LENGTH);
    }

    private NodeKey key() {
        return NodeKey.of(bytes(NodeKey.LENGTH));
    }

    private List<String> names() {
        int count = number(1);
        var names = new ArrayList<String>();
        broken |= count > Message.MOST_NAMES;
        for (int i = 0; i < count && !broken; i++) {
            names.add(name());
        }
        return names;
    }

    /// Whether it is a name is for the broker to say: what is no character of one stays so.
    private String name() {
        return new String(bytes(number(1)), StandardCharsets.ISO_8859_1);
    }

    private Optional<InetSocketAddress> address() {
        int family = number(1);
        if (family == 0) {
            return Optional.empty();
        }
        int port = number(2);
        return host(family).map(host -> new InetSocketAddress(host, port));
    }

    private Optional<InetAddress> host(int family) {
        int length = family == 4 ? 4 : family == 6 ? 16 : 0;
        broken |= length == 0 && family != 0;
        byte[] bytes = bytes(length);
        try {
            return length == 0 || broken
                    ? Optional.empty()
                    : Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("4 or 16 bytes are an address", wrongLength);
        }
    }
}
