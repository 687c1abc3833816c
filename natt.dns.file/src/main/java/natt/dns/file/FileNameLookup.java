package natt.dns.file;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.core.spi.NameLookup;
import natt.core.spi.Settings;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Looks names up in a zone-file fragment, which is read anew each time.
///
/// Names without a final dot are complete, unless `$ORIGIN` says what they are relative to.
/// A CNAME is not followed and a wildcard not expanded.
public final class FileNameLookup implements NameLookup {

    public FileNameLookup() {}

    @Override
    public String id() {
        return FileSettings.ID;
    }

    @Override
    public Resolver open(Settings settings) {
        Path path = FileSettings.of(settings).path();
        return (name, type, _) -> lookup(path, name, type);
    }

    private static Answer lookup(Path path, String name, DnsRecord.Type type) {
        String shown = Text.escape(path.toString());
        try {
            var lines = ZoneLine.split(ZoneFile.lines(ZoneFile.read(path)));
            refuseInclusions(lines);
            String wanted = ZoneRecord.lower(Rdata.withoutFinalDot(name));
            return answer(ZoneRecord.read(lines), wanted, type);
        } catch (ZoneSyntaxException e) {
            return new Answer.ServerFailure("%s, %s".formatted(shown, e.getMessage()));
        } catch (IOException e) {
            return new Answer.ServerFailure(
                    "cannot read %s: %s".formatted(shown, Text.escape(ZoneFile.reason(e))));
        }
    }

    static Answer answer(List<ZoneRecord> records, String name, DnsRecord.Type type)
            throws ZoneSyntaxException {
        var contents = new ArrayList<String>();
        boolean exists = false;
        for (ZoneRecord each : records) {
            for (DnsRecord.Type known : DnsRecord.Type.values()) {
                if (each.type().equals(known.name())) {
                    String content = each.content(known);
                    if (known == type && each.owner().equals(name)) {
                        contents.add(content);
                    }
                }
            }
            exists |= each.owner().equals(name) || each.owner().endsWith("." + name);
        }
        if (!contents.isEmpty()) {
            return new Answer.Found(List.copyOf(contents));
        }
        return exists ? new Answer.NoData() : new Answer.NoSuchName();
    }

    private static void refuseInclusions(List<ZoneLine> lines) throws ZoneSyntaxException {
        for (ZoneLine line : lines) {
            String head = line.fields().getFirst().raw();
            if (!line.indented()
                    && (head.equalsIgnoreCase("$INCLUDE") || head.equalsIgnoreCase("$GENERATE"))) {
                throw new ZoneSyntaxException(line.first(), Text.escape(head) + " is not read");
            }
        }
    }
}
