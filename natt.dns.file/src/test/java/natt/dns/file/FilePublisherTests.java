package natt.dns.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Publisher;
import natt.core.spi.NameLookup.Answer;
import natt.core.spi.NameLookup.Source;
import natt.core.spi.Settings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

class FilePublisherTests {
    private static final String NAME = "pc.example.com";

    @TempDir Path directory;

    @Test
    void theTwoRecordsOfTheOriginalMakeANewFile() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        assertEquals(
                """
                pc.example.com. 60 IN A 192.0.2.7 ; natt
                pc.example.com. 60 IN TXT "kcp-port=30000" ; natt
                """,
                text());
        assertEquals(List.of("zone"), names());
    }

    @Test
    void aChangeReplacesOurLinesWhereTheyStandAndTouchesNoOther() throws Exception {
        write(
                "; kept by hand\n$TTL 300\n\npc.example.com.  IN A 192.0.2.1 ; natt\n"
                        + "other  A 192.0.2.9\t; natt's friend\nPC.example.com 60 TXT old ; natt\n"
                        + "pc.example.com. IN TXT \"v=spf1 -all\" ; mine\r\n; last");
        publish(a("192.0.2.7"), txt("kcp-port=30001"));
        assertEquals(
                "; kept by hand\n$TTL 300\n\npc.example.com. 60 IN A 192.0.2.7 ; natt\n"
                        + "other  A 192.0.2.9\t; natt's friend\n"
                        + "pc.example.com. 60 IN TXT \"kcp-port=30001\" ; natt\n"
                        + "pc.example.com. IN TXT \"v=spf1 -all\" ; mine\r\n; last",
                text());
    }

    @Test
    void bytesThatAreNoUtf8SurviveInLinesOfOthers() throws Exception {
        byte[] foreign = {'x', '.', ' ', 'T', 'X', 'T', ' ', '"', (byte) 0xff, (byte) 0x80, '"'};
        Files.write(file(), foreign);
        publish(a("192.0.2.7"));
        byte[] after = Files.readAllBytes(file());
        String tail = "\npc.example.com. 60 IN A 192.0.2.7 ; natt\n";
        assertEquals(
                new String(foreign, StandardCharsets.ISO_8859_1) + tail,
                new String(after, StandardCharsets.ISO_8859_1));
    }

    @Test
    void nothingIsWrittenWhenNothingDiffers() throws Exception {
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        var longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(file(), longAgo);
        Object inode = Files.getAttribute(file(), "unix:ino");
        publish(a("192.0.2.7"), txt("kcp-port=30000"));
        assertEquals(longAgo, Files.getLastModifiedTime(file()));
        assertEquals(inode, Files.getAttribute(file(), "unix:ino"));
    }

    @Test
    void duplicatesOfOursAreRemoved() throws Exception {
        write(
                """
                pc.example.com. 60 IN A 192.0.2.1 ; natt
                other. 60 IN A 192.0.2.9
                pc.example.com. 60 IN A 192.0.2.2 ; natt
                """);
        publish(a("192.0.2.7"));
        assertEquals(
                """
                pc.example.com. 60 IN A 192.0.2.7 ; natt
                other. 60 IN A 192.0.2.9
                """,
                text());
    }

    @Test
    void aDuplicateThatLendsItsNameToTheNextLineStays() throws Exception {
        String before =
                """
                pc.example.com. 60 IN A 192.0.2.1 ; natt
                other. 60 IN A 192.0.2.9
                pc.example.com. 60 IN A 192.0.2.2 ; natt
                  TXT mine
                """;
        write(before);
        var refusal = refusal(a("192.0.2.7"));
        assertEquals(
                file() + ", line 4: write the name out, the line before goes away",
                refusal.getMessage());
        assertEquals(before, text());
    }

    @Test
    void aForeignAddressAtTheNameIsAConflictAndNothingIsWritten() throws Exception {
        String before = "x. A 192.0.2.1\n$ORIGIN example.com.\npc A 192.0.2.9\n";
        write(before);
        var refusal = refusal(txt("kcp-port=1"), a("192.0.2.7"));
        assertEquals(
                "an A record that is not ours exists at pc.example.com (line 3 of " + file() + ")",
                refusal.getMessage());
        assertEquals(before, text());
        assertEquals(List.of("zone"), names());
    }

    @Test
    void anAliasAtTheNameIsAConflictForEveryType() throws Exception {
        write("pc.example.com. CNAME other.example.com.\n");
        assertTrue(refusal(txt("x")).getMessage().startsWith("a CNAME record that is not ours"));
        assertTrue(refusal(a("192.0.2.7")).getMessage().startsWith("a CNAME record that is"));
    }

    @Test
    void aFileThatCannotBeUnderstoodIsNotWritten() throws Exception {
        write("x. SOA a b ( 1 2\n3 4 5\n");
        assertEquals(
                file() + ", line 1: a parenthesis is not closed",
                refusal(a("192.0.2.7")).getMessage());
        write("x. TXT \"open\ny. A 192.0.2.1\n");
        assertEquals(
                file() + ", line 1: a quotation mark is not closed",
                refusal(a("192.0.2.7")).getMessage());
    }

    @Test
    void everyTypeComesBackAsItWasPublished() throws Exception {
        String text = "quote \" backslash \\ semicolon ; Zürich \u0001 " + "x".repeat(600);
        var records =
                List.of(
                        a("192.0.2.7"),
                        record(Type.AAAA, "2001:db8::7"),
                        txt(text),
                        new DnsRecord(
                                "_natt._udp." + NAME,
                                Type.SRV,
                                "10 5 40123 pc.example.com",
                                Duration.ofSeconds(60)));
        publish(records.toArray(DnsRecord[]::new));
        for (DnsRecord each : records) {
            assertEquals(
                    new Answer.Found(List.of(each.content())), lookup(each.name(), each.type()));
        }
        for (String line : text().split("\n")) {
            assertTrue(line.chars().allMatch(c -> c >= 0x20 && c < 0x7f), line);
        }
    }

    @Test
    void aTextIsCutIntoStringsOf255Bytes() throws Exception {
        publish(txt("a".repeat(255)));
        assertEquals("pc.example.com. 60 IN TXT \"" + "a".repeat(255) + "\" ; natt\n", text());
        publish(txt("a".repeat(256)));
        assertEquals(
                "pc.example.com. 60 IN TXT \"" + "a".repeat(255) + "\" \"a\" ; natt\n", text());
        publish(txt(""));
        assertEquals("pc.example.com. 60 IN TXT \"\" ; natt\n", text());
        publish(txt("a".repeat(2048)));
        assertEquals(Kind.REFUSED, refusal(txt("a".repeat(2049))).kind());
    }

    @Test
    void contentsThatWouldForgeLinesAreRefused() {
        for (DnsRecord each :
                List.of(
                        a("192.0.2.7\nevil. A 192.0.2.8"),
                        a("192.0.2"),
                        a("192.0.2.256"),
                        a("0192.0.2.1"),
                        record(Type.AAAA, "192.0.2.7"),
                        record(Type.AAAA, "2001:db8::1%eth0"),
                        record(Type.AAAA, ":::"),
                        record(Type.SRV, "1 2 3"),
                        record(Type.SRV, "1 2 65536 host.example"),
                        record(Type.SRV, "1 2 3 host;evil"),
                        new DnsRecord("pc .example", Type.A, "192.0.2.1", Duration.ofSeconds(60)),
                        new DnsRecord("", Type.A, "192.0.2.1", Duration.ofSeconds(60)),
                        new DnsRecord("a..b", Type.A, "192.0.2.1", Duration.ofSeconds(60)),
                        new DnsRecord(NAME, Type.A, "192.0.2.1", Duration.ofSeconds(-1)))) {
            var refusal = refusal(each);
            assertEquals(Kind.REFUSED, refusal.kind());
            assertFalse(refusal.getMessage().contains("\n"), refusal.getMessage());
        }
        assertFalse(Files.exists(file()));
    }

    @Test
    void twoRecordsOfOneNameAndTypeAreTheCallersMistake() {
        assertThrows(IllegalArgumentException.class, () -> publish(a("192.0.2.1"), a("192.0.2.2")));
    }

    @Test
    void modeAndSymbolicLinkAreKept() throws Exception {
        Path real = directory.resolve("real");
        Files.writeString(real, "x. A 192.0.2.1\n");
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-r-----"));
        Files.createSymbolicLink(file(), real);
        publish(a("192.0.2.7"));
        assertTrue(Files.isSymbolicLink(file()));
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(real)));
        assertEquals(
                "x. A 192.0.2.1\npc.example.com. 60 IN A 192.0.2.7 ; natt\n",
                Files.readString(real));
    }

    @Test
    void aMissingDirectoryIsNamed() {
        Path nowhere = directory.resolve("no/zone");
        var refusal =
                assertThrows(
                        PublishException.class,
                        () -> publisher(nowhere).publish(List.of(a("192.0.2.7"))));
        assertEquals("the directory of " + nowhere + " does not exist", refusal.getMessage());
        assertEquals(Kind.REFUSED, refusal.kind());
    }

    @Test
    void aDirectoryInPlaceOfTheFileIsNamed() throws Exception {
        Files.createDirectory(file());
        var refusal = refusal(a("192.0.2.7"));
        assertEquals("cannot read " + file() + ": Is a directory", refusal.getMessage());
        assertEquals(Kind.REFUSED, refusal.kind());
    }

    @Test
    void aDirectoryWithoutWritePermissionIsNamedUnlessRootMayWriteAnyway() throws Exception {
        Path locked = Files.createDirectory(directory.resolve("locked"));
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-x------"));
        Path path = locked.resolve("zone");
        if (Files.isWritable(locked)) {
            publisher(path).publish(List.of(a("192.0.2.7")));
            assertTrue(Files.exists(path));
        } else {
            var refusal =
                    assertThrows(
                            PublishException.class,
                            () -> publisher(path).publish(List.of(a("192.0.2.7"))));
            assertEquals("cannot write " + path + ": permission denied", refusal.getMessage());
            assertEquals(Kind.REFUSED, refusal.kind());
        }
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void aFailureOfTheSystemCanPass() {
        Path path = directory.resolve("z".repeat(300));
        var failure =
                assertThrows(
                        PublishException.class,
                        () -> publisher(path).publish(List.of(a("192.0.2.7"))));
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertTrue(failure.getMessage().endsWith(": File name too long"), failure.getMessage());
    }

    @Test
    void anInterruptedCallSaysSoAndLeavesNothingBehind() throws IOException {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> publish(a("192.0.2.7")));
        assertFalse(Thread.interrupted());
        assertEquals(List.of(), names());
    }

    @Test
    void everyTypeAndAnyTtlCanBePublishedAtOnce() {
        var capabilities = publisher(file()).capabilities();
        assertEquals(Set.of(Type.values()), capabilities.types());
        assertEquals(Duration.ZERO, capabilities.leastTtl());
        assertTrue(capabilities.atomic());
    }

    @Test
    void thePathIsRequiredAndNothingElseIsKnown() {
        var provider = new FileDnsProvider();
        assertEquals("file", provider.id());
        var missing =
                assertThrows(IllegalArgumentException.class, () -> provider.open(Settings.none()));
        assertEquals("the DNS provider 'file' needs the setting 'path'", missing.getMessage());
        var unknown =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> provider.open(new Settings(Map.of("pfad", "x"), Map.of())));
        assertEquals("file does not know the setting 'pfad'; known: [path]", unknown.getMessage());
        var wrong =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> provider.open(new Settings(Map.of("path", "a\0b"), Map.of())));
        assertEquals("the setting 'path' is not a path: a\\x00b", wrong.getMessage());
    }

    private Path file() {
        return directory.resolve("zone");
    }

    private void write(String text) throws IOException {
        Files.writeString(file(), text, StandardCharsets.ISO_8859_1);
    }

    private String text() throws IOException {
        return Files.readString(file(), StandardCharsets.ISO_8859_1);
    }

    private List<String> names() throws IOException {
        try (var found = Files.list(directory)) {
            return found.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    private void publish(DnsRecord... records) throws PublishException, InterruptedException {
        try (var publisher = publisher(file())) {
            publisher.publish(List.of(records));
        }
    }

    private PublishException refusal(DnsRecord... records) {
        return assertThrows(PublishException.class, () -> publish(records));
    }

    private Answer lookup(String name, Type type) throws InterruptedException {
        return new FileNameLookup().open(settings(file())).lookup(name, type, Source.AUTHORITATIVE);
    }

    private static Publisher publisher(Path path) {
        return new FileDnsProvider().open(settings(path));
    }

    private static Settings settings(Path path) {
        return new Settings(Map.of("path", path.toString()), Map.of());
    }

    private static DnsRecord a(String address) {
        return record(Type.A, address);
    }

    private static DnsRecord txt(String text) {
        return record(Type.TXT, text);
    }

    private static DnsRecord record(Type type, String content) {
        return new DnsRecord(NAME, type, content, Duration.ofSeconds(60));
    }
}
