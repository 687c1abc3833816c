package natt.tests.shape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import natt.tests.Repository;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The modules' descriptors: who may need whom, and that none changes by accident.
class ModuleShapeTests {
    private static final String CORE = "natt.core";

    /// They are no providers: programs, or needed by tests only.
    private static final Set<String> ABOVE =
            Set.of(
                    "natt.launcher",
                    "natt.rendezvous",
                    "natt.testkit",
                    "natt.tun",
                    "natt.wireguard");

    private static final List<ModuleDescriptor> MODULES =
            Repository.javaModules().stream()
                    .map(module -> module.resolve("target/classes/module-info.class"))
                    .filter(Files::exists)
                    .map(ModuleShapeTests::read)
                    .toList();

    @TestFactory
    Stream<DynamicTest> descriptorsArePinned() {
        return MODULES.stream()
                .map(
                        module ->
                                DynamicTest.dynamicTest(
                                        module.name(),
                                        () -> assertEquals(pinned(module), text(module))));
    }

    @Test
    void everyModuleIsBuilt() {
        assertEquals(Repository.javaModules().size(), MODULES.size());
    }

    @Test
    void coreNeedsNothingButTheJdk() {
        var core = MODULES.stream().filter(module -> module.name().equals(CORE)).findFirst();
        for (Requires requires : core.orElseThrow().requires()) {
            assertTrue(
                    requires.name().matches("(java|jdk)\\..*")
                            || requires.modifiers().contains(Requires.Modifier.STATIC),
                    () -> CORE + " requires " + requires.name());
        }
    }

    @Test
    void providersNeedTheCoreAndNoOtherModuleOfOurs() {
        for (ModuleDescriptor module : providers()) {
            Set<String> ours =
                    module.requires().stream()
                            .map(Requires::name)
                            .filter(name -> name.startsWith("natt."))
                            .collect(Collectors.toSet());
            assertEquals(Set.of(CORE), ours, module.name());
        }
    }

    @Test
    void providersProvideExportNothingAndOpenNothing() {
        for (ModuleDescriptor module : providers()) {
            assertTrue(!module.provides().isEmpty(), module.name());
            assertEquals(Set.of(), module.exports(), module.name());
            assertEquals(Set.of(), module.opens(), module.name());
        }
    }

    @Test
    void onlyTheCoreUsesServices() {
        for (ModuleDescriptor module : MODULES) {
            assertEquals(module.name().equals(CORE), !module.uses().isEmpty(), module.name());
        }
    }

    private static List<ModuleDescriptor> providers() {
        return MODULES.stream()
                .filter(module -> !module.name().equals(CORE) && !ABOVE.contains(module.name()))
                .toList();
    }

    private static ModuleDescriptor read(java.nio.file.Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return ModuleDescriptor.read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String pinned(ModuleDescriptor module) throws IOException {
        String name = "/shape/" + module.name() + ".txt";
        try (InputStream in = ModuleShapeTests.class.getResourceAsStream(name)) {
            return in == null
                    ? "src/test/resources" + name + " is missing"
                    : new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /// One line for each directive, sorted, without the version of the JDK.
    private static String text(ModuleDescriptor module) {
        var lines = new TreeSet<String>();
        module.requires().stream()
                .filter(requires -> !requires.name().equals("java.base"))
                .forEach(
                        requires ->
                                lines.add(
                                        Stream.concat(
                                                        requires.modifiers().stream()
                                                                .map(Object::toString)
                                                                .map(String::toLowerCase)
                                                                .sorted(),
                                                        Stream.of(requires.name()))
                                                .collect(
                                                        Collectors.joining(" ", "requires ", ""))));
        module.exports()
                .forEach(
                        exports ->
                                lines.add("exports " + exports.source() + to(exports.targets())));
        module.opens().forEach(opens -> lines.add("opens " + opens.source() + to(opens.targets())));
        module.uses().forEach(service -> lines.add("uses " + service));
        module.provides()
                .forEach(
                        provides ->
                                lines.add(
                                        "provides %s with %s"
                                                .formatted(
                                                        provides.service(),
                                                        String.join(", ", provides.providers()))));
        return "module %s%n".formatted(module.name())
                + lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    private static String to(Set<String> targets) {
        return targets.isEmpty() ? "" : " to " + String.join(", ", new TreeSet<>(targets));
    }
}
