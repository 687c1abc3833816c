package natt.tests.bench;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.reflect.TypeToken;

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
/// Arguments: `--rounds N` (5), `--scenario NAME` and `--only SUBJECT` (each several times), and
/// `--add` to what the last run has written, so that a long run may be made in parts; with
/// `--rounds 0` it shows that.
public final class WanBench {
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().serializeSpecialFloatingPointValues().create();

    private final List<String> only = new ArrayList<>();
    private final List<String> scenarios = new ArrayList<>();
    private int rounds = 5;
    private boolean add;
    private String farNamespace = "";
    private String control = "";

    private WanBench(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--scenario" -> scenarios.add(arguments[++i]);
                case "--only" -> only.add(arguments[++i]);
                case "--add" -> add = true;
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

    /// All measurements of one subject in one scenario; as they are written.
    private static final class Record {
        final List<Map<String, Double>> rounds = new ArrayList<>();
        final List<List<double[]>> megabitsEachSecondOfFlows = new ArrayList<>();
        final List<Map<String, Double>> emulator = new ArrayList<>();
        final List<String> failures = new ArrayList<>();
    }

    private void run() throws IOException, InterruptedException {
        String load = ProcStat.loadAverage();
        VethPair pair = VethPair.madeByAnother(farNamespace);
        Map<String, Map<String, Record>> all = add ? read() : new LinkedHashMap<>();
        WanLink link = WanLink.madeByAnother(pair, control);
        try (var room = WanRoom.overLink(pair, link)) {
            for (WanScenario scenario : wanted()) {
                var records = all.computeIfAbsent(scenario.name(), _ -> new LinkedHashMap<>());
                measure(scenario, room, records);
                report(scenario, records);
                Files.writeString(file(), GSON.toJson(all));
            }
        }
        System.out.println(Figures.machine(load));
    }

    private static Map<String, Map<String, Record>> read() throws IOException {
        return Files.exists(file())
                ? GSON.fromJson(Files.readString(file()), new TypeToken<>() {})
                : new LinkedHashMap<>();
    }

    private void measure(WanScenario scenario, WanRoom room, Map<String, Record> records)
            throws IOException, InterruptedException {
        for (int round = 0; round < rounds; round++) {
            var order = new ArrayList<>(subjects(scenario));
            Collections.rotate(order, -round);
            for (String subject : order) {
                Record record = records.computeIfAbsent(subject, _ -> new Record());
                Optional<String> lacking = WanRoom.lacking(subject);
                if (lacking.isPresent()) {
                    record.failures.add(lacking.get());
                } else {
                    // Each subject meets the same losses in the same round.
                    int seed = record.rounds.size() + 1;
                    room.link().set(WanLink.PLAIN + " " + scenario.settings() + " seed=" + seed);
                    measure(scenario, new WanRun(room, subject), record);
                }
            }
            System.err.printf("%s: round %d of %d%n", scenario.name(), round + 1, rounds);
        }
    }

    /// Those of the scenario that are asked for; whoever asks for another gets it.
    private List<String> subjects(WanScenario scenario) {
        if (only.isEmpty()) {
            return scenario.subjects();
        }
        boolean any = scenario.subjects().contains(WanRoom.WIREGUARD);
        return only.stream().filter(each -> any || scenario.subjects().contains(each)).toList();
    }

    private static void measure(WanScenario scenario, WanRun run, Record record)
            throws InterruptedException {
        WanLink link = run.room().link();
        Map<String, Double> before = link.counters();
        try {
            scenario.measurement().run(run);
        } catch (IOException | UncheckedIOException | AssertionError failed) {
            record.failures.add(String.valueOf(failed.getMessage()));
        }
        Map<String, Double> after = link.counters();
        after.replaceAll((name, now) -> grown(name, before.getOrDefault(name, 0.0), now));
        record.rounds.add(run.figures());
        record.megabitsEachSecondOfFlows.add(run.flows());
        record.emulator.add(after);
    }

    /// Counters grow; the emulator's lateness and what it holds are of the time since the last
    // look.
    private static double grown(String name, double before, double now) {
        return name.startsWith("late") || name.equals("held") ? now : now - before;
    }

    // ---- reporting

    private static void report(WanScenario scenario, Map<String, Record> records) {
        int rounds = records.values().stream().mapToInt(each -> each.rounds.size()).max().orElse(0);
        System.out.printf(
                "%n### %s%n%n%s; %d rounds, median (least to most)%n%n",
                scenario.name(), scenario.what(), rounds);
        List<String> names = scenario.columns().stream().map(Column::name).toList();
        List<String> aims = scenario.columns().stream().map(Column::aim).toList();
        System.out.println(line("", names) + "\n" + "|---".repeat(names.size() + 1) + "|");
        System.out.println(line("aim", aims));
        records.forEach(
                (subject, record) ->
                        System.out.println(
                                line(
                                        subject,
                                        scenario.columns().stream()
                                                .map(each -> spread(record, each))
                                                .toList())));
        System.out.println();
        records.forEach(
                (subject, record) ->
                        record.failures.stream()
                                .distinct()
                                .map(each -> "failed: %s: %s".formatted(subject, each))
                                .forEach(System.out::println));
        System.out.printf(
                "emulator: at most %.1f ms late, %.0f packets lost by its own fault%n",
                most(records, "late_max_us") / 1e3,
                most(records, "kdrop") + most(records, "txerr") + most(records, "big"));
    }

    private static String line(String first, List<String> rest) {
        return "| %s | %s |".formatted(first, String.join(" | ", rest));
    }

    private static String spread(Record record, Column column) {
        double[] values =
                record.rounds.stream()
                        .filter(each -> each.containsKey(column.name()))
                        .mapToDouble(each -> each.get(column.name()))
                        .toArray();
        return Figures.spread(values, column.decimals());
    }

    private static double most(Map<String, Record> records, String counter) {
        return records.values().stream()
                .flatMap(each -> each.emulator.stream())
                .mapToDouble(each -> each.getOrDefault(counter, 0.0))
                .max()
                .orElse(0);
    }

    private static Path file() {
        return Repository.target("bench").resolve("wan.json");
    }
}
