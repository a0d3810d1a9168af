package dev.multipaxos.wire;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/** How much the current thread has allocated. By reflection, as the module under test does not read {@code jdk.management}. */
public final class Allocation {
    private static final MethodHandle BYTES = bytesOfCurrentThread();

    private Allocation() {}

    public static long bytes() {
        try {
            return (long) BYTES.invoke();
        } catch (Throwable e) {
            throw new AssertionError("cannot tell what is allocated", e);
        }
    }

    private static MethodHandle bytesOfCurrentThread() {
        try {
            Object bean = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getThreadMXBean")
                    .invoke(null);
            return MethodHandles.publicLookup()
                    .unreflect(Class.forName("com.sun.management.ThreadMXBean")
                            .getMethod("getCurrentThreadAllocatedBytes"))
                    .bindTo(bean);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("this JVM does not count allocations", e);
        }
    }
}
