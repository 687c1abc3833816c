package natt.dns.file;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.core.spi.DnsProvider.Capabilities;
import natt.core.spi.DnsProvider.PublishException;
import natt.core.spi.DnsProvider.PublishException.Kind;
import natt.core.spi.DnsProvider.Publisher;
import natt.core.spi.DnsProvider.Skipped;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/// Keeps our records as lines of a zone file that end in `; natt`.
///
/// All other lines stay as they are, byte by byte and in their place. What would change the
/// meaning of another's record is refused, and then nothing is written: a CNAME at the name, or
/// an A, AAAA or SRV record there that is not ours. An optional record is left out instead, and
/// ours there removed. Other TXT records at the name do no harm.
/// One process at a time writes the file.
final class FilePublisher implements Publisher {
    private static final long LARGEST_TTL_SECONDS = Integer.MAX_VALUE;

    private final Path path;

    FilePublisher(Path path) {
        this.path = path;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(EnumSet.allOf(DnsRecord.Type.class), Duration.ZERO, true);
    }

    @Override
    public List<Skipped> publish(List<DnsRecord> records)
            throws PublishException, InterruptedException {
        Path directory = path.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw refused("the directory of %s does not exist".formatted(shown()));
        }
        String before = read();
        try {
            var skipped = new ArrayList<Skipped>();
            String after = merge(before, records, skipped);
            if (!after.equals(before)) {
                ZoneFile.replace(path, after);
            }
            return List.copyOf(skipped);
        } catch (ZoneSyntaxException e) {
            throw refused("%s, %s".formatted(shown(), e.getMessage()));
        } catch (ClosedByInterruptException e) {
            Thread.interrupted();
            throw new InterruptedException();
        } catch (IOException e) {
            throw failed("write", e);
        }
    }

    @Override
    public Optional<String> rights(String name) throws PublishException, InterruptedException {
        Path directory = path.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw refused("the directory of %s does not exist".formatted(shown()));
        }
        read();
        // The file is replaced, not written to.
        if (!Files.isWritable(directory)) {
            throw refused("the directory of %s may not be written to".formatted(shown()));
        }
        return Optional.of("%s can be written".formatted(shown()));
    }

    @Override
    public void close() {}

    private String read() throws PublishException {
        try {
            return ZoneFile.read(path);
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw failed("read", e);
        }
    }

    String merge(String before, List<DnsRecord> records, List<Skipped> skipped)
            throws ZoneSyntaxException, PublishException {
        List<String> lines = new ArrayList<>(ZoneFile.lines(before));
        List<ZoneLine> entries = ZoneLine.split(lines);
        List<ZoneRecord> present = ZoneRecord.read(entries);
        var removed = new TreeSet<Integer>();
        var appended = new ArrayList<String>();
        var seen = new HashSet<String>();
        for (DnsRecord wanted : records) {
            String name = ZoneRecord.lower(Rdata.withoutFinalDot(wanted.name()));
            if (!seen.add(wanted.type() + " " + name)) {
                throw new IllegalArgumentException(
                        "two %s records at %s".formatted(wanted.type(), name));
            }
            Optional<String> line = line(wanted, present, name, skipped);
            boolean placed = line.isEmpty();
            for (ZoneRecord each : present) {
                if (each.is(name, wanted.type()) && each.isOurs()) {
                    int index = each.line().first() - 1;
                    if (placed) {
                        refuseHeir(entries, each.line());
                        removed.add(index);
                    } else {
                        lines.set(index, line.get());
                        placed = true;
                    }
                }
            }
            if (!placed) {
                appended.add(line.get());
            }
        }
        for (int index : removed.descendingSet()) {
            lines.remove(index);
        }
        lines.addAll(appended);
        boolean untouched = appended.isEmpty() && removed.isEmpty() && !before.endsWith("\n");
        String joined = String.join("\n", lines);
        return joined.isEmpty() || untouched ? joined : joined + "\n";
    }

    /// The line of a record; empty if it is left out.
    private Optional<String> line(
            DnsRecord wanted, List<ZoneRecord> present, String name, List<Skipped> skipped)
            throws PublishException {
        try {
            String line = format(wanted);
            refuseConflict(present, name, wanted.type());
            return Optional.of(line);
        } catch (PublishException refused) {
            if (!wanted.optional()) {
                throw refused;
            }
            skipped.add(new Skipped(wanted, refused.getMessage()));
            return Optional.empty();
        }
    }

    /// A line of ours cannot go while the entry after it takes its name from it.
    private static void refuseHeir(List<ZoneLine> entries, ZoneLine doomed)
            throws ZoneSyntaxException {
        int next = entries.indexOf(doomed) + 1;
        if (next < entries.size() && entries.get(next).indented()) {
            throw new ZoneSyntaxException(
                    entries.get(next).first(), "write the name out, the line before goes away");
        }
    }

    private void refuseConflict(List<ZoneRecord> present, String name, DnsRecord.Type type)
            throws PublishException {
        for (ZoneRecord each : present) {
            boolean alias = each.owner().equals(name) && each.type().equals("CNAME");
            boolean foreign = type != DnsRecord.Type.TXT && each.is(name, type) && !each.isOurs();
            if (alias || foreign) {
                throw refused(
                        "%s record that is not ours exists at %s (line %d of %s)"
                                .formatted(
                                        article(each.type()), name, each.line().first(), shown()));
            }
        }
    }

    private String format(DnsRecord record) throws PublishException {
        String name = Rdata.withoutFinalDot(record.name());
        if (!Rdata.isName(name)) {
            throw refused("not a DNS name: " + Text.escape(record.name()));
        }
        String data = Rdata.format(record.type(), record.content());
        if (data == null) {
            throw refused(
                    "not the content of %s record: %s"
                            .formatted(
                                    article(record.type().name()), Text.escape(record.content())));
        }
        long seconds = record.ttl().toSeconds();
        if (seconds < 0 || seconds > LARGEST_TTL_SECONDS) {
            throw refused("not a TTL: %d s".formatted(seconds));
        }
        return "%s. %d IN %s %s ; %s"
                .formatted(name, seconds, record.type(), data, ZoneRecord.MARK);
    }

    private static String article(String type) {
        return (type.startsWith("A") || type.startsWith("SRV") ? "an " : "a ") + type;
    }

    private PublishException failed(String what, IOException e) {
        String message =
                "cannot %s %s: %s".formatted(what, shown(), Text.escape(ZoneFile.reason(e)));
        boolean userCanHelp =
                e instanceof AccessDeniedException
                        || e instanceof NoSuchFileException
                        || Files.isDirectory(path)
                        || !Files.isWritable(path.toAbsolutePath().getParent());
        return new PublishException(
                userCanHelp ? Kind.REFUSED : Kind.UNAVAILABLE, message, Optional.empty());
    }

    private String shown() {
        return Text.escape(path.toString());
    }

    private static PublishException refused(String message) {
        return new PublishException(Kind.REFUSED, message, Optional.empty());
    }
}
