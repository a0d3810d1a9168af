package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A bug inside the library: one of its source files with some text of it replaced. The file is compiled in memory, and the
 * whole library is loaded once more with it, so the library needs no hooks.
 *
 * @param name how it is called, in capitals
 * @param breaks what it does, in a sentence
 * @param file the source file, from the directory that holds the modules
 * @param original what is replaced; it stands in the file exactly once
 * @param replacement what stands there instead
 * @param test which test must find it; empty if the simulation must
 * @param pending why nothing can find it yet; empty if something must
 */
record Mutant(String name, String breaks, String file, String original, String replacement, String test, String pending)
        implements Plant {

    /** One in {@code dev.multipaxos.core}. */
    static Mutant core(String type, String name, String breaks, String original, String replacement) {
        return in("paxos-core/src/main/java/dev/multipaxos/core/", type, name, breaks, original, replacement);
    }

    /** One in {@code dev.multipaxos.runtime}. */
    static Mutant runtime(String type, String name, String breaks, String original, String replacement) {
        return in("paxos-core/src/main/java/dev/multipaxos/runtime/", type, name, breaks, original, replacement);
    }

    /** One in {@code dev.multipaxos.wire}. */
    static Mutant wire(String type, String name, String breaks, String original, String replacement) {
        return in("paxos-core/src/main/java/dev/multipaxos/wire/", type, name, breaks, original, replacement);
    }

    /** One in {@code dev.multipaxos.storage}. */
    static Mutant storage(String type, String name, String breaks, String original, String replacement) {
        return in("paxos-storage/src/main/java/dev/multipaxos/storage/", type, name, breaks, original, replacement);
    }

    private static Mutant in(
            String directory, String type, String name, String breaks, String original, String replacement) {
        return new Mutant(name, breaks, directory + type + ".java", original, replacement, "", "");
    }

    /**
     * {@return this one, to be found by a test and not by the simulation}
     *
     * @param method the test: its class, from {@code dev.multipaxos} on, and its method
     */
    Mutant foundBy(String method) {
        return new Mutant(name, breaks, file, original, replacement, method, pending);
    }

    /**
     * {@return this one, not to be found yet}
     *
     * @param why what is missing
     */
    Mutant pendingAs(String why) {
        return new Mutant(name, breaks, file, original, replacement, test, why);
    }

    @Override
    public LongFunction<@Nullable String> plant(long events) {
        MutantLoader loader = new MutantLoader(compiled());
        return test.isEmpty() ? loader.seeds(events) : loader.test(test);
    }

    /** {@return the classes with the bug in them, by name} */
    Map<String, byte[]> compiled() {
        return MutantCompiler.compile(Path.of(file).getFileName().toString(), source());
    }

    /** {@return the source with the bug in it} */
    String source() {
        Path path = sources().resolve(file);
        try {
            String text = Files.readString(path);
            int at = text.indexOf(original);
            if (at < 0 || text.indexOf(original, at + 1) >= 0) {
                throw new AssertionError("mutant " + name + " no longer fits: " + file
                        + (at < 0 ? " lacks " : " repeats ") + "the text that it replaces:\n" + original);
            }
            return text.substring(0, at) + replacement + text.substring(at + original.length());
        } catch (IOException e) {
            throw new UncheckedIOException("mutant " + name + " no longer fits: no source file " + path, e);
        }
    }

    /** Where the modules' directories are: beside that of this one, which Maven names. */
    static Path sources() {
        String module = System.getProperty("basedir");
        if (module == null || !Files.isDirectory(Path.of(module, "src", "test", "java"))) {
            throw new IllegalStateException(
                    "bugs are planted in the source tree: run this by Maven or bin/planted-bugs, or"
                            + " with -Dbasedir=<directory of paxos-testkit>, which is " + module);
        }
        return Path.of(module, "..").toAbsolutePath().normalize();
    }

    @Override
    public String toString() {
        return name;
    }
}
