package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Loads the library and its simulator once more, with some classes changed; everything else comes from its parent. */
final class MutantLoader extends ClassLoader {

    private static final String OURS = "dev.multipaxos.";

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
        try (InputStream original = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (original == null) {
                throw new ClassNotFoundException(name);
            }
            return original.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
