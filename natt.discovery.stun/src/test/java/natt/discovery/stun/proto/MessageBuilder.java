package natt.discovery.stun.proto;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/// Writes STUN messages, right and wrong ones, independently of the code under test.
final class MessageBuilder {
    static final int REQUEST = 0x0001;
    static final int INDICATION = 0x0011;
    static final int SUCCESS = 0x0101;
    static final int ERROR = 0x0111;

    static final int MAPPED_ADDRESS = 0x0001;
    static final int ERROR_CODE = 0x0009;
    static final int XOR_MAPPED_ADDRESS = 0x0020;
    static final int OLD_XOR_MAPPED_ADDRESS = 0x8020;
    static final int SOFTWARE = 0x8022;
    static final int FINGERPRINT = 0x8028;

    private final int type;
    private final byte[] cookieAndId;
    private final ByteArrayOutputStream attributes = new ByteArrayOutputStream();

    MessageBuilder(int type, byte[] cookieAndId) {
        this.type = type;
        this.cookieAndId = cookieAndId.clone();
    }

    /// Answers a request.
    static MessageBuilder to(byte[] request, int type) {
        byte[] cookieAndId = new byte[16];
        System.arraycopy(request, 4, cookieAndId, 0, 16);
        return new MessageBuilder(type, cookieAndId);
    }

    MessageBuilder attribute(int attributeType, byte... value) {
        attributes.writeBytes(shorts(attributeType, value.length));
        attributes.writeBytes(value);
        attributes.writeBytes(new byte[-value.length & 3]);
        return this;
    }

    MessageBuilder plain(int attributeType, InetSocketAddress address) {
        return attribute(attributeType, encoded(address, new byte[16]));
    }

    MessageBuilder xored(int attributeType, InetSocketAddress address) {
        return attribute(attributeType, encoded(address, cookieAndId));
    }

    MessageBuilder fingerprint() {
        byte[] before = bytes(attributes.size() + 8);
        CRC32 crc = new CRC32();
        crc.update(before);
        int value = (int) crc.getValue() ^ 0x5354554E;
        return attribute(FINGERPRINT, ByteBuffer.allocate(4).putInt(value).array());
    }

    byte[] bytes() {
        return bytes(attributes.size());
    }

    /// Claims a length of its own.
    byte[] bytes(int claimedLength) {
        var all = new ByteArrayOutputStream();
        all.writeBytes(shorts(type, claimedLength));
        all.writeBytes(cookieAndId);
        all.writeBytes(attributes.toByteArray());
        return all.toByteArray();
    }

    private static byte[] encoded(InetSocketAddress address, byte[] mask) {
        byte[] ip = address.getAddress().getAddress();
        var value = ByteBuffer.allocate(4 + ip.length);
        value.put((byte) 0).put((byte) (ip.length == 4 ? 1 : 2));
        value.putShort((short) (address.getPort() ^ ByteBuffer.wrap(mask).getShort(0)));
        for (int i = 0; i < ip.length; i++) {
            value.put((byte) (ip[i] ^ mask[i]));
        }
        return value.array();
    }

    private static byte[] shorts(int first, int second) {
        return ByteBuffer.allocate(4).putShort((short) first).putShort((short) second).array();
    }
}
