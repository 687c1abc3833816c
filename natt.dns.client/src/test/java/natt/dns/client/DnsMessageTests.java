package natt.dns.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.dns.client.DnsMessage.MalformedException;
import natt.dns.client.DnsMessage.Question;
import natt.dns.client.DnsMessage.Resource;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

class DnsMessageTests {
    private static final Name HOST = Name.fromConstantString("home.lab.test.");
    private static final Name OTHER = Name.fromConstantString("Other.lab.test.");

    /// The header of a response with one question and so many answers, and a question about the
    /// name `a`, which is at byte 12.
    private static String response(int answers) {
        return "12348180" + "0001%04x00000000".formatted(answers) + "01610000100001";
    }

    private static DnsMessage read(String hex) throws MalformedException {
        return DnsMessage.read(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    private static DnsMessage read(Message message) throws MalformedException {
        return DnsMessage.read(ByteBuffer.wrap(message.toWire()));
    }

    @Test
    void aQueryIsWhatOthersRead() throws Exception {
        var question = new Question(DnsName.parse("home.lab.test"), DnsMessage.TXT);
        var query = new Message(DnsMessage.query(0xabcd, question, true, 1232));
        assertEquals(0xabcd, query.getHeader().getID());
        assertTrue(query.getHeader().getFlag(Flags.RD));
        assertEquals(Record.newRecord(HOST, DnsMessage.TXT, DClass.IN), query.getQuestion());
        assertEquals(1232, query.getOPT().getPayloadSize());
        var plain = new Message(DnsMessage.query(1, question, false, 0));
        assertFalse(plain.getHeader().getFlag(Flags.RD));
        assertEquals(null, plain.getOPT());
    }

    @Test
    void compressedNamesAreRead() throws Exception {
        var message = new Message(7);
        message.getHeader().setFlag(Flags.QR);
        message.addRecord(Record.newRecord(HOST, DnsMessage.SRV, DClass.IN), Section.QUESTION);
        message.addRecord(new CNAMERecord(HOST, DClass.IN, 60, OTHER), Section.ANSWER);
        message.addRecord(new SRVRecord(OTHER, DClass.IN, 60, 1, 2, 3, HOST), Section.ANSWER);
        DnsMessage read = read(message);
        DnsName host = DnsName.parse("home.lab.test");
        DnsName other = DnsName.parse("other.lab.test");
        DnsName root = DnsName.parse(".");
        assertEquals(
                List.of(
                        new Resource(host, DnsMessage.CNAME, "", other),
                        new Resource(other, DnsMessage.SRV, "1 2 3 home.lab.test", root)),
                read.answers());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c013", // a pointer to itself
                "c0ff", // a pointer behind the end
                "0162c013", // a loop
                "40", // a label of no kind
                "3f61", // a label behind the end
            })
    void aNameThatLeadsNowhereIsMalformed(String name) {
        String tail = "00010001000000000004c0000201";
        assertThrows(MalformedException.class, () -> read(response(1) + name + tail));
    }

    @Test
    void aNameOfTooManyBytesIsMalformed() {
        String label = "3f" + "61".repeat(63);
        String name = label.repeat(4) + "00";
        assertThrows(
                MalformedException.class,
                () -> read(response(1) + name + "00010001000000000004c0000201"));
    }

    @ParameterizedTest
    @CsvSource({
        "0001, 03c00002", // an address of three bytes
        "001c, 04c0000201", // of four, where there are sixteen
        "0010, 020361", // a string behind the end of its record
        "0021, 04000000", // a service that is cut off
        "0005, 01c00c", // an alias that is longer than its record
    })
    void dataOfAnotherFormThanItsTypeIsMalformed(String type, String data) {
        String record = "c00c" + type + "00010000003c00" + data;
        assertThrows(MalformedException.class, () -> read(response(1) + record));
    }

    @Test
    void recordsOfOtherClassesAreNoAnswers() throws Exception {
        assertEquals(List.of(), read(response(1) + "c00c000100fe0000003c0000").answers());
    }

    @Test
    void anAddressMappedIntoIpv6StaysThat() throws Exception {
        var bytes = new byte[16];
        bytes[10] = -1;
        bytes[11] = -1;
        bytes[12] = 127;
        bytes[15] = 1;
        var message = new Message(7);
        message.addRecord(
                new AAAARecord(HOST, DClass.IN, 60, InetAddress.ofLiteral("::1")), Section.ANSWER);
        byte[] wire = message.toWire();
        System.arraycopy(bytes, 0, wire, wire.length - 16, 16);
        assertEquals(
                "::ffff:127.0.0.1",
                DnsMessage.read(ByteBuffer.wrap(wire)).answers().getFirst().content());
    }

    @Test
    void ofATruncatedMessageTheQuestionCounts() throws Exception {
        String cut = response(3).replaceFirst("8180", "8380");
        DnsMessage message = read(cut + "c00c0010");
        assertTrue(message.has(DnsMessage.TRUNCATED));
        assertEquals(DnsName.parse("a"), message.question().orElseThrow().name());
    }

    @Test
    void theCodeHasTheBitsOfEdns() throws Exception {
        var message = new Message(7);
        message.addRecord(new OPTRecord(1232, 1, 0), Section.ADDITIONAL);
        assertEquals(16, read(message).code());
        assertEquals("RESERVED16", read(message).codeName());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "pc.Example.com", "_natt._udp.a.b", "a\\.b.c", "\\000\\255.x"})
    void namesAreWrittenAsTheyAreRead(String text) throws Exception {
        DnsName name = DnsName.parse(text);
        assertEquals(text, name.text());
        assertEquals(Name.fromString(text + ".").toString(), name.toString());
        assertEquals(name, DnsName.parse(text + "."));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", ".a", "a..b", "\\256", "a\\", "\u1234"})
    void nonsenseIsNoName(String text) {
        assertThrows(IllegalArgumentException.class, () -> DnsName.parse(text));
    }

    @Test
    void labelsAndNamesHaveTheirLimits() {
        DnsName.parse("a".repeat(63));
        assertThrows(IllegalArgumentException.class, () -> DnsName.parse("a".repeat(64)));
        DnsName.parse("a.".repeat(127));
        assertThrows(IllegalArgumentException.class, () -> DnsName.parse("a.".repeat(128)));
    }

    @Test
    void namesAreEqualRegardlessOfCaseAndLieWithinOthers() {
        DnsName name = DnsName.parse("PC.lab.Test");
        assertEquals(DnsName.parse("pc.LAB.test"), name);
        assertEquals(DnsName.parse("pc.LAB.test").hashCode(), name.hashCode());
        assertNotEquals(DnsName.parse("pc-lab.test"), name);
        assertTrue(name.isWithin(DnsName.parse("lab.test")));
        assertTrue(name.isWithin(name) && name.isWithin(DnsName.parse(".")));
        assertFalse(name.isWithin(DnsName.parse("b.test")));
        assertEquals(DnsName.parse("lab.test"), name.parent());
    }

    @Test
    void resolversAreReadAsTheSystemDoes() throws Exception {
        Path file = Files.createTempFile("natt-resolv", "");
        try {
            Files.writeString(
                    file,
                    """
                    # nameserver 192.0.2.1
                    nameserver 192.0.2.2
                    nameserver\t2001:db8::3 # ours
                    nameservers 192.0.2.4
                    nameserver ns.example.com
                    search lab.test
                    """);
            assertEquals(
                    List.of("192.0.2.2", "2001:db8:0:0:0:0:0:3"),
                    ResolverFile.servers(file).stream()
                            .map(each -> each.getAddress().getHostAddress())
                            .toList());
        } finally {
            Files.delete(file);
        }
        assertEquals(List.of(), ResolverFile.servers(file));
    }
}
