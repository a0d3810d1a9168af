package dev.multipaxos.storage;

import java.io.Closeable;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A thread that does one piece of work after the other; it begins with the first one and ends with {@link #close}. */
final class BackgroundThread implements Executor, Closeable {
    private final ExecutorService executor;
    private volatile @Nullable Thread thread; // once it had something to do

    BackgroundThread(String name) {
        executor = Executors.newSingleThreadExecutor(work -> {
            Thread made = new Thread(work, name);
            thread = made;
            return made;
        });
    }

    @Override
    public void execute(Runnable work) {
        executor.execute(work);
    }

    /** Waits until everything is done and the thread is gone, also if the caller is interrupted: let the work be short. */
    @Override
    public void close() {
        executor.shutdown();
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = executor.awaitTermination(1, TimeUnit.HOURS);
                Thread last = thread;
                if (ended && last != null) {
                    last.join(); // a terminated executor's thread may still be on its way out
                }
            } catch (InterruptedException e) {
                ended = false;
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
