package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Loads the library and its simulator once more, with some classes changed; everything else comes from its parent. */
final class MutantLoader extends ClassLoader {

    private static final String OURS = "dev.multipaxos.";
    private static final List<String> MODULES = List.of("paxos-core", "paxos-storage");

    private final Map<String, byte[]> changed;

    MutantLoader(Map<String, byte[]> changed) {
        super(MutantLoader.class.getClassLoader());
        this.changed = changed;
    }

    /** {@return runs seeds of the simulation that this loads} */
    @SuppressWarnings("unchecked") // the platform's type, whoever loaded the class
    LongFunction<@Nullable String> seeds(long events) {
        try {
            return (LongFunction<@Nullable String>) loadClass(SeedRun.class.getName())
                    .getConstructor(long.class)
                    .newInstance(events);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * {@return runs one test, which may be of another module}
     *
     * @param test its class, from {@code dev.multipaxos} on, and its method
     */
    LongFunction<@Nullable String> test(String test) {
        int dot = test.lastIndexOf('.');
        try {
            return new TestRun(loadClass(OURS + test.substring(0, dot)), test.substring(dot + 1));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("no class of the test " + test + ": build the modules with their tests", e);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded == null) {
                byte[] bytes = bytes(name);
                loaded = defineClass(name, bytes, 0, bytes.length);
            }
            return loaded;
        }
    }

    private byte[] bytes(String name) throws ClassNotFoundException {
        byte[] mutated = changed.get(name);
        if (mutated != null) {
            return mutated;
        }
        String file = name.replace('.', '/') + ".class";
        try (InputStream original = getParent().getResourceAsStream(file)) {
            return original == null ? ofTests(name, file) : original.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of the modules below, whose tests are on no class path. */
    private static byte[] ofTests(String name, String file) throws ClassNotFoundException, IOException {
        for (String module : MODULES) {
            Path path =
                    Mutant.sources().resolve(module + "/target/test-classes").resolve(file);
            if (Files.exists(path)) {
                return Files.readAllBytes(path);
            }
        }
        throw new ClassNotFoundException(name);
    }
}
