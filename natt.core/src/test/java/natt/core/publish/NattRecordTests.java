package natt.core.publish;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.HostAndPort;
import natt.core.NodeKey;
import natt.core.publish.NattRecord.Found;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Resolver;
import natt.core.spi.NameLookup.Source;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class NattRecordTests {
    private static final String NAME = "pc.example.com";
    private static final String KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    private static final String OTHER = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
    private static final String TEXT =
            "v=natt1 k="
                    + KEY
                    + " a=203.0.113.7:41233 a=[2001:db8::1]:30000 n=1800000000 b="
                    + OTHER
                    + "@broker.example.com:3478";
    private static final NattRecord RECORD =
            new NattRecord(
                    NodeKey.parse(KEY),
                    List.of(address("203.0.113.7:41233"), address("[2001:db8::1]:30000")),
                    1_800_000_000,
                    Optional.of(OTHER + "@broker.example.com:3478"));
    private static final Duration TTL = Duration.ofSeconds(60);

    private static InetSocketAddress address(String literal) {
        return HostAndPort.parse(literal).literal().orElseThrow();
    }

    private static List<InetSocketAddress> addresses(String fields) {
        return NattRecord.parse("v=natt1 k=" + KEY + " " + fields).orElseThrow().addresses();
    }

    @Test
    void aRecordIsWrittenAndRead() {
        assertEquals(TEXT, RECORD.text());
        assertEquals(Optional.of(RECORD), NattRecord.parse(TEXT));
        var stopped = new NattRecord(NodeKey.parse(KEY), List.of(), 7, Optional.empty());
        assertEquals("v=natt1 k=" + KEY + " n=7", stopped.text());
        assertEquals(Optional.of(stopped), NattRecord.parse(stopped.text()));
    }

    @Test
    void aCommonRecordIsOneCharacterString() {
        assertTrue(TEXT.length() <= 255, TEXT);
        var full =
                new NattRecord(
                        NodeKey.parse(KEY),
                        Collections.nCopies(8, address("[2001:db8:1:2:3:4:5:6]:30000")),
                        1_800_000_000,
                        RECORD.broker());
        assertTrue(full.text().length() > 255 && full.text().length() < 2048, full.text());
        assertEquals(Optional.of(full), NattRecord.parse(full.text()));
    }

    @Test
    void whatIsUnknownOrWrongIsPassedOver() {
        assertEquals(
                Optional.of(RECORD),
                NattRecord.parse(
                        TEXT.replace(" a=2", " x=1 flag a= a=example.com:1 a=203.0.113.7 a=2")
                                        .replace(" n=", " a=203.0.113.7:0 a=1.2:3 n=x n=-1 n=")
                                + "  z"));
        for (String no :
                List.of(
                        "a=0.0.0.0:1",
                        "a=[::]:1",
                        "a=224.0.0.1:1",
                        "a=[ff02::1]:1",
                        "a=255.255.255.255:1",
                        "a=[fe80::1%1]:1",
                        "a=203.0.113.7:70000",
                        "a=:1",
                        "A=203.0.113.7:1")) {
            assertEquals(List.of(), addresses(no), no);
        }
        for (String no : List.of("b=", "b=" + OTHER, "b=x@h:1", "b=" + OTHER + "@h:0")) {
            assertEquals(
                    Optional.empty(),
                    NattRecord.parse("v=natt1 k=" + KEY + " " + no).orElseThrow().broker());
        }
    }

    @Test
    void addressesKeepTheirOrderAndDuplicatesUpToTheEighth() {
        var fields = new StringBuilder();
        var expected = new ArrayList<InetSocketAddress>();
        for (int i : new int[] {5, 1, 5, 2, 3, 4, 6, 7, 8, 9}) {
            fields.append(" a=192.0.2.").append(i).append(":1");
            expected.add(address("192.0.2." + i + ":1"));
        }
        assertEquals(expected.subList(0, 8), addresses(fields.toString()));
        assertThrows(
                IllegalArgumentException.class,
                () -> new NattRecord(NodeKey.parse(KEY), expected, 1, Optional.empty()));
    }

    @Test
    void whatIsNoRecordIsNone() {
        for (String no :
                List.of(
                        "",
                        " ",
                        "v=natt1",
                        "v=natt2 k=" + KEY,
                        "v=natt1 k=",
                        "v=natt1 k=" + KEY + "x",
                        "k=" + KEY + " v=natt1",
                        "v=natt1k=" + KEY,
                        "kcp-port=30000",
                        "v=spf1 -all",
                        "\u0000\uffff".repeat(10_000))) {
            assertEquals(Optional.empty(), NattRecord.parse(no), no);
        }
    }

    @Test
    void theRecordsAreTheTextAndACourtesyToOthers() {
        assertEquals(
                List.of(new DnsRecord("_natt._udp.pc.example.com", Type.TXT, TEXT, TTL)),
                NattRecord.records(NAME, RECORD, TTL, false));
        assertEquals(
                List.of(
                        new DnsRecord("_natt._udp.pc.example.com", Type.TXT, TEXT, TTL),
                        DnsRecord.courtesy(NAME, Type.A, "203.0.113.7", TTL),
                        DnsRecord.courtesy(NAME, Type.AAAA, "2001:db8::1", TTL),
                        DnsRecord.courtesy(
                                "_natt._udp.pc.example.com",
                                Type.SRV,
                                "0 0 41233 pc.example.com",
                                TTL)),
                NattRecord.records(NAME, RECORD, TTL, true));
        var stopped = new NattRecord(RECORD.key(), List.of(), 7, Optional.empty());
        assertEquals(1, NattRecord.records(NAME, stopped, TTL, true).size());
    }

    private static Found find(Map<String, Answer> answers, Optional<NodeKey> pinned)
            throws InterruptedException {
        Resolver resolver =
                (name, type, source) -> {
                    assertEquals(Type.TXT, type);
                    assertEquals(Source.AUTHORITATIVE, source);
                    return answers.getOrDefault(name, new Answer.NoSuchName());
                };
        return NattRecord.find(resolver, NAME, pinned, Source.AUTHORITATIVE);
    }

    private static Found find(String... texts) throws InterruptedException {
        return find(
                Map.of(NattRecord.name(NAME), new Answer.Found(List.of(texts))), Optional.empty());
    }

    private static String why(Found found) {
        String why = assertInstanceOf(Found.Nowhere.class, found).why();
        assertTrue(why.contains(NAME), why);
        assertEquals(1, why.lines().count(), why);
        return why;
    }

    @Test
    void ofSeveralRecordsTheNewestCountsUnlessAnotherHasThePinnedKey() throws Exception {
        String old = "v=natt1 k=" + KEY + " a=192.0.2.1:1 n=5";
        String newer = "v=natt1 k=" + KEY + " a=192.0.2.2:1 n=6";
        String others = "v=natt1 k=" + OTHER + " a=192.0.2.3:1 n=7";
        String[] texts = {"v=spf1 -all", newer, others, old, "v=natt1 broken"};
        assertEquals(new Found.At(NattRecord.parse(others).orElseThrow()), find(texts));
        var answers = Map.of(NattRecord.name(NAME), (Answer) new Answer.Found(List.of(texts)));
        assertEquals(
                new Found.At(NattRecord.parse(newer).orElseThrow()),
                find(answers, Optional.of(NodeKey.parse(KEY))));
        assertEquals(
                new Found.At(NattRecord.parse(others).orElseThrow()),
                find(answers, Optional.of(NodeKey.of(new byte[32]))));
    }

    @Test
    void aNodeThatHasStoppedIsNeitherHereNorNowhere() throws Exception {
        String text = "v=natt1 k=" + KEY + " n=5";
        var stopped = assertInstanceOf(Found.Stopped.class, find(text));
        assertEquals(NattRecord.parse(text).orElseThrow(), stopped.record());
        assertTrue(stopped.why().contains(NAME), stopped.why());
        assertInstanceOf(Found.At.class, find(text + " b=" + OTHER + "@h.example:1"));
    }

    @Test
    void whereOnlyAnOriginalPublishesTheReasonSaysSo() throws Exception {
        Answer original = new Answer.Found(List.of("v=spf1 -all", "kcp-port=30000"));
        assertTrue(why(find(Map.of(NAME, original), Optional.empty())).contains("--compat kcp-go"));
        var both =
                Map.of(
                        NAME,
                        original,
                        NattRecord.name(NAME),
                        (Answer) new Answer.Found(List.of(TEXT)));
        assertEquals(new Found.At(RECORD), find(both, Optional.empty()));
    }

    @Test
    void everyWayToFindNothingIsOneLineOfItsOwn() throws Exception {
        String name = NattRecord.name(NAME);
        var reasons =
                List.of(
                        why(find(Map.of(), Optional.empty())),
                        why(find(Map.of(NAME, new Answer.NoData()), Optional.empty())),
                        why(find("v=natt2 k=" + KEY)),
                        why(find(Map.of(name, new Answer.TimedOut()), Optional.empty())),
                        why(
                                find(
                                        Map.of(name, new Answer.ServerFailure("SERVFAIL")),
                                        Optional.empty())));
        assertEquals(5, reasons.stream().distinct().count(), reasons.toString());
        assertTrue(reasons.get(2).contains("newer"), reasons.get(2));
        assertTrue(reasons.get(4).contains("SERVFAIL"), reasons.get(4));
    }
}
