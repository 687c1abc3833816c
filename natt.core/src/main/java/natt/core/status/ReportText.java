package natt.core.status;

import natt.core.Text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Writes reports for people: aligned, indented by two spaces a level. A list whose entries hold
/// plain values and fit the width is a table, another one a block for each entry.
final class ReportText {
    private static final int WIDTH = 100;
    private static final String GAP = "  ";
    private static final String UNKNOWN = "-";
    private static final String LIST = ", ";

    private final StringBuilder out = new StringBuilder(1024);

    private ReportText() {}

    static String write(Report report) {
        var text = new ReportText();
        String heading = "node";
        var plain = new ArrayList<Report.Field>();
        for (Report.Field field : report.fields()) {
            if (field.name().equals("program") && isPlain(field)) {
                heading = plain(field.value());
            } else if (isPlain(field)) {
                plain.add(field);
            }
        }
        text.line(0, heading);
        text.block(1, plain);
        for (Report.Field field : report.fields()) {
            if (!isPlain(field)) {
                text.out.append('\n');
                text.section(1, field);
            }
        }
        return text.out.toString();
    }

    private static boolean isPlain(Report.Field field) {
        return switch (field.value()) {
            case Report.Nested _, Report.Several _ -> false;
            case Report.Words _,
                    Report.WordList _,
                    Report.Flag _,
                    Report.Count _,
                    Report.Amount _,
                    Report.Counts _,
                    Report.Moment _,
                    Report.Share _ ->
                    true;
        };
    }

    /// Labels in one column, values in the next, then the sections below them. Of what is counted
    /// and has never happened nothing is said.
    private void block(int level, List<Report.Field> all) {
        List<Report.Field> fields =
                all.stream().filter(field -> !field.value().equals(new Report.Count(0))).toList();
        int width =
                fields.stream()
                        .filter(ReportText::isPlain)
                        .mapToInt(field -> field.label().length())
                        .max()
                        .orElse(0);
        for (Report.Field field : fields) {
            if (isPlain(field)) {
                String label = GAP.repeat(level) + pad(field.label(), width) + GAP;
                folded(label, plain(field.value()));
            }
        }
        for (Report.Field field : fields) {
            if (!isPlain(field)) {
                section(level, field);
            }
        }
    }

    private void section(int level, Report.Field field) {
        List<Report> entries =
                switch (field.value()) {
                    case Report.Nested nested -> List.of(nested.report());
                    case Report.Several several -> several.reports();
                    case Report.Words _,
                            Report.WordList _,
                            Report.Flag _,
                            Report.Count _,
                            Report.Amount _,
                            Report.Counts _,
                            Report.Moment _,
                            Report.Share _ ->
                            throw new AssertionError("only nested reports have a heading");
                };
        if (entries.stream().allMatch(entry -> entry.fields().isEmpty())) {
            line(level, field.label() + ": none");
            return;
        }
        line(level, field.label());
        if (field.value() instanceof Report.Nested nested) {
            block(level + 1, nested.report().fields());
        } else if (!table(level + 1, entries)) {
            for (Report entry : entries) {
                int start = out.length();
                block(level + 2, entry.fields());
                // The first line of an entry is marked, in the room of its own indentation.
                if (out.length() > start) {
                    out.setCharAt(start + GAP.length() * (level + 1), '-');
                }
            }
        }
    }

    /// Writes one line an entry; false if the entries are no table.
    private boolean table(int level, List<Report> entries) {
        var columns = new LinkedHashMap<String, List<String>>();
        for (int row = 0; row < entries.size(); row++) {
            for (Report.Field field : entries.get(row).fields()) {
                if (!isPlain(field)) {
                    return false;
                }
                List<String> column =
                        columns.computeIfAbsent(field.key(), _ -> column(field, entries.size()));
                column.set(row + 1, plain(field.value()));
            }
        }
        var rows = new ArrayList<StringBuilder>();
        for (int row = 0; row <= entries.size(); row++) {
            rows.add(new StringBuilder());
        }
        for (Map.Entry<String, List<String>> column : columns.entrySet()) {
            int width = column.getValue().stream().mapToInt(String::length).max().orElse(0);
            for (int row = 0; row <= entries.size(); row++) {
                rows.get(row).append(pad(column.getValue().get(row), width)).append(GAP);
            }
        }
        if (rows.getFirst().length() - GAP.length() + level * GAP.length() > WIDTH) {
            return false;
        }
        rows.forEach(row -> line(level, row.toString()));
        return true;
    }

    private static List<String> column(Report.Field field, int rows) {
        var column = new ArrayList<String>(rows + 1);
        column.add(field.label());
        for (int i = 0; i < rows; i++) {
            column.add(UNKNOWN);
        }
        return column;
    }

    private static String plain(Report.Value value) {
        return switch (value) {
            case Report.Words words -> words.text().isEmpty() ? UNKNOWN : Text.escape(words.text());
            case Report.WordList list ->
                    list.texts().isEmpty()
                            ? UNKNOWN
                            : String.join(LIST, list.texts().stream().map(Text::escape).toList());
            case Report.Flag flag -> flag.set() ? "yes" : "no";
            case Report.Count count -> Long.toString(count.count());
            case Report.Amount amount -> amount(amount);
            case Report.Counts counts -> counts(counts);
            case Report.Moment moment -> moment.instant().toString();
            case Report.Share share -> share.used() + " of " + share.limit();
            case Report.Nested _, Report.Several _ ->
                    throw new AssertionError("a nested report is no plain value");
        };
    }

    private static String counts(Report.Counts counts) {
        var shown = new ArrayList<String>();
        counts.counts()
                .forEach(
                        (name, count) -> {
                            if (count != 0) {
                                shown.add(Report.Field.words(name) + " " + count);
                            }
                        });
        return shown.isEmpty() ? UNKNOWN : String.join(LIST, shown);
    }

    private static String amount(Report.Amount amount) {
        if (!Double.isFinite(amount.amount())) {
            return UNKNOWN;
        }
        String number = ReportJson.number(amount, UNKNOWN);
        return switch (amount.unit()) {
            case SECONDS -> seconds((long) amount.amount());
            case MILLISECONDS -> number + " ms";
            case PERCENT -> number + " %";
            case MEGABITS_PER_SECOND -> number + " Mbit/s";
            case BYTES -> bytes(amount.amount());
        };
    }

    /// The two largest units of a time.
    private static String seconds(long seconds) {
        if (seconds < 60) {
            return seconds + " s";
        }
        long minutes = seconds / 60;
        long hours = minutes / 60;
        if (hours == 0) {
            return "%d min %d s".formatted(minutes, seconds % 60);
        }
        return hours < 24
                ? "%d h %d min".formatted(hours, minutes % 60)
                : "%d d %d h".formatted(hours / 24, hours % 24);
    }

    private static String bytes(double bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        int unit = 0;
        // From here on a value would be shown as 1000.0.
        while (bytes >= 999.95 && unit < units.length - 1) {
            bytes /= 1000;
            unit++;
        }
        return unit == 0
                ? (long) bytes + " B"
                : String.format(Locale.ROOT, "%.1f %s", bytes, units[unit]);
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(width - text.length());
    }

    /// Writes a label and a value, which goes on below itself where a list is too long.
    private void folded(String label, String value) {
        String before = label;
        String rest = value;
        int room = WIDTH - label.length();
        while (rest.length() > room) {
            int end = rest.lastIndexOf(LIST, room - 1);
            if (end <= 0) {
                break;
            }
            line(0, before + rest.substring(0, end + 1));
            before = " ".repeat(label.length());
            rest = rest.substring(end + LIST.length());
        }
        line(0, before + rest);
    }

    private void line(int level, String text) {
        out.append(GAP.repeat(level)).append(text.stripTrailing()).append('\n');
    }
}
