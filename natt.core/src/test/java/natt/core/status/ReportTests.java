package natt.core.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.NodeKey;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class ReportTests {
    private static final NodeKey HOST = NodeKey.of(new byte[NodeKey.LENGTH]);
    private static final NodeKey PEER = key(1);

    private static NodeKey key(int first) {
        byte[] bytes = new byte[NodeKey.LENGTH];
        bytes[0] = (byte) first;
        return NodeKey.of(bytes);
    }

    private static InetSocketAddress address(String literal, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(literal), port);
    }

    /// A natts with a session that moved, and one that waits for its peer.
    private static Report example() {
        var refusals = new Refusals();
        refusals.note("not in authorized_clients", key(2), 0);
        refusals.note("too many sessions", InetAddress.ofLiteral("192.0.2.9"), 0);
        refusals.note("too many sessions", InetAddress.ofLiteral("192.0.2.9"), 2_000_000_000L);
        return Report.builder()
                .text("program", "natts")
                .count("process", 4711)
                .text("name", "pc.example.com")
                .key("key", HOST)
                .instant("since", Instant.parse("2026-11-20T08:30:00Z"))
                .seconds("age", Duration.ofHours(26))
                .reports("wires", List.of(wire()))
                .reports("sessions", List.of(moved(), waiting()))
                .report(
                        "limits",
                        Report.builder()
                                .share("sessions", 2, 64)
                                .share("streams", 2, 128)
                                .share("halfOpen", 0, 64)
                                .build())
                .report(
                        "counters",
                        Report.builder()
                                .counts(
                                        "sessionEngine",
                                        Map.of("replayed", 3L, "malformed", 12L, "forged", 0L))
                                .counts("kcpGo", Map.of("refused", 0L))
                                .build())
                .reports("refusals", refusals.reports(5_000_000_000L))
                .build();
    }

    private static Report wire() {
        return Report.builder()
                .text("kind", "natt")
                .address("local", address("0.0.0.0", 30_000))
                .address("public", address("203.0.113.7", 41_233))
                .text("discovery", "agreed")
                .report(
                        "published",
                        Report.builder()
                                .text("record", "v=natt1 a=203.0.113.7:41233 n=1795000000")
                                .seconds("age", Duration.ofSeconds(754))
                                .text("lastError", "api: 503 \u001b[31m")
                                .build())
                .build();
    }

    private static Report moved() {
        return Report.builder()
                .key("peer", PEER)
                .text("comment", "laptop")
                .text("state", "up")
                .address("path", Optional.of(address("2001:db8::1", 40_001)))
                .seconds("age", Duration.ofSeconds(45))
                .milliseconds("roundTrip", Duration.ofNanos(12_345_678))
                .percent("loss", 0.0125)
                .rate("rate", 1_562_500)
                .bytes("received", 999)
                .bytes("sent", 12_345_678)
                .count("mtu", 1280)
                .count("moved", 2)
                .count("rekeyed", 0)
                .reports("streams", List.of(stream("ssh", 100), stream("web", 12_345_578)))
                .build();
    }

    private static Report waiting() {
        return Report.builder()
                .key("peer", PEER)
                .text("state", "suspended")
                .address("path", Optional.empty())
                .percent("loss", Double.NaN)
                .reports("streams", List.of())
                .build();
    }

    private static Report stream(String service, long sent) {
        return Report.builder().text("service", service).bytes("sent", sent).build();
    }

    @Test
    void aPersonReadsSections() {
        assertEquals(
                """
                natts
                  process  4711
                  name     pc.example.com
                  key      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
                  since    2026-11-20T08:30:00Z
                  age      1 d 2 h

                  wires
                    - kind       natt
                      local      0.0.0.0:30000
                      public     203.0.113.7:41233
                      discovery  agreed
                      published
                        record      v=natt1 a=203.0.113.7:41233 n=1795000000
                        age         12 min 34 s
                        last error  api: 503 \\x1b[31m

                  sessions
                    - peer        AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
                      comment     laptop
                      state       up
                      path        [2001:db8::1]:40001
                      age         45 s
                      round trip  12.3 ms
                      loss        1.25 %
                      rate        12.5 Mbit/s
                      received    999 B
                      sent        12.3 MB
                      mtu         1280
                      moved       2
                      streams
                        service  sent
                        ssh      100 B
                        web      12.3 MB
                    - peer   AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
                      state  suspended
                      loss   -
                      streams: none

                  limits
                    sessions   2 of 64
                    streams    2 of 128
                    half open  0 of 64

                  counters
                    session engine  malformed 12, replayed 3
                    kcp go          -

                  refusals
                    reason                     who                                          count  ago
                    too many sessions          192.0.2.9                                    2      3 s
                    not in authorized_clients  AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  1      5 s
                """,
                example().toText());
    }

    @Test
    void aProgramReadsOneLineOfJsonWithTheUnitsInTheKeys() {
        assertEquals(
                """
                {"program":"natts","process":4711,"name":"pc.example.com",\
                "key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",\
                "since":"2026-11-20T08:30:00Z","ageSeconds":93600,\
                "wires":[{"kind":"natt","local":"0.0.0.0:30000",\
                "public":"203.0.113.7:41233","discovery":"agreed","published":{\
                "record":"v=natt1 a=203.0.113.7:41233 n=1795000000","ageSeconds":754,\
                "lastError":"api: 503 \\u001b[31m"}}],\
                "sessions":[{"peer":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",\
                "comment":"laptop","state":"up","path":"[2001:db8::1]:40001",\
                "ageSeconds":45,"roundTripMs":12.3,"lossPercent":1.25,\
                "rateMbitPerSecond":12.5,"receivedBytes":999,"sentBytes":12345678,\
                "mtu":1280,"moved":2,"rekeyed":0,"streams":[\
                {"service":"ssh","sentBytes":100},{"service":"web","sentBytes":12345578}]},\
                {"peer":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",\
                "state":"suspended","lossPercent":null,"streams":[]}],\
                "limits":{"sessions":{"used":2,"limit":64},\
                "streams":{"used":2,"limit":128},"halfOpen":{"used":0,"limit":64}},\
                "counters":{"sessionEngine":{"forged":0,"malformed":12,"replayed":3},\
                "kcpGo":{"refused":0}},\
                "refusals":[{"reason":"too many sessions","who":"192.0.2.9",\
                "count":2,"agoSeconds":3},{"reason":"not in authorized_clients",\
                "who":"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","count":1,"agoSeconds":5}]}\
                """,
                example().toJson());
    }

    @Test
    void jsonEscapesWhatIsNotPrintableAscii() {
        Report report =
                Report.builder()
                        .text("text", "\"\\/\b\n\u0000\u007f\u00e9\u202e\ud83d\ude00\ud83d")
                        .texts("texts", List.of("a", "\t"))
                        .flag("flag", true)
                        .build();
        assertEquals(
                "{\"text\":\"\\\"\\\\/\\u0008\\u000a\\u0000\\u007f\\u00e9\\u202e\\ud83d\\ude00\\ud83d\","
                    + "\"texts\":[\"a\",\"\\u0009\"],\"flag\":true}",
                report.toJson());
    }

    @Test
    void foreignTextIsEscapedOnceForPeople() {
        Report report =
                Report.builder().text("text", "a\\b\n\u202e").texts("all", List.of("\t")).build();
        assertEquals("node\n  text  a\\\\b\\x0a\\xe2\\x80\\xae\n  all   \\x09\n", report.toText());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0 B",
        "999, 999, 999 B",
        "1000, 1000, 1.0 kB",
        "999949, 999949, 999.9 kB",
        "999950, 999950, 1.0 MB",
        "5000000000000000, 5000000000000000, 5000.0 TB"
    })
    void bytesAreExactForProgramsAndShortForPeople(long bytes, String json, String text) {
        Report report = Report.builder().bytes("sent", bytes).build();
        assertEquals("{\"sentBytes\":" + json + "}", report.toJson());
        assertEquals("node\n  sent  " + text + "\n", report.toText());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 s",
        "59, 59 s",
        "60, 1 min 0 s",
        "3599, 59 min 59 s",
        "3600, 1 h 0 min",
        "86399, 23 h 59 min",
        "86400, 1 d 0 h"
    })
    void timesAreShownInTheirTwoLargestUnits(long seconds, String text) {
        Report report = Report.builder().seconds("age", Duration.ofSeconds(seconds)).build();
        assertEquals("node\n  age  " + text + "\n", report.toText());
        assertEquals("{\"ageSeconds\":" + seconds + "}", report.toJson());
    }

    @Test
    void entriesOfATableNeedNotHaveTheSameFields() {
        Report report =
                Report.builder()
                        .reports(
                                "wires",
                                List.of(
                                        Report.builder().count("a", 1).build(),
                                        Report.builder().count("b", 22).count("a", 333).build()))
                        .build();
        assertEquals("node\n\n  wires\n    a    b\n    1    -\n    333  22\n", report.toText());
    }

    @Test
    void aListThatIsTooWideGoesOnBelowItself() {
        String word = "x".repeat(30);
        Report report =
                Report.builder()
                        .texts("all", List.of(word, word, word, "y".repeat(120), word))
                        .build();
        assertEquals(
                "node\n  all  %1$s, %1$s,\n       %1$s,\n       %2$s, %1$s\n"
                        .formatted(word, "y".repeat(120)),
                report.toText());
    }

    @Test
    void whatIsTooWideForATableIsABlockForEachEntry() {
        String wide = "x".repeat(100);
        Report entry = Report.builder().text("text", wide).count("n", 1).build();
        Report report = Report.builder().reports("all", List.of(entry, entry)).build();
        String block = "    - text  " + wide + "\n      n     1\n";
        assertEquals("node\n\n  all\n" + block + block, report.toText());
    }

    @Test
    void anEmptyReportIsEmpty() {
        assertEquals("{}", Report.builder().build().toJson());
        assertEquals("node\n", Report.builder().build().toText());
    }

    @Test
    void namesAreInCamelCaseAndDiffer() {
        var builder = Report.builder().count("moved", 1).seconds("age", Duration.ZERO);
        assertThrows(IllegalArgumentException.class, () -> builder.count("moved", 2));
        assertThrows(IllegalArgumentException.class, () -> builder.count("ageSeconds", 2));
        assertThrows(IllegalArgumentException.class, () -> builder.count("a b", 2));
        assertThrows(IllegalArgumentException.class, () -> builder.count("Age", 2));
        assertEquals("{\"moved\":1,\"ageSeconds\":0}", builder.build().toJson());
    }

    @Test
    void everyKindOfValueIsAPlainTypeSoThatNoSecretComesIn() {
        for (Class<?> kind : Report.Value.class.getPermittedSubclasses()) {
            for (var component : kind.getRecordComponents()) {
                assertTrue(
                        !component.getType().isAssignableFrom(natt.core.Secret.class),
                        component.toString());
            }
        }
    }
}
