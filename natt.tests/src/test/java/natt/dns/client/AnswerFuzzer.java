package natt.dns.client;

import natt.core.TextFuzzer;
import natt.dns.client.DnsMessage.Question;
import natt.dns.client.Exchange.Query;
import natt.dns.client.Exchange.Reply;
import natt.tests.fuzz.Input;

import java.nio.ByteBuffer;

/// Any datagram from a DNS server is an answer, a malformed one or none. The input: which type was
/// asked for, and a message from its flags on; the id is right.
public final class AnswerFuzzer {
    private static final int[] TYPES = {
        DnsMessage.A, DnsMessage.TXT, DnsMessage.NS, DnsMessage.SRV, DnsMessage.AAAA
    };
    private static final DnsName NAME = DnsName.parse("a.example");

    private AnswerFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        int type = TYPES[input.choice(TYPES.length)];
        byte[] rest = input.rest();
        var query = new Query(0x1234, new Question(NAME, type), new byte[0]);
        var datagram = ByteBuffer.allocate(2 + rest.length).putShort((short) 0x1234).put(rest);
        if (Exchange.decode(query, datagram.flip()).orElse(null)
                instanceof Reply.Answered(var message)) {
            DnsResolver.fault(message, true).ifPresent(TextFuzzer::requirePrintable);
            DnsResolver.fault(message, false);
            DnsName end = DnsResolver.endOfAliases(message, NAME);
            DnsResolver.contents(message, end, type);
            DnsResolver.nameServers(message, NAME);
            DnsResolver.apexAbove(message, NAME);
        }
    }
}
