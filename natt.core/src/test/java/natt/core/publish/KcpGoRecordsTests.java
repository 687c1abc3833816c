package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.publish.KcpGoRecords.Found;
import natt.core.spi.NameLookup.Answer;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

class KcpGoRecordsTests {
    private static final String NAME = "pc.example.com";
    private static final Answer ADDRESS = new Answer.Found(List.of("203.0.113.7"));
    private static final Answer PORT = new Answer.Found(List.of("kcp-port=41233"));

    @Test
    void anAddressIsTheTwoRecordsOfTheOriginal() {
        var address = new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 41_233);
        Duration ttl = Duration.ofSeconds(60);
        assertEquals(
                List.of(
                        new DnsRecord(NAME, Type.A, "203.0.113.7", ttl),
                        new DnsRecord(NAME, Type.TXT, "kcp-port=41233", ttl)),
                KcpGoRecords.of(NAME, address, ttl));
    }

    @Test
    void anAddressThatIsNoneLeadsNowhere() {
        for (String content : List.of("2001:db8::1", "nonsense\n", "")) {
            var found = KcpGoRecords.combine(NAME, new Answer.Found(List.of(content)), PORT);
            String why = assertInstanceOf(Found.Nowhere.class, found).why();
            assertTrue(why.contains("no IPv4 address"), why);
        }
    }

    @Test
    void theTextAmongForeignOnesGivesThePortOfEveryAddress() {
        var found =
                KcpGoRecords.combine(
                        NAME,
                        new Answer.Found(List.of("203.0.113.7", "203.0.113.8")),
                        new Answer.Found(List.of("v=spf1 -all", "kcp-port=41233")));
        assertEquals(
                new Found.At(
                        List.of(
                                new InetSocketAddress(InetAddress.ofLiteral("203.0.113.7"), 41_233),
                                new InetSocketAddress(
                                        InetAddress.ofLiteral("203.0.113.8"), 41_233))),
                found);
    }

    @Test
    void everyWayToFindNothingIsOneLineThatNamesTheName() {
        var answers =
                List.of(
                        KcpGoRecords.combine(NAME, ADDRESS, new Answer.NoSuchName()),
                        KcpGoRecords.combine(NAME, ADDRESS, new Answer.NoData()),
                        KcpGoRecords.combine(NAME, ADDRESS, new Answer.ServerFailure("SERVFAIL")),
                        KcpGoRecords.combine(NAME, ADDRESS, new Answer.TimedOut()),
                        KcpGoRecords.combine(
                                NAME, ADDRESS, new Answer.Found(List.of("v=spf1 -all"))),
                        KcpGoRecords.combine(NAME, new Answer.NoData(), PORT),
                        KcpGoRecords.combine(NAME, new Answer.NoSuchName(), PORT));
        assertEquals(7, answers.size());
        for (Found found : answers) {
            String why = assertInstanceOf(Found.Nowhere.class, found).why();
            assertTrue(why.contains(NAME), why);
            assertEquals(1, why.lines().count(), why);
        }
    }

    @Test
    void aTextWithoutAPortIsShownEscaped() {
        for (String bad :
                List.of("kcp-port=", "kcp-port=0", "kcp-port=70000", "kcp-port=\u001b[2J")) {
            var found = KcpGoRecords.combine(NAME, ADDRESS, new Answer.Found(List.of(bad)));
            String why = assertInstanceOf(Found.Nowhere.class, found).why();
            assertTrue(why.contains("kcp-port="), why);
            assertTrue(why.chars().noneMatch(c -> c < ' '), why);
        }
    }
}
