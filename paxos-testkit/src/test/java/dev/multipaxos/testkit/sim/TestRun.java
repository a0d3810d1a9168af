package dev.multipaxos.testkit.sim;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Runs one test, whatever the seed. It needs no more of JUnit than what is done before and after each. */
final class TestRun implements LongFunction<@Nullable String> {

    private final Class<?> tests;
    private final String method;

    TestRun(Class<?> tests, String method) {
        this.tests = tests;
        this.method = method;
    }

    @Override
    public @Nullable String apply(long seed) {
        try {
            Constructor<?> constructor = tests.getDeclaredConstructor();
            constructor.setAccessible(true);
            Object instance = constructor.newInstance();
            try {
                before(tests, instance);
                invoke(tests.getDeclaredMethod(method), instance);
            } finally {
                after(tests, instance);
            }
            return null;
        } catch (InvocationTargetException e) {
            return tests.getSimpleName() + "." + method + ": " + e.getCause();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(
                    "no test " + method + " in " + tests + " that can be run without an argument", e);
        }
    }

    /** What a superclass does comes first. */
    private static void before(Class<?> type, Object instance) throws ReflectiveOperationException {
        if (type != Object.class) {
            before(type.getSuperclass(), instance);
            all(BeforeEach.class, type, instance);
        }
    }

    /** What a superclass does comes last. */
    private static void after(Class<?> type, Object instance) throws ReflectiveOperationException {
        if (type != Object.class) {
            all(AfterEach.class, type, instance);
            after(type.getSuperclass(), instance);
        }
    }

    private static void all(Class<? extends Annotation> kind, Class<?> type, Object instance)
            throws ReflectiveOperationException {
        for (Method each : type.getDeclaredMethods()) {
            if (each.isAnnotationPresent(kind)) {
                invoke(each, instance);
            }
        }
    }

    private static void invoke(Method each, Object instance) throws ReflectiveOperationException {
        each.setAccessible(true);
        each.invoke(instance);
    }
}
