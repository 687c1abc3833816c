package natt.discovery.stun.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import natt.discovery.stun.proto.StunMessage.Decoded;
import natt.discovery.stun.proto.StunMessage.Kind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// The test vectors of RFC 5769.
class Rfc5769Tests {
    private static final String ID = "b7e7a701bc34d686fa87dfae";

    private static final String REQUEST_2_1 =
            "000100582112a442"
                    + ID
                    + "802200105354554e207465737420636c69656e74"
                    + "002400046e0001ff"
                    + "80290008932ff9b151263b36"
                    + "000600096576746a3a68367659202020"
                    + "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
                    + "80280004e57a3bcf";

    private static final String IPV4_RESPONSE_2_2 =
            "0101003c2112a442"
                    + ID
                    + "8022000b7465737420766563746f7220"
                    + "002000080001a147e112a643"
                    + "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
                    + "80280004c07d4c96";

    private static final String IPV6_RESPONSE_2_3 =
            "010100482112a442"
                    + ID
                    + "8022000b7465737420766563746f7220"
                    + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
                    + "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
                    + "80280004c8fb0b4c";

    private static final String LONG_TERM_REQUEST_2_4 =
            "000100602112a44278ad3433c6ad72c029da412e"
                    + "00060012e3839ee38388e383aae38383e382afe382b90000"
                    + "0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341"
                    + "0014000b6578616d706c652e6f726700"
                    + "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

    @Test
    void sampleRequestWithAnAttributeOfIceIsRead() {
        StunMessage message = decoded(REQUEST_2_1);
        assertEquals(Kind.REQUEST, message.kind());
        assertEquals(StunMessage.BINDING, message.method());
        assertEquals(new TransactionId(0xb7e7a701, 0xbc34d686fa87dfaeL), message.transactionId());
        assertEquals(Optional.empty(), message.mappedAddress());
        assertEquals(OptionalInt.of(0x0024), message.unknownRequired());
    }

    @Test
    void sampleIpv4ResponseNamesItsAddress() {
        StunMessage message = decoded(IPV4_RESPONSE_2_2);
        assertEquals(Kind.SUCCESS, message.kind());
        assertEquals(StunMessage.BINDING, message.method());
        assertEquals(
                Optional.of(new InetSocketAddress("192.0.2.1", 32853)), message.mappedAddress());
        assertEquals(OptionalInt.empty(), message.unknownRequired());
        assertEquals(OptionalInt.empty(), message.errorCode());
    }

    @Test
    void sampleIpv6ResponseNamesItsAddress() {
        assertEquals(
                Optional.of(new InetSocketAddress("2001:db8:1234:5678:11:2233:4455:6677", 32853)),
                decoded(IPV6_RESPONSE_2_3).mappedAddress());
    }

    @Test
    void sampleRequestWithLongTermAuthenticationIsRead() {
        StunMessage message = decoded(LONG_TERM_REQUEST_2_4);
        assertEquals(Kind.REQUEST, message.kind());
        assertEquals(OptionalInt.empty(), message.unknownRequired());
        assertEquals(new TransactionId(0x78ad3433, 0xc6ad72c029da412eL), message.transactionId());
    }

    /// Shows that the bytes above are the RFC's: its MESSAGE-INTEGRITY covers them.
    @ParameterizedTest
    @ValueSource(strings = {REQUEST_2_1, IPV4_RESPONSE_2_2, IPV6_RESPONSE_2_3})
    void vectorIsIntact(String vector) throws Exception {
        byte[] bytes = HexFormat.of().parseHex(vector);
        int integrity = bytes.length - 32;
        byte[] covered = Arrays.copyOf(bytes, integrity);
        ByteBuffer.wrap(covered).putShort(2, (short) (integrity + 24 - 20));
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec("VOkJxbRl1RmTxUk/WvJxBt".getBytes(), "HmacSHA1"));
        assertEquals(
                HexFormat.of().formatHex(bytes, integrity + 4, integrity + 24),
                HexFormat.of().formatHex(mac.doFinal(covered)));
    }

    @ParameterizedTest
    @ValueSource(strings = {IPV4_RESPONSE_2_2, IPV6_RESPONSE_2_3})
    void noFlippedBitMakesAnotherAddress(String vector) {
        Optional<InetSocketAddress> right = decoded(vector).mappedAddress();
        byte[] bytes = HexFormat.of().parseHex(vector);
        int accepted = 0;
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            if (StunMessage.decode(ByteBuffer.wrap(flipped)) instanceof Decoded.Ok(var message)) {
                assertEquals(right, message.mappedAddress(), "bit " + bit);
                accepted++;
            }
        }
        // Those that hide the fingerprint: the 16 bits of its type, and the bit of the length
        // before it that makes it a part of the integrity.
        assertEquals(17, accepted);
    }

    private static StunMessage decoded(String vector) {
        var bytes = ByteBuffer.wrap(HexFormat.of().parseHex(vector));
        return assertInstanceOf(Decoded.Ok.class, StunMessage.decode(bytes)).message();
    }
}
