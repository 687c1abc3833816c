package natt.tests.shape;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

import natt.tests.Repository;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.net.DatagramSocket;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import java.util.stream.Stream;

/// What code may use, by where it is.
class DependencyRulesTests {
    private static final List<Path> MODULES = Repository.javaModules();

    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .importPaths(
                            MODULES.stream()
                                    .filter(module -> !module.endsWith("natt.testkit"))
                                    .map(module -> module.resolve("target/classes"))
                                    .toList());

    /// Engines and codecs, which know neither sockets nor threads nor time.
    private static final DescribedPredicate<JavaClass> ENGINES =
            resideInAnyPackage(
                            "natt..proto..",
                            "natt.core.noise..",
                            "natt.core.session..",
                            "natt..natpunch..",
                            "natt.core.rendezvous..",
                            "natt.transport.kcp.fec..")
                    .as("in an engine's package");

    @Test
    void onlyTheCoresPortDnsQueriesAndPortMappingOpenUdpSockets() {
        // A DNS query has a socket of its own, so that its port is one more thing to guess; a
        // gateway is asked from ports that are not those mapped (decision 0012). The training, when
        // the image is built, answers nattc's query.
        noClasses()
                .that()
                .resideOutsideOfPackages("natt.core.io", "natt.discovery.portmap")
                .and()
                .doNotHaveFullyQualifiedName("natt.dns.client.Exchange")
                .and()
                .doNotHaveFullyQualifiedName("natt.launcher.Training")
                .should()
                .dependOnClassesThat(
                        assignableTo(DatagramChannel.class).or(assignableTo(DatagramSocket.class)))
                .check(ALL);
    }

    @Test
    void foreignFunctionsAreCalledInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage("natt.core.unix")
                .should()
                .dependOnClassesThat(resideInAPackage("java.lang.foreign.."))
                .check(ALL);
    }

    @Test
    void providersAreLoadedInOneClass() {
        noClasses()
                .that()
                .resideOutsideOfPackage("natt.core.internal")
                .should()
                .dependOnClassesThat(assignableTo(ServiceLoader.class))
                .check(ALL);
    }

    @Test
    void enginesKnowNoSocketsThreadsOrLocks() {
        noClasses()
                .that(ENGINES)
                .should()
                .dependOnClassesThat(
                        assignableTo(Channel.class)
                                .or(assignableTo(Selector.class))
                                .or(assignableTo(DatagramSocket.class))
                                .or(assignableTo(java.net.Socket.class))
                                .or(assignableTo(java.net.ServerSocket.class))
                                .or(assignableTo(Thread.class))
                                .or(assignableTo(Lock.class))
                                .or(assignableTo(Executor.class))
                                .or(resideInAPackage("java.util.concurrent.locks..")))
                .allowEmptyShould(true)
                .check(ALL);
    }

    @Test
    void enginesKnowNoClock() {
        noClasses()
                .that(ENGINES)
                .should()
                .callMethodWhere(
                        called(System.class, "nanoTime")
                                .or(called(System.class, "currentTimeMillis"))
                                .or(called(java.time.Instant.class, "now")))
                .orShould()
                .dependOnClassesThat(assignableTo(Clock.class))
                .check(ALL);
    }

    @Test
    void enginesTakeTheirRandomnessAndLogNothing() {
        noClasses()
                .that(ENGINES)
                .should()
                .callMethodWhere(called(Math.class, "random"))
                .orShould()
                .dependOnClassesThat(
                        assignableTo(System.Logger.class)
                                .or(assignableTo(java.security.SecureRandom.class)))
                .check(ALL);
    }

    @Test
    void onlyTheLauncherKnowsTheProcessAndItsEnvironment() {
        noClasses()
                .that()
                .resideOutsideOfPackage("natt.launcher..")
                .should()
                .callMethodWhere(
                        called(System.class, "exit")
                                .or(called(System.class, "getenv"))
                                .or(called(System.class, "getProperty"))
                                .or(called(Runtime.class, "halt"))
                                .or(called(Runtime.class, "exit")))
                .check(ALL);
    }

    @Test
    void standardStreamsBelongToTheLauncherAndToStdio() {
        noClasses()
                .that()
                .resideOutsideOfPackages("natt.launcher..")
                .should()
                .accessFieldWhere(
                        describe(
                                "System.out or System.err",
                                access ->
                                        access.getTargetOwner().isEquivalentTo(System.class)
                                                && !access.getTarget().getName().equals("in")))
                .check(ALL);
    }

    @Test
    void everyPackageBelongsToItsModule() {
        for (Path module : MODULES) {
            String name = module.getFileName().toString();
            classes()
                    .should()
                    .resideInAnyPackage(name + "..", "")
                    .check(new ClassFileImporter().importPath(module.resolve("target/classes")));
        }
    }

    @TestFactory
    Stream<DynamicTest> noPackagesOfAModuleNeedEachOther() {
        return MODULES.stream()
                .map(
                        module ->
                                DynamicTest.dynamicTest(
                                        module.getFileName().toString(),
                                        () ->
                                                slices().assignedFrom(PACKAGES)
                                                        .should()
                                                        .beFreeOfCycles()
                                                        .check(
                                                                new ClassFileImporter()
                                                                        .importPath(
                                                                                module.resolve(
                                                                                        "target/classes")))));
    }

    private static final SliceAssignment PACKAGES =
            new SliceAssignment() {
                @Override
                public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
                    String name = javaClass.getPackageName();
                    if (!name.startsWith("natt.")) {
                        return SliceIdentifier.ignore();
                    }
                    return SliceIdentifier.of(name);
                }

                @Override
                public String getDescription() {
                    return "packages";
                }
            };

    private static DescribedPredicate<JavaMethodCall> called(Class<?> owner, String method) {
        return describe(
                owner.getSimpleName() + "." + method,
                call -> {
                    AccessTarget target = call.getTarget();
                    return target.getOwner().isEquivalentTo(owner)
                            && target.getName().equals(method);
                });
    }
}
