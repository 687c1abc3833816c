package natt.tests.bench;

import com.google.gson.GsonBuilder;

import natt.tests.Need;
import natt.tests.Repository;
import natt.tests.bench.WanScenario.Column;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Real programs over long, lossy and changing links, side by side: natt's sessions, kcptun,
/// wireguard-go and the kernel's own TCP, between two network namespaces with the laboratory's
/// emulator between them. As root.
///
/// Arguments: `--rounds N` (5), `--scenario NAME` and `--only SUBJECT` (each several times).
public final class WanBench {
    private final List<String> only = new ArrayList<>();
    private final List<String> scenarios = new ArrayList<>();
    private int rounds = 5;
    private String farNamespace = "";
    private String control = "";

    private WanBench(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--scenario" -> scenarios.add(arguments[++i]);
                case "--only" -> only.add(arguments[++i]);
                case "--far-namespace" -> farNamespace = arguments[++i];
                case "--control" -> control = arguments[++i];
                default -> throw new IllegalArgumentException("unknown: " + arguments[i]);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        var bench = new WanBench(arguments);
        for (Need need : List.of(Need.NATLAB, Need.IMAGE)) {
            Optional<String> missing = need.missing();
            if (missing.isPresent()) {
                System.out.println("not measured: " + missing.get());
                System.exit(0);
            }
        }
        if (!bench.farNamespace.isEmpty()) {
            bench.run();
            System.exit(0);
        }
        bench.wanted();
        try (var pair = VethPair.up();
                var link = WanLink.up(pair)) {
            var inside = new ArrayList<>(List.of(arguments));
            inside.addAll(List.of("--far-namespace", pair.far()));
            inside.addAll(List.of("--control", link.control().toString()));
            System.exit(pair.runNear(WanBench.class, inside));
        }
    }

    private List<WanScenario> wanted() {
        var all = new ArrayList<>(WanScenarios.all());
        all.add(WanCrowd.scenario());
        for (String name : scenarios) {
            if (all.stream().noneMatch(each -> each.name().equals(name))) {
                throw new IllegalArgumentException(
                        "no scenario %s; there are %s"
                                .formatted(name, all.stream().map(WanScenario::name).toList()));
            }
        }
        all.removeIf(each -> !scenarios.isEmpty() && !scenarios.contains(each.name()));
        return all;
    }

    // ---- measuring

    /// All measurements of one subject in one scenario.
    private static final class Record {
        final String subject;
        final List<Map<String, Double>> rounds = new ArrayList<>();
        final List<Map<String, Double>> emulator = new ArrayList<>();
        final List<String> failures = new ArrayList<>();

        Record(String subject) {
            this.subject = subject;
        }
    }

    private void run() throws IOException, InterruptedException {
        String load = ProcStat.loadAverage();
        VethPair pair = VethPair.madeByAnother(farNamespace);
        var all = new LinkedHashMap<String, Object>();
        WanLink link = WanLink.madeByAnother(pair, control);
        try (var room = WanRoom.overLink(pair, link)) {
            for (WanScenario scenario : wanted()) {
                List<Record> records = measure(scenario, room);
                report(scenario, records);
                all.put(scenario.name(), json(records));
                write(all);
            }
        }
        System.out.println(Figures.machine(load));
    }

    private List<Record> measure(WanScenario scenario, WanRoom room)
            throws IOException, InterruptedException {
        List<Record> records = subjects(scenario).stream().map(Record::new).toList();
        for (int round = 0; round < rounds; round++) {
            var order = new ArrayList<>(records);
            Collections.rotate(order, -round);
            for (Record record : order) {
                Optional<String> lacking = WanRoom.lacking(record.subject);
                if (lacking.isPresent()) {
                    record.failures.add(lacking.get());
                } else {
                    room.link().set(WanLink.PLAIN + " " + scenario.settings());
                    room.link().set("seed=" + (round + 1));
                    measure(scenario, room, record);
                }
            }
            System.err.printf("%s: round %d of %d%n", scenario.name(), round + 1, rounds);
        }
        return records;
    }

    /// Those of the scenario that are asked for; whoever asks for another gets it.
    private List<String> subjects(WanScenario scenario) {
        if (only.isEmpty()) {
            return scenario.subjects();
        }
        boolean any = scenario.subjects().contains(WanRoom.WIREGUARD);
        return only.stream().filter(each -> any || scenario.subjects().contains(each)).toList();
    }

    private static void measure(WanScenario scenario, WanRoom room, Record record)
            throws InterruptedException {
        var run = new WanRun(room, record.subject);
        Map<String, Double> before = room.link().counters();
        try {
            scenario.measurement().run(run);
        } catch (IOException | UncheckedIOException | AssertionError failed) {
            record.failures.add(String.valueOf(failed.getMessage()));
        }
        Map<String, Double> after = room.link().counters();
        record.rounds.add(run.figures());
        before.forEach(
                (name, value) -> after.computeIfPresent(name, (_, now) -> grown(name, value, now)));
        record.emulator.add(after);
    }

    /// Counters grow; the emulator's lateness and what it holds are of the time since the last
    // look.
    private static double grown(String name, double before, double now) {
        return name.startsWith("late") || name.equals("held") ? now : now - before;
    }

    // ---- reporting

    private void report(WanScenario scenario, List<Record> records) {
        System.out.printf(
                "%n### %s%n%n%s; %d rounds, median (least to most)%n%n",
                scenario.name(), scenario.what(), rounds);
        var header = new StringBuilder("| |");
        var aims = new StringBuilder("| aim |");
        for (Column column : scenario.columns()) {
            header.append(' ').append(column.name()).append(" |");
            aims.append(' ').append(column.aim()).append(" |");
        }
        System.out.println(header + "\n|" + "---|".repeat(scenario.columns().size() + 1));
        System.out.println(aims);
        for (Record record : records) {
            var line = new StringBuilder("| " + record.subject + " |");
            for (Column column : scenario.columns()) {
                double[] values =
                        record.rounds.stream()
                                .filter(each -> each.containsKey(column.name()))
                                .mapToDouble(each -> each.get(column.name()))
                                .toArray();
                line.append(' ').append(Figures.spread(values, column.decimals())).append(" |");
            }
            System.out.println(line);
        }
        System.out.println();
        for (Record record : records) {
            record.failures.stream()
                    .distinct()
                    .forEach(each -> System.out.printf("failed: %s: %s%n", record.subject, each));
        }
        System.out.printf(
                "emulator: at most %.1f ms late, %.0f packets lost by its own fault%n",
                most(records, "late_max_us") / 1e3,
                most(records, "kdrop") + most(records, "txerr") + most(records, "big"));
    }

    private static double most(List<Record> records, String counter) {
        return records.stream()
                .flatMap(each -> each.emulator.stream())
                .mapToDouble(each -> each.getOrDefault(counter, 0.0))
                .max()
                .orElse(0);
    }

    private static Map<String, Object> json(List<Record> records) {
        var all = new LinkedHashMap<String, Object>();
        for (Record record : records) {
            var one = new LinkedHashMap<String, Object>();
            one.put("rounds", record.rounds);
            one.put("emulator", record.emulator);
            one.put("failures", record.failures);
            all.put(record.subject, one);
        }
        return all;
    }

    private static void write(Map<String, Object> all) throws IOException {
        Path file = Repository.target("bench").resolve("wan.json");
        var gson =
                new GsonBuilder()
                        .setPrettyPrinting()
                        .serializeSpecialFloatingPointValues()
                        .create();
        Files.writeString(file, gson.toJson(all));
    }
}
