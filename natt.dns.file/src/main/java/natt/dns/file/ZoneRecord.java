package natt.dns.file;

import natt.core.DnsRecord;
import natt.core.Text;
import natt.dns.file.ZoneLine.Field;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// A resource record of a zone file, with its name made complete.
///
/// @param owner complete, in lower case, without a final dot; the root is empty
/// @param type in upper case
/// @param origin what a relative name in the data is relative to, or null for none
/// @param line where it stands
record ZoneRecord(
        String owner, String type, List<Field> data, @Nullable String origin, ZoneLine line) {

    /// The comment at the end of each line of ours.
    static final String MARK = "natt";

    private static final Pattern TTL = Pattern.compile("[0-9]+([smhdw]([0-9]+[smhdw])*)?");

    /// Reads the records of class IN among the entries.
    ///
    /// `$ORIGIN` is followed and `$TTL` allowed. A name without a final dot is relative to the
    /// origin, and complete where there is none. `$INCLUDE` and `$GENERATE` stand for records
    /// that are not looked at here.
    static List<ZoneRecord> read(List<ZoneLine> lines) throws ZoneSyntaxException {
        var records = new ArrayList<ZoneRecord>();
        String origin = null;
        String owner = null;
        for (ZoneLine line : lines) {
            String head = line.fields().getFirst().raw();
            if (!line.indented() && head.startsWith("$")) {
                if (head.equalsIgnoreCase("$ORIGIN")) {
                    origin = complete(argument(line), origin, line.first());
                }
                continue;
            }
            int at = 0;
            if (!line.indented()) {
                owner = complete(head, origin, line.first());
                at = 1;
            }
            if (owner == null) {
                throw new ZoneSyntaxException(line.first(), "there is no name before this record");
            }
            boolean internet = true;
            while (at < line.fields().size() && isTtlOrClass(line.fields().get(at))) {
                String field = lower(line.fields().get(at).raw());
                internet &= !field.equals("ch") && !field.equals("hs");
                at++;
            }
            if (at == line.fields().size()) {
                throw new ZoneSyntaxException(line.first(), "the record has no type");
            }
            if (internet) {
                String type = line.fields().get(at).raw().toUpperCase(Locale.ROOT);
                var data = line.fields().subList(at + 1, line.fields().size());
                records.add(new ZoneRecord(owner, type, data, origin, line));
            }
        }
        return records;
    }

    boolean isOurs() {
        return line.comment().equals(MARK) && line.first() == line.last();
    }

    boolean is(String name, DnsRecord.Type wanted) {
        return owner.equals(name) && type.equals(wanted.name());
    }

    /// Returns the content in the form of [DnsRecord#content].
    String content(DnsRecord.Type as) throws ZoneSyntaxException {
        return switch (as) {
            case A -> {
                String address = only();
                if (!Rdata.isIpv4(address)) {
                    throw flaw("not an IPv4 address: " + Text.escape(address));
                }
                yield address;
            }
            case AAAA -> {
                String address = only();
                if (!Rdata.isIpv6(address)) {
                    throw flaw("not an IPv6 address: " + Text.escape(address));
                }
                yield address;
            }
            case SRV -> {
                if (data.size() != 4) {
                    throw flaw("SRV needs priority, weight, port and target");
                }
                String target = complete(data.get(3).raw(), origin, line.first());
                String srv =
                        "%s %s %s %s"
                                .formatted(
                                        data.get(0).raw(),
                                        data.get(1).raw(),
                                        data.get(2).raw(),
                                        target.isEmpty() ? "." : target);
                if (!Rdata.isSrv(srv)) {
                    throw flaw("not an SRV record: " + Text.escape(srv));
                }
                yield srv;
            }
            case TXT -> {
                if (data.isEmpty()) {
                    throw flaw("TXT needs a text");
                }
                var raw = new ArrayList<String>();
                for (Field field : data) {
                    raw.add(field.raw());
                }
                String text = Rdata.joinTxt(raw);
                if (text == null) {
                    throw flaw("a wrong escape in a text");
                }
                yield text;
            }
        };
    }

    static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private String only() throws ZoneSyntaxException {
        if (data.size() != 1) {
            throw flaw(type + " needs one address");
        }
        return data.getFirst().raw();
    }

    private ZoneSyntaxException flaw(String flaw) {
        return new ZoneSyntaxException(line.first(), flaw);
    }

    private static String argument(ZoneLine line) throws ZoneSyntaxException {
        if (line.fields().size() != 2) {
            throw new ZoneSyntaxException(line.first(), "$ORIGIN needs one name");
        }
        return line.fields().get(1).raw();
    }

    private static boolean isTtlOrClass(Field field) {
        String text = lower(field.raw());
        return text.equals("in")
                || text.equals("ch")
                || text.equals("hs")
                || TTL.matcher(text).matches();
    }

    private static String complete(String name, @Nullable String origin, int line)
            throws ZoneSyntaxException {
        String lower = lower(name);
        if (lower.equals("@")) {
            if (origin == null) {
                throw new ZoneSyntaxException(line, "@ without $ORIGIN");
            }
            return origin;
        }
        if (lower.endsWith(".")) {
            return lower.substring(0, lower.length() - 1);
        }
        return origin == null || origin.isEmpty() ? lower : lower + "." + origin;
    }
}
