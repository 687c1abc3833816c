package natt.core.status;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import natt.tests.fuzz.Input;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// A report of any texts and numbers is JSON in one line of ASCII, and reads as what it was made
/// of; as text, its lines are for a person.
public final class ReportFuzzer {
    private static final int DEEPEST = 4;

    private record Expected(String name, Object value) {}

    private final Input input;

    private ReportFuzzer(byte[] bytes) {
        input = new Input(bytes);
    }

    public static void fuzzerTestOneInput(byte[] bytes) {
        new ReportFuzzer(bytes).run();
    }

    private void run() {
        List<Expected> expected = new ArrayList<>();
        Report report = report(0, expected);
        String json = report.toJson();
        if (!json.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            throw new AssertionError("not one line of ASCII: " + json);
        }
        JsonObject read = new Gson().fromJson(json, JsonObject.class);
        if (read.size() != report.fields().size()) {
            throw new AssertionError("%d fields".formatted(read.size()));
        }
        for (Expected each : expected) {
            JsonElement element = read.get(each.name);
            boolean same =
                    each.value instanceof String text
                            ? element.getAsString().equals(text)
                            : element.getAsLong() == (Long) each.value;
            if (!same) {
                throw new AssertionError("%s is not %s".formatted(element, each.value));
            }
        }
        report.toText()
                .chars()
                .filter(c -> Character.isISOControl(c) && c != '\n')
                .findFirst()
                .ifPresent(
                        c -> {
                            throw new AssertionError("shows U+%04X".formatted(c));
                        });
    }

    private Report report(int depth, List<Expected> expected) {
        var builder = Report.builder();
        int fields = input.choice(8);
        for (int i = 0; i < fields; i++) {
            add(builder, "f" + i, depth, expected);
        }
        return builder.build();
    }

    private void add(Report.Builder to, String name, int depth, List<Expected> expected) {
        switch (input.choice(depth == DEEPEST ? 9 : 11)) {
            case 0, 1 -> {
                String text = text();
                to.text(name, text);
                expected.add(new Expected(name, text));
            }
            case 2 -> to.texts(name, List.of(text(), text()));
            case 3 -> {
                long count = (long) input.number() << 32 | input.number() & 0xffff_ffffL;
                to.count(name, count);
                expected.add(new Expected(name, count));
            }
            case 4 -> to.percent(name, Float.intBitsToFloat(input.number()));
            case 5 -> to.rate(name, Double.longBitsToDouble((long) input.number() << 32));
            case 6 -> to.milliseconds(name, Duration.ofNanos(input.number()));
            case 7 -> to.instant(name, Instant.ofEpochSecond(input.number()));
            case 8 -> to.share(name, input.number(), input.number()).flag(name + "s", true);
            case 9 -> to.report(name, report(depth + 1, new ArrayList<>()));
            default -> to.reports(name, List.of(report(depth + 1, new ArrayList<>())));
        }
    }

    private String text() {
        return new Input(input.bytes(input.octet())).text();
    }
}
