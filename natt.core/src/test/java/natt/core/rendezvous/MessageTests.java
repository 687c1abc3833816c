package natt.core.rendezvous;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import natt.core.NodeKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;

class MessageTests {
    private static final NodeKey KEY = NodeKey.of(new byte[32]);
    private static final Optional<InetSocketAddress> FOUR =
            Optional.of(new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 40000));
    private static final Optional<InetSocketAddress> SIX =
            Optional.of(new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 1));

    static List<Message> messages() {
        var codes = List.of(Message.NameCode.OK, Message.NameCode.TAKEN);
        return List.of(
                new Message.Registered(3, true, false, codes, FOUR, 0, Optional.empty()),
                new Message.Registered(
                        255,
                        false,
                        true,
                        List.of(),
                        Optional.empty(),
                        30001,
                        Optional.of(InetAddress.ofLiteral("192.0.2.9"))),
                new Message.Resolve(4, "Bob"),
                new Message.Resolved(4, Optional.of(KEY)),
                new Message.Resolved(4, Optional.empty()),
                new Message.Open(5, KEY),
                new Message.Opened(5, Message.OpenCode.OK, 0x80000001),
                new Message.Opened(5, Message.OpenCode.FULL, 0),
                new Message.Invited(6, KEY),
                new Message.Grant(7),
                new Message.Granted(7, FOUR),
                new Message.Granted(7, SIX),
                new Message.Granted(7, Optional.empty()),
                new Message.Closed(8, Message.ClosedCode.QUOTA),
                new Message.Withdraw(9));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void whatIsWrittenIsRead(Message message) {
        assertEquals(message, Message.read(message.encode()));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void aMessageOfAnyOtherLengthIsMalformed(Message message) {
        byte[] whole = Arrays.copyOf(message.encode().array(), message.encode().limit());
        for (int length = 0; length < whole.length; length++) {
            assertNull(
                    Message.read(ByteBuffer.wrap(whole, 0, length)), "%d bytes".formatted(length));
        }
        assertNull(Message.read(ByteBuffer.wrap(Arrays.copyOf(whole, whole.length + 1))));
    }

    @Test
    void aRegistrationIsLaidOutAsDocumented() {
        var token = new byte[16];
        Arrays.fill(token, (byte) 0xaa);
        ByteBuffer written = new Message.Register(2, token, List.of("ab", "c")).encode();
        assertEquals(
                "0102" + "aa".repeat(16) + "02" + "026162" + "0163",
                HexFormat.of().formatHex(written.array(), 0, written.limit()));
        var read = assertInstanceOf(Message.Register.class, Message.read(written));
        assertArrayEquals(token, read.wakeToken());
        assertEquals(List.of("ab", "c"), read.names());
    }

    @Test
    void moreNamesThanANodeMayHaveAreMalformed() {
        var asked = ByteBuffer.allocate(19 + 5 * 2).put((byte) 1).put(18, (byte) 5);
        for (int i = 0; i < 5; i++) {
            asked.put(19 + 2 * i, (byte) 1);
        }
        assertNull(Message.read(asked.clear()));
    }

    @Test
    void aNodeAsksForNoMoreNamesThanItMayHave() {
        var five = new Message.Register(1, new byte[16], List.of("a", "b", "c", "d", "e"));
        assertThrows(IllegalArgumentException.class, five::encode);
        var shortToken = new Message.Register(1, new byte[15], List.of());
        assertThrows(IllegalArgumentException.class, shortToken::encode);
        var longName = new Message.Resolve(1, "a".repeat(64));
        assertThrows(IllegalArgumentException.class, longName::encode);
    }

    @Test
    void anUnknownFamilyIsMalformed() {
        ByteBuffer granted = new Message.Granted(7, FOUR).encode();
        assertNull(Message.read(granted.put(5, (byte) 5)));
    }

    @Test
    void anUnknownCodeIsReadAsOne() {
        ByteBuffer closed = new Message.Closed(8, Message.ClosedCode.IDLE).encode();
        assertEquals(
                new Message.Closed(8, Message.ClosedCode.UNSPECIFIED),
                Message.read(closed.put(5, (byte) 99)));
        ByteBuffer opened = new Message.Opened(8, Message.OpenCode.FULL, 0).encode();
        assertEquals(
                new Message.Opened(8, Message.OpenCode.NOT_ALLOWED, 0),
                Message.read(opened.put(2, (byte) 99)));
    }

    @Test
    void arbitraryBytesAreAMessageOrNone() {
        var random = new Random(7);
        for (int i = 0; i < 100_000; i++) {
            var bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            if (bytes.length > 0) {
                bytes[0] = (byte) random.nextInt(14);
            }
            Message read = Message.read(ByteBuffer.wrap(bytes));
            if (read != null && !(read instanceof Message.Resolve)) {
                assertEquals(bytes[0], read.encode().get(0));
            }
        }
    }

    @Test
    void namesAreComparedWithoutCase() {
        assertEquals(Optional.of("bob-2.home_1"), NodeName.normal("Bob-2.HOME_1"));
        assertEquals("bob", NodeName.parse("BOB"));
    }

    @Test
    void otherCharactersAreNoName() {
        for (String other : List.of("", "a b", "a:b", "a/b", "\u00e4", "\u212a", "a".repeat(64))) {
            assertEquals(Optional.empty(), NodeName.normal(other), other);
        }
        var refused = assertThrows(IllegalArgumentException.class, () -> NodeName.parse("a b"));
        assertEquals(
                "'a b' is not a name of 1 to 63 letters, digits, '-', '.' and '_'",
                refused.getMessage());
    }
}
