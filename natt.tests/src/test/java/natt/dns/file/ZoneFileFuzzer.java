package natt.dns.file;

import natt.core.DnsRecord;
import natt.core.DnsRecord.Type;
import natt.core.TextFuzzer;
import natt.core.spi.DnsProvider.PublishException;
import natt.tests.fuzz.Input;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Any file is read or refused in one line. Into one that is read, records are published so that
/// they can be read again, that publishing once more changes nothing, and that the lines of others
/// stay. The input: a type of record, then the file.
public final class ZoneFileFuzzer {
    private static final String NAME = "a.example";

    private ZoneFileFuzzer() {}

    public static void fuzzerTestOneInput(byte[] bytes) {
        var input = new Input(bytes);
        Type type = Type.values()[input.choice(Type.values().length)];
        String file = new String(input.rest(), StandardCharsets.ISO_8859_1);
        List<ZoneRecord> records;
        try {
            records = records(file);
            FileNameLookup.answer(records, NAME, type);
        } catch (ZoneSyntaxException refused) {
            TextFuzzer.requirePrintable(refused.getMessage());
        }
        publish(file, type);
    }

    private static List<ZoneRecord> records(String file) throws ZoneSyntaxException {
        return ZoneRecord.read(ZoneLine.split(ZoneFile.lines(file)));
    }

    private static void publish(String file, Type type) {
        String content =
                switch (type) {
                    case A -> "203.0.113.7";
                    case AAAA -> "2001:db8::7";
                    case TXT -> "kcp-port=\"41233\"; \\";
                    case SRV -> "1 2 3 b.example";
                };
        var wanted = new DnsRecord(NAME, type, content, Duration.ofSeconds(60));
        var publisher = new FilePublisher(Path.of("zone"));
        String merged;
        try {
            merged = publisher.merge(file, List.of(wanted), new ArrayList<>());
        } catch (ZoneSyntaxException | PublishException refused) {
            TextFuzzer.requirePrintable(String.valueOf(refused.getMessage()));
            return;
        }
        try {
            if (!publisher.merge(merged, List.of(wanted), new ArrayList<>()).equals(merged)) {
                throw new AssertionError("publishing again changes: " + merged);
            }
            if (!isThere(merged, type, content)) {
                throw new AssertionError("not published: " + merged);
            }
        } catch (ZoneSyntaxException | PublishException refused) {
            throw new AssertionError("does not read what it wrote: " + merged, refused);
        }
        if (!others(file).equals(others(merged))) {
            throw new AssertionError("another's line has changed: " + merged);
        }
    }

    private static boolean isThere(String file, Type type, String content)
            throws ZoneSyntaxException {
        for (ZoneRecord each : records(file)) {
            if (each.is(NAME, type) && each.isOurs()) {
                String read = each.content(type);
                return read.equals(content);
            }
        }
        return false;
    }

    private static List<String> others(String file) {
        var others = new ArrayList<String>();
        for (String line : ZoneFile.lines(file)) {
            String tail = line.strip();
            if (!tail.endsWith("natt") || !tail.contains(";")) {
                others.add(line);
            }
        }
        return others;
    }
}
