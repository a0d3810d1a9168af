package dev.multipaxos.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Holds the house up ({@code docs/architecture.md}): dependencies point inward, the protocol is pure, and what is published is a
 * module. It looks at the compiled classes of the modules built before this one, and at the sources of those built after.
 */
class ArchitectureTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static final String API = "dev.multipaxos";
    private static final String BYTES = "dev.multipaxos.bytes";
    private static final String SPI = "dev.multipaxos.spi";
    private static final String CORE = "dev.multipaxos.core";
    private static final String WIRE = "dev.multipaxos.wire..";
    private static final String RUNTIME = "dev.multipaxos.runtime";
    private static final String STORAGE = "dev.multipaxos.storage..";
    private static final String NETTY = "dev.multipaxos.transport.netty..";
    private static final String TESTKIT = "dev.multipaxos.testkit..";

    /** Made of this language and nothing else. */
    private static final String[] BASICS = {
        "java.lang", "java.lang.invoke", "java.lang.runtime", "java.util", "java.util.function", "java.util.stream"
    };

    private static final String ANNOTATIONS = "org.jspecify.annotations";

    private static JavaClasses library;

    @BeforeAll
    static void importLibrary() {
        List<Path> compiled = Stream.of("paxos-core", "paxos-storage", "paxos-transport-netty", "paxos-testkit")
                .map(module -> ROOT.resolve(module).resolve("target").resolve("classes"))
                .filter(Files::isDirectory)
                .toList();
        library = new ClassFileImporter().importPaths(compiled);
        assertThat(library.contain("dev.multipaxos.core.Replica"))
                .as("compiled classes are found under %s; build from the root", ROOT)
                .isTrue();
    }

    // ---- directions ----

    @Test
    void the_byte_values_are_a_leaf() {
        mayUse(BYTES, BYTES, "java.nio", "java.nio.charset").check(library);
    }

    @Test
    void the_ports_depend_on_nothing_but_bytes() {
        mayUse(SPI, SPI, BYTES, "java.io", "java.util.zip").check(library); // a snapshot's id is a CRC-32C
    }

    @Test
    void the_protocol_depends_on_nothing_but_bytes() {
        mayUse(CORE, CORE, BYTES).check(library);
    }

    @Test
    void the_codec_knows_the_protocol_and_neither_the_ports_nor_the_threads() {
        mayUse(
                        WIRE,
                        WIRE,
                        CORE,
                        BYTES,
                        "com.google.protobuf..",
                        "java.io",
                        "java.nio..",
                        "java.security",
                        "java.util.zip")
                .check(library);
    }

    @Test
    void the_runtime_knows_the_ports_and_none_of_their_implementations() {
        noClasses()
                .that()
                .resideInAnyPackage(RUNTIME, API)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STORAGE, NETTY, TESTKIT, "io.netty..", "com.google.protobuf..")
                .check(library);
    }

    @Test
    void the_storage_knows_its_port_and_nothing_of_the_protocol() {
        noClasses()
                .that()
                .resideInAPackage(STORAGE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(API, CORE, WIRE, RUNTIME, NETTY, TESTKIT, "com.google.protobuf..")
                .check(library);
    }

    @Test
    void the_transport_knows_its_port_the_frames_and_the_public_types() {
        noClasses()
                .that()
                .resideInAPackage(NETTY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(CORE, RUNTIME, STORAGE, TESTKIT, "com.google.protobuf..")
                .check(library);
    }

    @Test
    void protocol_buffers_stay_inside_the_codec() {
        noClasses()
                .that()
                .resideOutsideOfPackage(WIRE)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.google.protobuf..")
                .check(library);
    }

    @Test
    void nothing_that_is_shipped_depends_on_the_test_kit() {
        noClasses()
                .that()
                .resideOutsideOfPackage(TESTKIT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TESTKIT, "org.junit..", "org.assertj..")
                .check(library);
    }

    @Test
    void examples_are_written_against_what_applications_see() throws IOException {
        Pattern internal =
                Pattern.compile("^import (static )?dev\\.multipaxos\\.(wire|runtime)\\..*", Pattern.MULTILINE);
        for (Path source : sources("examples")) {
            assertThat(Files.readString(source)).as("%s", source).doesNotContainPattern(internal);
        }
    }

    // ---- purity ----

    @Test
    void the_protocol_has_no_clock_no_chance_and_no_order_of_hashes() {
        Set<String> impure = Set.of(
                "java.util.Random",
                "java.util.SplittableRandom",
                "java.util.UUID",
                "java.util.Date",
                "java.util.Calendar",
                "java.util.Timer",
                "java.util.Scanner",
                "java.util.HashMap",
                "java.util.HashSet",
                "java.util.LinkedHashMap",
                "java.util.LinkedHashSet",
                "java.util.IdentityHashMap",
                "java.util.WeakHashMap",
                "java.lang.Thread",
                "java.lang.ThreadLocal",
                "java.lang.Runtime",
                "java.lang.Process",
                "java.lang.ProcessBuilder");
        noClasses()
                .that()
                .resideInAPackage(CORE)
                .should()
                .dependOnClassesThat(named("a source of surprise", impure))
                .check(library);
    }

    @Test
    void the_protocol_calls_nothing_that_answers_differently_each_time() {
        noClasses()
                .that()
                .resideInAPackage(CORE)
                .should()
                .accessTargetWhere(
                        new DescribedPredicate<JavaAccess<?>>("the answer depends on more than the arguments") {
                            @Override
                            public boolean test(JavaAccess<?> access) {
                                String owner = access.getTargetOwner().getFullName();
                                String name = access.getTarget().getName();
                                return switch (owner) {
                                    case "java.lang.System" -> !name.equals("arraycopy");
                                    case "java.lang.Math" -> name.equals("random");
                                    // their iteration order is salted for each virtual machine
                                    case "java.util.Map", "java.util.Set" ->
                                        name.equals("of") || name.equals("copyOf") || name.equals("ofEntries");
                                    case "java.util.Collections" -> name.equals("shuffle");
                                    default -> name.startsWith("parallel");
                                };
                            }
                        })
                .check(library);
    }

    @Test
    void the_purity_rules_see_what_they_forbid() {
        JavaClasses culprit = new ClassFileImporter().importClasses(Culprit.class);
        ArchRule rule = noClasses().should().dependOnClassesThat(named("chance", Set.of("java.util.Random")));

        assertThat(rule.evaluate(culprit).hasViolation()).isTrue();
    }

    record Culprit(Random chance) {}

    // ---- the build ----

    @Test
    void every_published_module_is_a_module() throws IOException {
        List<String> published = modules().stream()
                .filter(module ->
                        module.startsWith("paxos-") && !sources(module).isEmpty())
                .toList();

        assertThat(published).contains("paxos-core");
        assertThat(published)
                .allSatisfy(module -> assertThat(ROOT.resolve(module).resolve("src/main/java/module-info.java"))
                        .isRegularFile());
    }

    @Test
    void every_package_says_that_null_is_the_exception() throws IOException {
        for (String module : modules()) {
            for (Path source : sources(module)) {
                if (!source.endsWith("module-info.java")) {
                    Path info = source.resolveSibling("package-info.java");
                    assertThat(info).isRegularFile();
                    assertThat(Files.readString(info)).as("%s", info).contains("@NullMarked");
                }
            }
        }
    }

    @Test
    void the_build_is_reproducible() throws IOException {
        assertThat(Files.readString(ROOT.resolve("pom.xml")))
                .as("without a fixed time, two builds of one commit make different jars")
                .containsPattern("<project\\.build\\.outputTimestamp>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z<");
    }

    // ---- words of the rules ----

    private static ArchRule mayUse(String who, String... whom) {
        String[] all = Stream.concat(Stream.of(whom), Stream.concat(Stream.of(BASICS), Stream.of(ANNOTATIONS)))
                .toArray(String[]::new);
        return classes()
                .that()
                .resideInAPackage(who)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(all);
    }

    private static DescribedPredicate<JavaClass> named(String description, Set<String> names) {
        return DescribedPredicate.describe(description, type -> names.contains(type.getFullName()));
    }

    private static List<String> modules() throws IOException {
        Matcher matcher =
                Pattern.compile("<module>([^<]+)</module>").matcher(Files.readString(ROOT.resolve("pom.xml")));
        return matcher.results().map(found -> found.group(1)).toList();
    }

    private static List<Path> sources(String module) {
        Path directory = ROOT.resolve(module).resolve("src/main/java");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
