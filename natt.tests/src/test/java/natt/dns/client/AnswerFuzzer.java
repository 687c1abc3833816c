package natt.dns.client;

import natt.core.TextFuzzer;
import natt.dns.client.Exchange.Reply;
import natt.tests.fuzz.Input;

import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

import java.nio.ByteBuffer;

/// Any datagram from a DNS server is an answer, a malformed one or none. The input: which type was
/// asked for, and a message from its flags on; the id is right.
public final class AnswerFuzzer {
    private static final int[] TYPES = {Type.A, Type.TXT, Type.NS, Type.SRV, Type.AAAA};
    private static final Name NAME = name();

    private AnswerFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        int type = TYPES[input.choice(TYPES.length)];
        byte[] rest = input.rest();
        Message query = Message.newQuery(Record.newRecord(NAME, type, DClass.IN));
        query.getHeader().setID(0x1234);
        var datagram = ByteBuffer.allocate(2 + rest.length).putShort((short) 0x1234).put(rest);
        if (Exchange.decode(query, datagram.flip()).orElse(null)
                instanceof Reply.Answered(var message)) {
            DnsResolver.fault(message, true).ifPresent(TextFuzzer::requirePrintable);
            DnsResolver.fault(message, false);
            Name end = DnsResolver.endOfAliases(message, NAME);
            DnsResolver.contents(message, end, type);
            DnsResolver.nameServers(message, NAME);
            DnsResolver.apexAbove(message, NAME);
        }
    }

    private static Name name() {
        try {
            return Name.fromString("a.example.", Name.root);
        } catch (TextParseException e) {
            throw new AssertionError("a plain name", e);
        }
    }
}
