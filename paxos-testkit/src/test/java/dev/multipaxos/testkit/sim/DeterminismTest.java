package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Replica;
import dev.multipaxos.storage.FileStorage;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import picocli.CommandLine;

/**
 * The same seeds in virtual machines that have hardly anything in common do the same, event by event. {@code
 * -Ddeterminism.seeds=N} and {@code -Ddeterminism.events=N} choose more of them.
 */
class DeterminismTest {

    private static final List<String> ONE = List.of(
            "-Xmx256m", "-XX:+UseSerialGC", "-Duser.language=tr", "-Duser.country=TR", "-Dfile.encoding=ISO-8859-1");

    /** Other identity hashes, other salt of the immutable sets, another time zone, compiled differently. */
    private static final List<String> OTHER = List.of(
            "-Xmx700m",
            "-XX:+UseG1GC",
            "-XX:+UnlockExperimentalVMOptions",
            "-XX:hashCode=2",
            "-XX:TieredStopAtLevel=1",
            "-Duser.language=de",
            "-Duser.country=DE",
            "-Duser.timezone=Pacific/Kiritimati",
            "-Dfile.encoding=UTF-8");

    @Test
    void virtual_machines_of_other_kinds_come_to_the_same() throws Exception {
        String one = simulate(ONE, "1");
        String other = simulate(OTHER, "2");

        assertThat(one).contains("; no violation; first seed 1; trace hash ");
        assertThat(traceHash(other)).isEqualTo(traceHash(one));
    }

    private static String traceHash(String said) {
        return said.substring(said.lastIndexOf("trace hash "))
                .lines()
                .findFirst()
                .orElseThrow();
    }

    private static String simulate(List<String> options, String threads) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-Dslf4j.internal.verbosity=ERROR", "-cp", classPath(), Simulate.class.getName()));
        command.addAll(List.of("--first", "1", "--threads", threads));
        command.addAll(
                List.of("--seeds", Integer.getInteger("determinism.seeds", 30).toString()));
        command.addAll(List.of(
                "--events", Integer.getInteger("determinism.events", 3_000).toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    private static String classPath() {
        return Stream.of(
                        Simulate.class,
                        Replica.class,
                        FileStorage.class,
                        classNamed("com.google.protobuf.CodedInputStream"), // this module does not read it
                        Logger.class,
                        CommandLine.class)
                .map(DeterminismTest::home)
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static Class<?> classNamed(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String home(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
