package dev.multipaxos.runtime;

import java.util.function.Consumer;

/** A thread of a node. Never interrupted by the library: that would close a file under it. */
final class NodeThread extends Thread {

    private final Job job;
    private final Consumer<Throwable> failed;

    /**
     * Makes the thread.
     *
     * @param name its name
     * @param job what it does
     * @param failed is told what the job threw; the thread ends then
     */
    NodeThread(String name, Job job, Consumer<Throwable> failed) {
        super(name);
        this.job = job;
        this.failed = failed;
    }

    @Override
    public void run() {
        try {
            boolean more = true;
            while (more) {
                more = job.step();
            }
        } catch (Throwable thrown) { // of the disk, the state machine, a broken invariant: to go on would be to guess
            failed.accept(thrown);
        }
        job.ended();
    }
}
