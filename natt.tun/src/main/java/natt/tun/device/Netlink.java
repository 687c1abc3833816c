package natt.tun.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A message of netlink, written front to back (`netlink(7)`, `rtnetlink(7)`).
///
/// ```text
/// 0        4      6       8     12    16
/// | length | type | flags | seq | pid | fixed part, attributes
/// attribute: | length (2) | type (2) | content, filled up to 4 bytes |
/// ```
/// Numbers are in the processor's order, addresses in that of the network.
final class Netlink {
    static final int HEADER_BYTES = 16;

    static final int NLMSG_ERROR = 2;
    static final int NLMSG_DONE = 3;
    static final int NLM_F_REQUEST = 1;
    static final int NLM_F_ACK = 4;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_CREATE = 0x400;

    private static final int ATTRIBUTE_HEADER_BYTES = 4;
    private static final int NLA_F_NESTED = 0x8000;
    private static final int TYPE_MASK = 0x3fff;
    private static final int MOST_BYTES = 512;

    private final ByteBuffer out = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.nativeOrder());

    /// @param flags besides those of every request
    Netlink(int type, int flags) {
        out.position(4);
        out.putShort((short) type).putShort((short) (flags | NLM_F_REQUEST)).putInt(0).putInt(0);
    }

    Netlink bytes(int... values) {
        for (int each : values) {
            out.put((byte) each);
        }
        return this;
    }

    Netlink number(int value) {
        out.putInt(value);
        return this;
    }

    Netlink attribute(int type, byte[] content) {
        out.putShort((short) (ATTRIBUTE_HEADER_BYTES + content.length)).putShort((short) type);
        out.put(content);
        return pad();
    }

    Netlink attribute(int type, int number) {
        out.putShort((short) (ATTRIBUTE_HEADER_BYTES + Integer.BYTES)).putShort((short) type);
        out.putInt(number);
        return this;
    }

    Netlink attribute(int type, String text) {
        return attribute(type, (text + "\0").getBytes(StandardCharsets.UTF_8));
    }

    /// Begins an attribute that holds others.
    ///
    /// @return what [#end] wants to know
    int begin(int type) {
        int at = out.position();
        out.putShort((short) 0).putShort((short) (type | NLA_F_NESTED));
        return at;
    }

    Netlink end(int begun) {
        out.putShort(begun, (short) (out.position() - begun));
        return this;
    }

    private Netlink pad() {
        out.position(out.position() + 3 & ~3);
        return this;
    }

    /// The whole message.
    ///
    /// @param sequence by which answers are known
    ByteBuffer message(int sequence) {
        out.putInt(0, out.position()).putInt(8, sequence);
        return out.duplicate().flip();
    }

    /// Finds an attribute among those that fill the rest of a buffer; the buffer stays as it is.
    ///
    /// @return its content in the processor's order
    static Optional<ByteBuffer> find(ByteBuffer attributes, int type) {
        int at = attributes.position();
        while (at + ATTRIBUTE_HEADER_BYTES <= attributes.limit()) {
            int length = Short.toUnsignedInt(attributes.getShort(at));
            if (length < ATTRIBUTE_HEADER_BYTES || at + length > attributes.limit()) {
                return Optional.empty();
            }
            if ((attributes.getShort(at + 2) & TYPE_MASK) == type) {
                return Optional.of(
                        attributes
                                .slice(at + ATTRIBUTE_HEADER_BYTES, length - ATTRIBUTE_HEADER_BYTES)
                                .order(ByteOrder.nativeOrder()));
            }
            at += length + 3 & ~3;
        }
        return Optional.empty();
    }

    /// The content of an attribute of text, without the zero at its end.
    static String text(ByteBuffer content) {
        var bytes = new byte[content.remaining()];
        content.get(content.position(), bytes);
        String all = new String(bytes, StandardCharsets.UTF_8);
        int end = all.indexOf('\0');
        return end < 0 ? all : all.substring(0, end);
    }

    /// A number of 1 or 4 bytes.
    static int number(ByteBuffer content) {
        return content.remaining() >= Integer.BYTES
                ? content.getInt(0)
                : Byte.toUnsignedInt(content.get(0));
    }
}
