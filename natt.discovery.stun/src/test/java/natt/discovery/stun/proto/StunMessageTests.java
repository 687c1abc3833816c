package natt.discovery.stun.proto;

import static natt.discovery.stun.proto.MessageBuilder.ERROR;
import static natt.discovery.stun.proto.MessageBuilder.ERROR_CODE;
import static natt.discovery.stun.proto.MessageBuilder.MAPPED_ADDRESS;
import static natt.discovery.stun.proto.MessageBuilder.OLD_XOR_MAPPED_ADDRESS;
import static natt.discovery.stun.proto.MessageBuilder.SOFTWARE;
import static natt.discovery.stun.proto.MessageBuilder.SUCCESS;
import static natt.discovery.stun.proto.MessageBuilder.XOR_MAPPED_ADDRESS;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.discovery.stun.proto.StunMessage.Decoded;
import natt.discovery.stun.proto.StunMessage.Flaw;
import natt.discovery.stun.proto.StunMessage.Kind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

class StunMessageTests {
    private static final byte[] COOKIE_AND_ID =
            HexFormat.of().parseHex("2112a442" + "000102030405060708090a0b");
    private static final TransactionId ID = new TransactionId(0x00010203, 0x0405060708090a0bL);
    private static final InetSocketAddress IPV4 = new InetSocketAddress("203.0.113.7", 41233);
    private static final InetSocketAddress IPV6 = new InetSocketAddress("2001:db8::7", 41233);
    private static final InetSocketAddress OTHER = new InetSocketAddress("198.51.100.9", 9);

    @Test
    void requestIsAHeaderAndNothingElse() {
        var into = ByteBuffer.allocate(64);
        StunMessage.writeBindingRequest(ID, into);
        assertArrayEquals(
                HexFormat.of().parseHex("000100002112a442000102030405060708090a0b"),
                Arrays.copyOf(into.array(), into.position()));
    }

    @Test
    void requestReadsAsWritten() {
        var into = ByteBuffer.allocate(64);
        StunMessage.writeBindingRequest(ID, into);
        StunMessage message = ok(into.flip());
        assertEquals(Kind.REQUEST, message.kind());
        assertEquals(StunMessage.BINDING, message.method());
        assertEquals(ID, message.transactionId());
    }

    @Test
    void mappedAddressAloneIsEnough() {
        assertEquals(Optional.of(IPV4), ok(success().plain(MAPPED_ADDRESS, IPV4)).mappedAddress());
        assertEquals(Optional.of(IPV6), ok(success().plain(MAPPED_ADDRESS, IPV6)).mappedAddress());
    }

    @Test
    void xoredAddressOfTheDraftsIsRead() {
        assertEquals(
                Optional.of(IPV4),
                ok(success().xored(OLD_XOR_MAPPED_ADDRESS, IPV4)).mappedAddress());
        assertEquals(
                Optional.of(IPV6),
                ok(success().xored(OLD_XOR_MAPPED_ADDRESS, IPV6)).mappedAddress());
    }

    @Test
    void xoredAddressIsPreferredWhereverItStands() {
        var message =
                success()
                        .plain(MAPPED_ADDRESS, OTHER)
                        .xored(OLD_XOR_MAPPED_ADDRESS, OTHER)
                        .xored(XOR_MAPPED_ADDRESS, IPV4)
                        .xored(XOR_MAPPED_ADDRESS, OTHER);
        assertEquals(Optional.of(IPV4), ok(message).mappedAddress());
        var older = success().plain(MAPPED_ADDRESS, OTHER).xored(OLD_XOR_MAPPED_ADDRESS, IPV4);
        assertEquals(Optional.of(IPV4), ok(older).mappedAddress());
    }

    @Test
    void ipv4MappedIpv6AddressIsAnIpv4Address() {
        byte[] value = HexFormat.of().parseHex("0002a111" + "00000000000000000000ffffcb007107");
        assertEquals(
                Optional.of(IPV4), ok(success().attribute(MAPPED_ADDRESS, value)).mappedAddress());
    }

    @Test
    void attributesOfRfc3489ServersAreUnderstood() {
        var message =
                success()
                        .plain(MAPPED_ADDRESS, IPV4)
                        .plain(0x0004, OTHER)
                        .plain(0x0005, OTHER)
                        .plain(0x000B, OTHER);
        assertEquals(OptionalInt.empty(), ok(message).unknownRequired());
    }

    @Test
    void unknownAttributeThatMustBeUnderstoodIsNamed() {
        var message =
                success()
                        .attribute(0x8FFF, (byte) 1)
                        .attribute(0x7FFF, (byte) 1)
                        .attribute(0x0026)
                        .xored(XOR_MAPPED_ADDRESS, IPV4);
        assertEquals(OptionalInt.of(0x7FFF), ok(message).unknownRequired());
        assertEquals(Optional.of(IPV4), ok(message).mappedAddress());
    }

    @Test
    void attributesBehindTheIntegrityDoNotCount() {
        for (int integrity : new int[] {0x0008, 0x001C}) {
            var message =
                    success()
                            .attribute(integrity, new byte[integrity == 0x0008 ? 20 : 32])
                            .xored(XOR_MAPPED_ADDRESS, IPV4)
                            .attribute(0x7FFF)
                            .fingerprint();
            assertEquals(Optional.empty(), ok(message).mappedAddress());
            assertEquals(OptionalInt.empty(), ok(message).unknownRequired());
        }
    }

    @ParameterizedTest
    @CsvSource({"3,0,300", "4,20,420", "5,0,500", "6,99,699"})
    void errorCodeIsRead(int hundreds, int number, int code) {
        var message =
                new MessageBuilder(ERROR, COOKIE_AND_ID)
                        .attribute(ERROR_CODE, (byte) 0, (byte) 0, (byte) hundreds, (byte) number)
                        .attribute(ERROR_CODE, (byte) 0, (byte) 0, (byte) 4, (byte) 4);
        assertEquals(Kind.ERROR, ok(message).kind());
        assertEquals(OptionalInt.of(code), ok(message).errorCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"000004", "00000200", "00000700", "00000464", "000004ff", ""})
    void impossibleErrorCodeIsAFlaw(String value) {
        var message =
                new MessageBuilder(ERROR, COOKIE_AND_ID)
                        .attribute(ERROR_CODE, HexFormat.of().parseHex(value));
        assertEquals(Flaw.BAD_ERROR_CODE, flaw(message.bytes()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "0001",
                "0001a111cb0071",
                "0001a111cb007107ff",
                "0002a111cb007107",
                "0000a111cb007107",
                "0001a11120010db8000000000000000000000007",
                "ff03a11120010db8000000000000000000000007"
            })
    void addressOfAnotherShapeIsAFlaw(String value) {
        byte[] bytes = HexFormat.of().parseHex(value);
        for (int type : new int[] {MAPPED_ADDRESS, XOR_MAPPED_ADDRESS, OLD_XOR_MAPPED_ADDRESS}) {
            assertEquals(Flaw.BAD_ADDRESS, flaw(success().attribute(type, bytes).bytes()));
        }
    }

    @Test
    void lengthMustBeThatOfTheDatagram() {
        byte[] message = success().xored(XOR_MAPPED_ADDRESS, IPV4).bytes();
        assertEquals(
                Flaw.LENGTH_IS_NOT_THE_DATAGRAMS, flaw(Arrays.copyOf(message, message.length + 4)));
        assertEquals(
                Flaw.LENGTH_IS_NOT_THE_DATAGRAMS, flaw(Arrays.copyOf(message, message.length + 1)));
        for (int claimed : new int[] {0, 1, 3, 8, 11, 13, 16, 65535, 65532}) {
            assertEquals(
                    Flaw.LENGTH_IS_NOT_THE_DATAGRAMS,
                    flaw(success().xored(XOR_MAPPED_ADDRESS, IPV4).bytes(claimed)));
        }
    }

    @Test
    void everyTruncationIsAFlaw() {
        byte[] message =
                success()
                        .attribute(SOFTWARE, "a server".getBytes())
                        .xored(XOR_MAPPED_ADDRESS, IPV6)
                        .fingerprint()
                        .bytes();
        for (int length = 0; length < message.length; length++) {
            assertEquals(
                    length < 20 ? Flaw.TRUNCATED_HEADER : Flaw.LENGTH_IS_NOT_THE_DATAGRAMS,
                    flaw(Arrays.copyOf(message, length)));
        }
    }

    @Test
    void attributeThatReachesBeyondTheMessageIsAFlaw() {
        byte[] message = success().attribute(SOFTWARE, new byte[8]).bytes();
        for (int claimed : new int[] {9, 12, 0x7FFF, 0x8000, 0xFFFC, 0xFFFF}) {
            ByteBuffer.wrap(message).putShort(22, (short) claimed);
            assertEquals(Flaw.TRUNCATED_ATTRIBUTE, flaw(message));
        }
    }

    @Test
    void otherProtocolsAreNotStun() {
        byte[] message = success().bytes();
        byte[] withoutCookie = message.clone();
        withoutCookie[4] ^= 1;
        assertEquals(Flaw.NOT_STUN, flaw(withoutCookie));
        for (int bits : new int[] {0x40, 0x80, 0xC0}) {
            byte[] withLeadingBits = message.clone();
            withLeadingBits[0] |= (byte) bits;
            assertEquals(Flaw.NOT_STUN, flaw(withLeadingBits));
        }
    }

    @Test
    void fingerprintMustBeRightAndLast() {
        assertEquals(
                Optional.of(IPV4),
                ok(success().xored(XOR_MAPPED_ADDRESS, IPV4).fingerprint()).mappedAddress());
        byte[] wrong = success().xored(XOR_MAPPED_ADDRESS, IPV4).fingerprint().bytes();
        wrong[wrong.length - 1] ^= 1;
        assertEquals(Flaw.BAD_FINGERPRINT, flaw(wrong));
        assertEquals(
                Flaw.BAD_FINGERPRINT,
                flaw(success().fingerprint().xored(XOR_MAPPED_ADDRESS, IPV4).bytes()));
        assertEquals(
                Flaw.BAD_FINGERPRINT,
                flaw(success().attribute(MessageBuilder.FINGERPRINT, new byte[3]).bytes()));
    }

    @Test
    void typeIsTakenApartIntoClassAndMethod() {
        record Expected(int type, Kind kind, int method) {}
        for (var expected :
                new Expected[] {
                    new Expected(0x0001, Kind.REQUEST, 1),
                    new Expected(0x0011, Kind.INDICATION, 1),
                    new Expected(0x0101, Kind.SUCCESS, 1),
                    new Expected(0x0111, Kind.ERROR, 1),
                    new Expected(0x0113, Kind.ERROR, 3),
                    new Expected(0x3EEF, Kind.REQUEST, 0xFFF),
                    new Expected(0x3FFF, Kind.ERROR, 0xFFF)
                }) {
            StunMessage message = ok(new MessageBuilder(expected.type(), COOKIE_AND_ID));
            assertEquals(expected, new Expected(expected.type(), message.kind(), message.method()));
        }
    }

    @Test
    void positionByteOrderAndKindOfBufferDoNotMatter() {
        byte[] message = success().xored(XOR_MAPPED_ADDRESS, IPV4).fingerprint().bytes();
        var direct = ByteBuffer.allocateDirect(2048).order(ByteOrder.LITTLE_ENDIAN);
        direct.position(7).put(message).limit(7 + message.length).position(7);
        assertTrue(StunMessage.carries(ID, direct));
        assertEquals(Optional.of(IPV4), ok(direct).mappedAddress());
    }

    @Test
    void idIsRecognisedOnlyInAStunHeader() {
        byte[] message = success().bytes();
        assertTrue(StunMessage.carries(ID, ByteBuffer.wrap(message)));
        for (int bit = 0; bit < 160; bit++) {
            byte[] flipped = message.clone();
            flipped[bit / 8] ^= (byte) (0x80 >> bit % 8);
            boolean typeOrLength = bit >= 2 && bit < 32;
            assertEquals(typeOrLength, StunMessage.carries(ID, ByteBuffer.wrap(flipped)));
        }
        assertFalse(StunMessage.carries(ID, ByteBuffer.wrap(message, 0, 19)));
    }

    @Test
    void hundredThousandMutationsGiveResultsOfEveryKindAndNoException() {
        var random = new Random(8489);
        byte[][] originals = {
            success().xored(XOR_MAPPED_ADDRESS, IPV4).fingerprint().bytes(),
            success().attribute(SOFTWARE, new byte[5]).plain(MAPPED_ADDRESS, IPV6).bytes(),
            new MessageBuilder(ERROR, COOKIE_AND_ID)
                    .attribute(ERROR_CODE, (byte) 0, (byte) 0, (byte) 4, (byte) 20)
                    .attribute(0x000A, (byte) 0, (byte) 3)
                    .bytes()
        };
        var flaws = EnumSet.noneOf(Flaw.class);
        int readable = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] original = originals[random.nextInt(originals.length)];
            byte[] mutant = Arrays.copyOf(original, original.length + random.nextInt(-4, 5));
            if (random.nextBoolean()) {
                ByteBuffer.wrap(mutant).putShort(2, (short) (mutant.length - 20));
            }
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                mutant[random.nextInt(mutant.length)] = (byte) random.nextInt();
            }
            switch (StunMessage.decode(ByteBuffer.wrap(mutant))) {
                case Decoded.Ok _ -> readable++;
                case Decoded.Malformed(var flaw) -> flaws.add(flaw);
            }
        }
        assertEquals(EnumSet.complementOf(EnumSet.of(Flaw.TRUNCATED_HEADER)), flaws, "found flaws");
        assertTrue(readable > 1000, () -> "too few readable mutants to mean anything");
    }

    @Test
    void randomBytesBehindAGoodHeaderNeverThrow() {
        var random = new Random(5769);
        int malformed = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] message = new byte[20 + 4 * random.nextInt(20)];
            random.nextBytes(message);
            ByteBuffer.wrap(message)
                    .putShort(0, (short) SUCCESS)
                    .putShort(2, (short) (message.length - 20))
                    .putInt(4, StunMessage.MAGIC_COOKIE);
            if (StunMessage.decode(ByteBuffer.wrap(message)) instanceof Decoded.Malformed) {
                malformed++;
            }
        }
        assertTrue(malformed > 90_000);
    }

    private static MessageBuilder success() {
        return new MessageBuilder(SUCCESS, COOKIE_AND_ID);
    }

    private static StunMessage ok(MessageBuilder message) {
        return ok(ByteBuffer.wrap(message.bytes()));
    }

    private static StunMessage ok(ByteBuffer message) {
        return assertInstanceOf(Decoded.Ok.class, StunMessage.decode(message)).message();
    }

    private static Flaw flaw(byte[] message) {
        return assertInstanceOf(
                        Decoded.Malformed.class, StunMessage.decode(ByteBuffer.wrap(message)))
                .flaw();
    }
}
