package natt.dns.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord.Type;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Answer.Found;
import natt.core.spi.NameLookup.Answer.NoData;
import natt.core.spi.NameLookup.Answer.NoSuchName;
import natt.core.spi.NameLookup.Answer.ServerFailure;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.Settings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

class FileNameLookupTests {
    @TempDir Path directory;

    @Test
    void aHandWrittenFileIsUnderstood() throws Exception {
        write(
                """
                $ORIGIN example.com.
                $TTL 1h
                @       3600 IN SOA ns1 admin (
                            2026112001 ; serial
                            3600 900 604800 300 )
                        NS  ns1
                ns1     A   192.0.2.53
                PC      IN 60 A   192.0.2.7     ; comments; may "hold" anything (
                        1h30m TXT kcp-port=30000
                        TXT "v=spf1 -all" ; SPF
                        TXT ( "one "
                              two )
                _natt._udp.pc SRV 10 5 40123 pc
                root    SRV 0 0 0 .
                old.example.net. AAAA 2001:DB8::7
                bind    CH TXT "not the Internet"
                $ORIGIN sub
                deep.er A 192.0.2.8
                """);
        assertEquals(found("192.0.2.7"), lookup("pc.example.com", Type.A));
        assertEquals(
                found("kcp-port=30000", "v=spf1 -all", "one two"),
                lookup("Pc.Example.COM.", Type.TXT));
        assertEquals(
                found("10 5 40123 pc.example.com"), lookup("_natt._udp.pc.example.com", Type.SRV));
        assertEquals(found("0 0 0 ."), lookup("root.example.com", Type.SRV));
        assertEquals(found("2001:DB8::7"), lookup("old.example.net", Type.AAAA));
        assertEquals(found("192.0.2.8"), lookup("deep.er.sub.example.com", Type.A));
        assertEquals(new NoData(), lookup("pc.example.com", Type.AAAA));
        assertEquals(new NoData(), lookup("example.com", Type.A));
        assertEquals(new NoData(), lookup("er.sub.example.com", Type.A));
        assertEquals(new NoSuchName(), lookup("bind.example.com", Type.TXT));
        assertEquals(new NoSuchName(), lookup("c.example.com", Type.A));
    }

    @Test
    void withoutAnOriginAMissingFinalDotIsForgiven() throws Exception {
        write("pc.example.com A 192.0.2.7\n\n   \n; nothing\npc.example.com. TXT x");
        assertEquals(found("192.0.2.7"), lookup("pc.example.com", Type.A));
        assertEquals(found("x"), lookup("pc.example.com", Type.TXT));
    }

    @Test
    void escapesOfTheMasterFileFormatAreResolved() throws Exception {
        write("x. TXT \"a\\\"b\\\\c\\059d\\195\\188\" e\\;f \"\"\n");
        assertEquals(found("a\"b\\c;düe;f"), lookup("x", Type.TXT));
    }

    @Test
    void theFileIsReadAnewEachTime() throws Exception {
        write("x. A 192.0.2.1\n");
        assertEquals(found("192.0.2.1"), lookup("x", Type.A));
        write("x. A 192.0.2.2\n");
        assertEquals(found("192.0.2.2"), lookup("x", Type.A));
        write("");
        assertEquals(new NoSuchName(), lookup("x", Type.A));
    }

    @Test
    void aMissingFileIsAFailureNotAnAbsentName() throws Exception {
        assertEquals(
                new ServerFailure("cannot read " + file() + ": no such file or directory"),
                lookup("x", Type.A));
        Files.createDirectory(file());
        assertEquals(
                new ServerFailure("cannot read " + file() + ": Is a directory"),
                lookup("x", Type.A));
    }

    @Test
    void aFileOfMoreThanFourMebibytesIsNotRead() throws Exception {
        Files.write(file(), new byte[ZoneFile.SIZE_LIMIT + 1]);
        assertEquals(
                new ServerFailure("cannot read " + file() + ": larger than 4194304 bytes"),
                lookup("x", Type.A));
    }

    @Test
    void everyFlawIsNamedWithItsLine() throws Exception {
        failsWith("line 1: a parenthesis was never opened", "x. A 192.0.2.1 )");
        failsWith("line 2: a parenthesis is not closed", "\nx. A ( 192.0.2.1");
        failsWith("line 1: a quotation mark is not closed", "x. TXT \"a\\\"");
        failsWith("line 1: there is no name before this record", "  A 192.0.2.1");
        failsWith("line 1: @ without $ORIGIN", "@ A 192.0.2.1");
        failsWith("line 1: $ORIGIN needs one name", "$ORIGIN");
        failsWith("line 1: $INCLUDE is not read", "$INCLUDE other");
        failsWith("line 1: $generate is not read", "$generate 1-9 a$ A 192.0.2.$");
        failsWith("line 1: the record has no type", "x. 60 IN");
        failsWith("line 1: A needs one address", "x. A");
        failsWith("line 1: not an IPv4 address: 192.0.2.1.1", "x. A 192.0.2.1.1");
        failsWith("line 1: not an IPv6 address: 192.0.2.1", "x. AAAA 192.0.2.1");
        failsWith("line 1: SRV needs priority, weight, port and target", "x. SRV 1 2 3");
        failsWith("line 1: not an SRV record: 1 2 70000 y", "x. SRV 1 2 70000 y.");
        failsWith("line 1: TXT needs a text", "x. TXT ; none");
        failsWith("line 1: a wrong escape in a text", "x. TXT \"\\25\"");
        failsWith("line 1: a wrong escape in a text", "x. TXT \"\\256\"");
        failsWith("line 1: a wrong escape in a text", "x. TXT " + "a".repeat(256));
    }

    @Test
    void whatTheFileSaysIsEscapedInFailures() throws Exception {
        failsWith("line 1: not an IPv4 address: \\x1b[2J\\xc2\\x9b", "x. A \u001b[2J\u009b");
    }

    @Test // Seed 7: a failure replays with the same bytes.
    void noBytesMakeTheLookupThrow() throws Exception {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        String alphabet = "x. A\tTXT \"\\;()@$ORIGIN 192.0.2.1\n\r\0\u00ff9";
        int failures = 0;
        for (int round = 0; round < 2_000; round++) {
            var text = new StringBuilder();
            for (int n = random.nextInt(60); n > 0; n--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            write(text.toString());
            failures += lookup("x", Type.TXT) instanceof ServerFailure ? 1 : 0;
        }
        assertTrue(failures > 200 && failures < 2_000, failures + " failures");
    }

    @Test
    void theModuleExportsNothingAndProvidesBothServices() {
        var module = FileNameLookup.class.getModule().getDescriptor();
        assertEquals(Set.of(), module.exports());
        assertEquals(
                Set.of("natt.core.spi.DnsProvider", "natt.core.spi.NameLookup"),
                Set.copyOf(module.provides().stream().map(each -> each.service()).toList()));
        assertEquals("file", new FileNameLookup().id());
    }

    private void failsWith(String reason, String text) throws Exception {
        write(text);
        assertEquals(new ServerFailure(file() + ", " + reason), lookup("x", Type.A));
    }

    private static Found found(String... contents) {
        return new Found(List.of(contents));
    }

    private Answer lookup(String name, Type type) throws InterruptedException {
        return new FileNameLookup()
                .open(new Settings(Map.of("path", file().toString()), Map.of()))
                .lookup(name, type, Source.RESOLVER);
    }

    private Path file() {
        return directory.resolve("zone");
    }

    private void write(String text) throws IOException {
        Files.writeString(file(), text, StandardCharsets.ISO_8859_1);
    }
}
