package natt.core.status;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Writes reports as JSON (RFC 8259), in ASCII, so that no text in them can steer a terminal.
final class ReportJson {
    private static final HexFormat HEX = HexFormat.of();

    private final StringBuilder out = new StringBuilder(1024);

    private ReportJson() {}

    static String write(Report report) {
        var json = new ReportJson();
        json.object(report);
        return json.out.toString();
    }

    private void object(Report report) {
        list('{', report.fields(), this::field, '}');
    }

    private void field(Report.Field field) {
        string(field.key());
        out.append(':');
        value(field.value());
    }

    private void value(Report.Value value) {
        switch (value) {
            case Report.Words words -> string(words.text());
            case Report.WordList list -> list('[', list.texts(), this::string, ']');
            case Report.Flag flag -> out.append(flag.set());
            case Report.Count count -> out.append(count.count());
            case Report.Amount amount -> out.append(number(amount, "null"));
            case Report.Moment moment -> string(moment.instant().toString());
            case Report.Share share ->
                    object(
                            Report.builder()
                                    .count("used", share.used())
                                    .count("limit", share.limit())
                                    .build());
            case Report.Counts counts ->
                    list('{', List.copyOf(counts.counts().entrySet()), this::count, '}');
            case Report.Nested nested -> object(nested.report());
            case Report.Several several -> list('[', several.reports(), this::object, ']');
        }
    }

    private void count(Map.Entry<String, Long> entry) {
        string(entry.getKey());
        out.append(':').append(entry.getValue());
    }

    private <T> void list(char open, List<T> elements, Consumer<T> each, char close) {
        out.append(open);
        for (int i = 0; i < elements.size(); i++) {
            if (i > 0) {
                out.append(',');
            }
            each.accept(elements.get(i));
        }
        out.append(close);
    }

    /// The number in decimal digits, rounded as its unit is.
    static String number(Report.Amount amount, String unknown) {
        if (!Double.isFinite(amount.amount())) {
            return unknown;
        }
        var rounded =
                new BigDecimal(amount.amount())
                        .setScale(amount.unit().decimals(), RoundingMode.HALF_UP)
                        .stripTrailingZeros();
        return rounded.toPlainString();
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c >= 0x20 && c < 0x7f) {
                out.append(c);
            } else {
                out.append("\\u");
                HEX.toHexDigits(out, (byte) (c >>> 8));
                HEX.toHexDigits(out, (byte) c);
            }
        }
        out.append('"');
    }
}
