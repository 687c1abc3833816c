package natt.dns.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Source;
import natt.core.time.Ticker;
import natt.dns.client.FakeDnsServer.Query;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.function.Function;

@Timeout(60)
class DnsResolverTests {
    private static final String HOST = "home.lab.test";
    private static final Name NAME = Name.fromConstantString(HOST + ".");
    private static final Name ZONE = Name.fromConstantString("lab.test.");
    private static final Name NAME_SERVER = Name.fromConstantString("ns.lab.test.");

    @Test
    void addressesAreFoundInTheOrderReceived() throws Exception {
        try (var server = FakeDnsServer.answering(q -> q.answer(a("192.0.2.7"), a("192.0.2.5")))) {
            assertEquals(found("192.0.2.7", "192.0.2.5"), lookup(server, Type.A));
            assertTrue(server.queries().getFirst().wantsRecursion());
        }
    }

    @Test
    void ipv6AddressesAreFound() throws Exception {
        Record record = new AAAARecord(NAME, DClass.IN, 60, InetAddress.ofLiteral("2001:db8::7"));
        try (var server = FakeDnsServer.answering(q -> q.answer(record))) {
            assertEquals(found("2001:db8:0:0:0:0:0:7"), lookup(server, Type.AAAA));
        }
    }

    @Test
    void stringsOfOneTextAreJoinedAndTextsAreKeptApart() throws Exception {
        Record two = new TXTRecord(NAME, DClass.IN, 60, List.of("v=natt1 k=", "abc \\\"d\\\""));
        try (var server = FakeDnsServer.answering(q -> q.answer(two, txt("kcp-port=30000")))) {
            assertEquals(found("v=natt1 k=abc \"d\"", "kcp-port=30000"), lookup(server, Type.TXT));
        }
    }

    @Test
    void servicesAreFoundWithoutFinalDot() throws Exception {
        Record record = new SRVRecord(NAME, DClass.IN, 60, 10, 20, 30000, NAME_SERVER);
        try (var server = FakeDnsServer.answering(q -> q.answer(record))) {
            assertEquals(found("10 20 30000 ns.lab.test"), lookup(server, Type.SRV));
        }
    }

    @Test
    void nothingIsRememberedBetweenLookups() throws Exception {
        var port = new int[] {30_000};
        try (var server = FakeDnsServer.answering(q -> q.answer(txt("kcp-port=" + port[0]++)))) {
            var resolver = resolver(server);
            assertEquals(found("kcp-port=30000"), resolver.lookup(HOST, Type.TXT, Source.RESOLVER));
            assertEquals(found("kcp-port=30001"), resolver.lookup(HOST, Type.TXT, Source.RESOLVER));
        }
    }

    @Test
    void missingNameAndMissingTypeAreTold() throws Exception {
        try (var server = FakeDnsServer.answering(q -> q.error(Rcode.NXDOMAIN))) {
            assertEquals(new Answer.NoSuchName(), lookup(server, Type.TXT));
        }
        try (var server = FakeDnsServer.answering(Query::answer)) {
            assertEquals(new Answer.NoData(), lookup(server, Type.TXT));
        }
    }

    @Test
    void whatTheServerRefusesIsSaidWithItsAddress() throws Exception {
        for (int code : new int[] {Rcode.SERVFAIL, Rcode.REFUSED}) {
            try (var server = FakeDnsServer.answering(q -> q.error(code))) {
                assertEquals(
                        new Answer.ServerFailure(
                                "127.0.0.1:%d answered %s"
                                        .formatted(server.address().getPort(), Rcode.string(code))),
                        lookup(server, Type.TXT));
            }
        }
    }

    @Test
    void refusalWithoutQuestionIsARefusal() throws Exception {
        Function<Query, Message> behavior =
                q -> {
                    var answer = new Message(q.message().getHeader().getID());
                    answer.getHeader().setFlag(Flags.QR);
                    answer.getHeader().setRcode(Rcode.REFUSED);
                    return answer;
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            var failure = assertInstanceOf(Answer.ServerFailure.class, lookup(server, Type.A));
            assertTrue(failure.said().endsWith("answered REFUSED"), failure::said);
        }
    }

    @Test
    void silentServerTimesOut() throws Exception {
        try (var server = new FakeDnsServer("127.0.0.1", 0, _ -> List.of())) {
            var resolver = resolver(server, Duration.ofMillis(50));
            assertEquals(new Answer.TimedOut(), resolver.lookup(HOST, Type.TXT, Source.RESOLVER));
            assertEquals(1, server.queries().size());
        }
    }

    @Test
    void lostQueryIsSentAgainOverTheSameSocket() throws Exception {
        var count = new int[1];
        Function<Query, List<byte[]>> behavior =
                q -> count[0]++ == 0 ? List.of() : List.of(q.answer(a("192.0.2.7")).toWire());
        try (var server = new FakeDnsServer("127.0.0.1", 0, behavior)) {
            assertEquals(found("192.0.2.7"), lookup(server, Type.A));
            assertEquals(
                    1,
                    server.queries().stream()
                            .map(q -> q.message().getHeader().getID())
                            .distinct()
                            .count());
        }
    }

    @Test
    void truncatedAnswerIsFetchedOverTcp() throws Exception {
        Function<Query, Message> behavior =
                q -> {
                    if (q.tcp()) {
                        return q.answer(txt("a".repeat(255)), txt("b".repeat(255)));
                    }
                    Message cut = q.answer();
                    cut.getHeader().setFlag(Flags.TC);
                    return cut;
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            assertEquals(found("a".repeat(255), "b".repeat(255)), lookup(server, Type.TXT));
            assertEquals(List.of(false, true), server.queries().stream().map(Query::tcp).toList());
        }
    }

    /// Forwarders have been seen that pass on the flag of the datagram.
    @Test
    void answerOverTcpCountsAlthoughItIsMarkedAsTruncated() throws Exception {
        Function<Query, Message> behavior =
                q -> {
                    Message marked = q.tcp() ? q.answer(txt("whole")) : q.answer();
                    marked.getHeader().setFlag(Flags.TC);
                    return marked;
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            assertEquals(found("whole"), lookup(server, Type.TXT));
        }
    }

    @Test
    void serverFromBeforeEdnsIsAskedWithoutIt() throws Exception {
        Function<Query, Message> behavior =
                q ->
                        q.message().getOPT() == null
                                ? q.answer(a("192.0.2.7"))
                                : q.error(Rcode.FORMERR);
        try (var server = FakeDnsServer.answering(behavior)) {
            assertEquals(found("192.0.2.7"), lookup(server, Type.A));
        }
    }

    @Test
    void answersWithWrongIdOrQuestionOrTheQueryItselfAreIgnored() throws Exception {
        Function<Query, List<byte[]>> behavior =
                q -> {
                    byte[] right = q.answer(a("192.0.2.7")).toWire();
                    byte[] wrongId = q.answer(a("192.0.2.66")).toWire();
                    wrongId[0] ^= 1;
                    Query other =
                            new Query(
                                    Message.newQuery(Record.newRecord(ZONE, 1, DClass.IN)), false);
                    other.message().getHeader().setID(q.message().getHeader().getID());
                    byte[] wrongQuestion = other.answer(a("192.0.2.66")).toWire();
                    return List.of(
                            new byte[0], wrongId, wrongQuestion, q.message().toWire(), right);
                };
        try (var server = new FakeDnsServer("127.0.0.1", 0, behavior)) {
            assertEquals(found("192.0.2.7"), lookup(server, Type.A));
        }
    }

    @Test
    void answerFromAnotherAddressIsIgnored() throws Exception {
        try (var stranger = new DatagramSocket(new InetSocketAddress("127.0.0.2", 0));
                var server = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            var resolver = resolver((InetSocketAddress) server.getLocalSocketAddress());
            var lookup = start(() -> resolver.lookup(HOST, Type.A, Source.RESOLVER));
            var packet = new DatagramPacket(new byte[512], 512);
            server.receive(packet);
            byte[] wire = Arrays.copyOf(packet.getData(), packet.getLength());
            var query = new Query(new Message(wire), false);
            byte[] forged = query.answer(a("192.0.2.66")).toWire();
            byte[] genuine = query.answer(a("192.0.2.7")).toWire();
            stranger.send(new DatagramPacket(forged, forged.length, packet.getSocketAddress()));
            server.send(new DatagramPacket(genuine, genuine.length, packet.getSocketAddress()));
            assertEquals(found("192.0.2.7"), lookup.get());
        }
    }

    @Test
    void malformedAnswerIsAFailureOfTheServer() throws Exception {
        Function<Query, List<byte[]>> behavior =
                q -> {
                    byte[] wire = q.answer(a("192.0.2.7")).toWire();
                    return List.of(Arrays.copyOf(wire, wire.length - 3));
                };
        try (var server = new FakeDnsServer("127.0.0.1", 0, behavior)) {
            var failure = assertInstanceOf(Answer.ServerFailure.class, lookup(server, Type.A));
            assertTrue(failure.said().endsWith("sent a malformed answer"), failure::said);
        }
    }

    @Test
    void randomBytesAfterTheIdNeverEndInAnException() throws Exception {
        var random = new Random(11);
        Function<Query, List<byte[]>> behavior =
                q -> {
                    byte[] wire = q.answer(txt("v"), a("192.0.2.7")).toWire();
                    for (int i = 2; i < wire.length; i++) {
                        if (random.nextInt(4) == 0) {
                            wire[i] = (byte) random.nextInt();
                        }
                    }
                    wire[2] |= (byte) 0x80;
                    return List.of(wire);
                };
        try (var server = new FakeDnsServer("127.0.0.1", 0, behavior)) {
            var resolver = resolver(server, Duration.ofMillis(10));
            for (int i = 0; i < 200; i++) {
                Answer answer = resolver.lookup(HOST, Type.TXT, Source.RESOLVER);
                assertTrue(!answer.toString().isEmpty());
            }
        }
    }

    @Test
    void closedPortIsNotWaitedFor() throws Exception {
        InetSocketAddress gone;
        try (var server = FakeDnsServer.answering(Query::answer)) {
            gone = server.address();
        }
        var failure =
                assertInstanceOf(
                        Answer.ServerFailure.class,
                        resolver(gone).lookup(HOST, Type.A, Source.RESOLVER));
        assertTrue(failure.said().contains("cannot be reached"), failure::said);
    }

    @Test
    void aliasesAreFollowedWithinOneAnswerAndAcross() throws Exception {
        Name middle = Name.fromConstantString("middle.lab.test.");
        Name end = Name.fromConstantString("end.lab.test.");
        Function<Query, Message> behavior =
                q -> {
                    Name asked = q.message().getQuestion().getName();
                    return asked.equals(NAME)
                            ? q.answer(cname(NAME, middle), cname(middle, end))
                            : q.answer(address(asked, "192.0.2.7"));
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            assertEquals(found("192.0.2.7"), lookup(server, Type.A));
            assertEquals(
                    List.of(NAME, end),
                    server.queries().stream()
                            .map(q -> q.message().getQuestion().getName())
                            .toList());
        }
    }

    @Test
    void circleOfAliasesEnds() throws Exception {
        try (var server = FakeDnsServer.answering(q -> q.answer(cname(NAME, NAME)))) {
            assertEquals(new Answer.NoData(), lookup(server, Type.A));
        }
        Name other = Name.fromConstantString("other.lab.test.");
        Function<Query, Message> behavior =
                q -> {
                    Name asked = q.message().getQuestion().getName();
                    return q.answer(cname(asked, asked.equals(NAME) ? other : NAME));
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            assertEquals(
                    new Answer.ServerFailure("too many aliases (CNAME)"), lookup(server, Type.A));
        }
    }

    @Test
    void serverThatOnlyRefersIsNoResolver() throws Exception {
        Function<Query, Message> behavior =
                q -> {
                    Message answer = q.answer();
                    answer.getHeader().unsetFlag(Flags.RA);
                    answer.addRecord(
                            new NSRecord(ZONE, DClass.IN, 60, NAME_SERVER), Section.AUTHORITY);
                    return answer;
                };
        try (var server = FakeDnsServer.answering(behavior)) {
            var failure = assertInstanceOf(Answer.ServerFailure.class, lookup(server, Type.A));
            assertTrue(failure.said().endsWith("refers to other servers"), failure::said);
        }
    }

    @Test
    void zonesOwnServerIsAskedPastAStaleResolver() throws Exception {
        try (var resolver = FakeDnsServer.answering(zoneThat(txt("kcp-port=1"), "127.0.0.2"));
                var authority =
                        new FakeDnsServer(
                                "127.0.0.2",
                                resolver.address().getPort(),
                                q ->
                                        List.of(
                                                authoritative(q.answer(txt("kcp-port=2")))
                                                        .toWire()))) {
            var dns = resolver(resolver);
            assertEquals(found("kcp-port=1"), dns.lookup(HOST, Type.TXT, Source.RESOLVER));
            assertEquals(found("kcp-port=2"), dns.lookup(HOST, Type.TXT, Source.AUTHORITATIVE));
            assertEquals(
                    List.of(false),
                    authority.queries().stream().map(Query::wantsRecursion).toList());
        }
    }

    @Test
    void givenServerThatIsTheAuthorityIsAskedAtItsOwnPort() throws Exception {
        Function<Query, Message> zone = zoneThat(txt("kcp-port=1"), "127.0.0.1");
        Function<Query, Message> behavior =
                q ->
                        q.wantsRecursion()
                                ? zone.apply(q)
                                : authoritative(q.answer(txt("kcp-port=2")));
        try (var server = FakeDnsServer.answering(behavior)) {
            var dns =
                    new DnsResolver(
                            configuration(server.address(), Duration.ofSeconds(3), 53),
                            new Random(1),
                            Ticker.system());
            assertEquals(found("kcp-port=2"), dns.lookup(HOST, Type.TXT, Source.AUTHORITATIVE));
        }
    }

    @Test
    void authoritativeDenialIsTold() throws Exception {
        try (var resolver = FakeDnsServer.answering(zoneThat(txt("old"), "127.0.0.2"));
                var authority =
                        new FakeDnsServer(
                                "127.0.0.2",
                                resolver.address().getPort(),
                                q -> List.of(authoritative(q.error(Rcode.NXDOMAIN)).toWire()))) {
            assertEquals(
                    new Answer.NoSuchName(),
                    resolver(resolver).lookup(HOST, Type.TXT, Source.AUTHORITATIVE));
            assertEquals(1, authority.queries().size());
        }
    }

    @Test
    void serverWithoutTheZoneIsNoAuthority() throws Exception {
        try (var resolver = FakeDnsServer.answering(zoneThat(txt("old"), "127.0.0.2"));
                var _ =
                        new FakeDnsServer(
                                "127.0.0.2",
                                resolver.address().getPort(),
                                q -> List.of(q.answer(txt("cached")).toWire()))) {
            Answer answer = resolver(resolver).lookup(HOST, Type.TXT, Source.AUTHORITATIVE);
            var failure = assertInstanceOf(Answer.ServerFailure.class, answer);
            assertTrue(failure.said().endsWith("is not authoritative for the name"));
        }
    }

    @Test
    void nameWithoutNameServersIsAFailure() throws Exception {
        try (var server = FakeDnsServer.answering(q -> q.error(Rcode.NXDOMAIN))) {
            assertEquals(
                    new Answer.ServerFailure("no name servers are known for home.lab.test."),
                    resolver(server).lookup(HOST, Type.TXT, Source.AUTHORITATIVE));
        }
    }

    @Test
    void interruptedLookupEnds() throws Exception {
        var asked = new CountDownLatch(1);
        Function<Query, List<byte[]>> behavior =
                _ -> {
                    asked.countDown();
                    return List.of();
                };
        try (var server = new FakeDnsServer("127.0.0.1", 0, behavior)) {
            var resolver = resolver(server, Duration.ofMinutes(10));
            var interrupted =
                    new FutureTask<>(
                            () ->
                                    assertThrows(
                                            InterruptedException.class,
                                            () -> resolver.lookup(HOST, Type.A, Source.RESOLVER)));
            Thread thread = Thread.ofVirtual().start(interrupted);
            asked.await();
            thread.interrupt();
            assertInstanceOf(InterruptedException.class, interrupted.get());
        }
    }

    @Test
    void nonsenseIsTheCallersFault() {
        var resolver = resolver(new InetSocketAddress("127.0.0.1", 9));
        assertThrows(
                IllegalArgumentException.class,
                () -> resolver.lookup("a..b", Type.A, Source.RESOLVER));
    }

    /// A resolver's view of lab.test: the text at home, the name server and its address.
    private static Function<Query, Message> zoneThat(Record text, String nameServerAddress) {
        return q -> {
            Record question = q.message().getQuestion();
            Name name = question.getName();
            if (name.equals(ZONE) && question.getType() == org.xbill.DNS.Type.NS) {
                return q.answer(new NSRecord(ZONE, DClass.IN, 60, NAME_SERVER));
            }
            if (name.equals(NAME_SERVER) && question.getType() == org.xbill.DNS.Type.A) {
                return q.answer(address(NAME_SERVER, nameServerAddress));
            }
            if (name.equals(NAME) && question.getType() == org.xbill.DNS.Type.TXT) {
                return q.answer(text);
            }
            Message nothing = q.answer();
            nothing.addRecord(
                    new SOARecord(ZONE, DClass.IN, 60, NAME_SERVER, NAME_SERVER, 1, 1, 1, 1, 1),
                    Section.AUTHORITY);
            return nothing;
        };
    }

    private static Message authoritative(Message message) {
        message.getHeader().setFlag(Flags.AA);
        return message;
    }

    private static Record a(String address) {
        return address(NAME, address);
    }

    private static Record address(Name name, String address) {
        return new ARecord(name, DClass.IN, 60, InetAddress.ofLiteral(address));
    }

    private static Record txt(String text) {
        return new TXTRecord(NAME, DClass.IN, 60, text);
    }

    private static Record cname(Name from, Name to) {
        return new CNAMERecord(from, DClass.IN, 60, to);
    }

    private static Answer found(String... contents) {
        return new Answer.Found(List.of(contents));
    }

    private static Answer lookup(FakeDnsServer server, Type type) throws InterruptedException {
        return resolver(server).lookup(HOST, type, Source.RESOLVER);
    }

    private static DnsResolver resolver(FakeDnsServer server) {
        return resolver(server.address());
    }

    private static DnsResolver resolver(InetSocketAddress server) {
        return resolver(server, Duration.ofSeconds(3));
    }

    private static DnsResolver resolver(FakeDnsServer server, Duration tryTime) {
        return resolver(server.address(), tryTime);
    }

    private static DnsResolver resolver(InetSocketAddress server, Duration tryTime) {
        return new DnsResolver(
                configuration(server, tryTime, server.getPort()), new Random(1), Ticker.system());
    }

    private static Configuration configuration(
            InetSocketAddress server, Duration tryTime, int authoritativePort) {
        var name = new HostAndPort(server.getAddress().getHostAddress(), server.getPort());
        return new Configuration(
                Optional.of(name),
                tryTime,
                tryTime.multipliedBy(5).dividedBy(3),
                authoritativePort);
    }

    private interface Work {
        Answer run() throws Exception;
    }

    private static FutureTask<Answer> start(Work work) throws IOException {
        var task = new FutureTask<>(work::run);
        Thread.ofVirtual().start(task);
        return task;
    }
}
