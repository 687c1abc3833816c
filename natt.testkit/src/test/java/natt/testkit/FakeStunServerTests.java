package natt.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.spi.Engine;
import natt.testkit.FakeStunServer.Answer;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

class FakeStunServerTests {

    private static final String ID = "0102030405060708090a0b0c";

    private final SimNetwork network = new SimNetwork(5);
    private final List<String> answers = new ArrayList<>();
    private final SimHost server = network.internet().addHost("stun", "192.0.2.1", "192.0.2.2");
    private final SimPort client =
            network.internet().addHost("client", "198.51.100.7").bind(0x3039, new Recorder());

    @Test // 198.51.100.7:12345 is c6336407 and 3039; the mask is 2112a442 and 2112.
    void bindingRequestsAreAnsweredWithTheMaskedSource() {
        var stun = new FakeStunServer(network.internet().addHost("s", "192.0.2.3"), 3478);
        ask(stun.address(), "");
        assertEquals(
                List.of("192.0.2.3:3478 0101000c2112a442" + ID + "002000080001" + "112be721c045"),
                answers);
        assertEquals(1, stun.requests());
        assertEquals(1, stun.answered());
    }

    @Test
    void sixteenByteAddressesAreMaskedWithTheTransactionIdToo() {
        var stun = new FakeStunServer(network.internet().addHost("s", "2001:db8::1"), 3478);
        var far = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::abcd"), 80);
        stun.answer(new Answer.Lying(far));
        var six = network.internet().addHost("six", "2001:db8::2").bind(1, new Recorder());
        six.send(stun.address(), HexFormat.of().parseHex("000100002112a442" + ID));
        network.runFor(Duration.ofSeconds(1));
        assertEquals(1, answers.size());
        assertTrue(
                answers.get(0)
                        .endsWith(
                                ID
                                        + "0020001400022142"
                                        + "0113a9fa"
                                        + "010203040506070809"
                                        + "0aa0c1"),
                answers.get(0));
    }

    @Test
    void serversCanLieRefuseBeOldOrSilent() {
        var stun = new FakeStunServer(server, 3478);
        InetAddress claimed = InetAddress.ofLiteral("203.0.113.5");
        stun.answer(new Answer.Lying(new InetSocketAddress(claimed, 1)));
        ask(stun.address(), "");
        stun.answer(new Answer.MappedAddressOnly());
        ask(stun.address(), "");
        stun.answer(new Answer.Refusing(420));
        ask(stun.address(), "");
        stun.answer(new Answer.Silent());
        ask(stun.address(), "");
        String from = "192.0.2.1:3478 ";
        assertEquals(
                List.of(
                        from + "0101000c2112a442" + ID + "0020000800012113ea12d547",
                        from + "0101000c2112a442" + ID + "0001000800013039c6336407",
                        from + "011100082112a442" + ID + "0009000400000414"),
                answers);
        assertEquals(4, stun.requests());
        assertEquals(3, stun.answered());
    }

    @Test
    void withTwoAddressesAndPortsItAnswersFromWhereItIsAsked() {
        var stun = new FakeStunServer(server, 3478, 3479);
        assertEquals(4, stun.addresses().size());
        for (String flags : List.of("00", "02", "04", "06")) {
            ask(stun.address(), "00030004000000" + flags);
        }
        assertEquals(
                List.of("192.0.2.1:3478", "192.0.2.1:3479", "192.0.2.2:3478", "192.0.2.2:3479"),
                answers.stream().map(answer -> answer.split(" ")[0]).toList());
        // RESPONSE-ORIGIN is 192.0.2.2:3479 in the last, OTHER-ADDRESS in all.
        assertTrue(answers.getLast().contains("802b000800010d97c0000202"));
        assertTrue(answers.stream().allMatch(a -> a.contains("802c000800010d97c0000202")));
    }

    @Test
    void changesThatItCannotMakeAreNotAnswered() {
        var stun = new FakeStunServer(network.internet().addHost("s", "192.0.2.3"), 3478);
        ask(stun.address(), "0003000400000002");
        ask(stun.address(), "0003000400000004");
        assertEquals(List.of(), answers);
        assertEquals(2, stun.requests());
    }

    @Test
    void otherMessagesAreNotTaken() {
        var stun = new FakeStunServer(server, 3478);
        var good = "000100002112a442" + ID;
        for (String bad :
                List.of(
                        "",
                        good.substring(2),
                        "0101" + good.substring(4),
                        good.replace("2112", "2113"),
                        good + "00",
                        good.replace("00010000", "00010004"))) {
            client.send(stun.address(), HexFormat.of().parseHex(bad));
        }
        network.runFor(Duration.ofSeconds(1));
        assertEquals(0, stun.requests());
        assertEquals(6, network.trace().count(SimFate.UNCLAIMED));
    }

    private void ask(InetSocketAddress at, String attributes) {
        String head = "0001%04x2112a442".formatted(attributes.length() / 2);
        client.send(at, HexFormat.of().parseHex(head + ID + attributes));
        network.runFor(Duration.ofSeconds(1));
    }

    /// Takes everything and notes it.
    private final class Recorder implements Engine {
        @Override
        public boolean handleDatagram(InetSocketAddress from, ByteBuffer datagram, long now) {
            byte[] bytes = new byte[datagram.remaining()];
            datagram.get(bytes);
            String source = from.getAddress().getHostAddress() + ":" + from.getPort();
            answers.add(source + " " + HexFormat.of().formatHex(bytes));
            return true;
        }

        @Override
        public void handleTimeout(long nowNanos) {
            throw new AssertionError("it has no deadline");
        }

        @Override
        public InetSocketAddress pollTransmit(ByteBuffer into, long nowNanos) {
            return null;
        }

        @Override
        public long nanosUntilTimeout(long nowNanos) {
            return NEVER;
        }
    }
}
