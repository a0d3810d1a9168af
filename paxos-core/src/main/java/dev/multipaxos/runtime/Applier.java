package dev.multipaxos.runtime;

import dev.multipaxos.core.Value;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs the state machine: executes chosen slots in order, and each read as soon as its slot is executed. The loop says many
 * things and hands them over once a turn; the progress goes back as one number.
 *
 * <p>What waits here is bounded by the loop, which stops taking values off the wire while {@link #backlogBytes} is too large.
 */
final class Applier implements Job {

    /** What the loop hands over. */
    private interface Task {
        void run(Applier apply);
    }

    /** A chosen slot. */
    private record Execute(long slot, Value value) implements Task {
        @Override
        public void run(Applier apply) {
            apply.onExecute(slot, value);
        }
    }

    /** A read that may run once this slot is executed. */
    private record Read(long slot, ReadTask read) implements Task {
        @Override
        public void run(Applier apply) {
            if (slot <= apply.executed) {
                read.run();
            } else {
                apply.await(this);
            }
        }
    }

    /** A client's connection wants to hear of a session. */
    private record Watch(long session, long connection) implements Task {
        @Override
        public void run(Applier apply) {
            apply.clients.watch(session, connection);
        }
    }

    /** A client's connection is closed. */
    private record Forget(long connection) implements Task {
        @Override
        public void run(Applier apply) {
            apply.clients.forget(connection);
        }
    }

    /** Progress is published at least once in so many slots. */
    private static final int PUBLISH_SLOTS = 64;

    private static final int SLOT_OVERHEAD_BYTES = 64;

    /** Reads that were given up are looked for when at least so many wait. */
    private static final int WAITING_MIN = 1_024;

    private final SlotExecution execution;
    private final Outcomes outcomes;
    private final ClientOutcomes clients;
    private final Mailbox mailbox;

    private final Handover<Task> tasks = new Handover<>();
    private volatile boolean stopping;
    private final AtomicLong backlogBytes = new AtomicLong();
    private volatile long executedUpTo;

    // this thread's
    private final ArrayDeque<Task> taken = new ArrayDeque<>();
    private long executed;
    private final PriorityQueue<Read> waiting = new PriorityQueue<>(Comparator.comparingLong(Read::slot));
    private int waitingMax = WAITING_MIN;

    /**
     * Begins.
     *
     * @param execution what executes
     * @param executed the last slot that is executed already
     * @param proposals the node's own calls
     * @param clients the clients' calls
     * @param mailbox where progress is told
     */
    Applier(
            SlotExecution execution,
            long executed,
            PendingProposals proposals,
            ClientOutcomes clients,
            Mailbox mailbox) {
        this.execution = execution;
        this.executed = executed;
        this.executedUpTo = executed;
        this.clients = clients;
        this.mailbox = mailbox;
        this.outcomes = (command, status, answer) -> {
            if (!proposals.ended(command, status, answer)) {
                clients.ended(command, status, answer);
            }
        };
    }

    // ---- the loop says

    void execute(long slot, Value value) {
        backlogBytes.addAndGet(value.bytes() + SLOT_OVERHEAD_BYTES);
        tasks.say(new Execute(slot, value));
    }

    void read(long slot, ReadTask read) {
        tasks.say(new Read(slot, read));
    }

    void watch(long session, long connection) {
        tasks.say(new Watch(session, connection));
    }

    void forget(long connection) {
        tasks.say(new Forget(connection));
    }

    /** Hands over what was said. */
    void handOver() {
        tasks.push();
    }

    /** {@return the bytes of the slots that wait to be executed; any thread} */
    long backlogBytes() {
        return backlogBytes.get();
    }

    /** {@return the last slot that is executed; any thread} */
    long executedUpTo() {
        return executedUpTo;
    }

    /** Ends the thread after what it is executing; what waits is left. Any thread. */
    void finish() {
        stopping = true;
        tasks.finish();
    }

    // ---- this thread

    @Override
    public boolean step() {
        boolean more = tasks.take(taken, 0);
        workOff(Integer.MAX_VALUE);
        return more && !stopping;
    }

    /** {@return whether something waits to be done} */
    boolean hasWork() {
        return !taken.isEmpty() || !tasks.isEmpty();
    }

    /** Does what waits, in order, but no more than so many things. */
    void work(int most) {
        tasks.poll(taken);
        workOff(most);
    }

    private void workOff(int most) {
        for (int left = Math.min(most, taken.size()); left > 0 && !stopping; left--) {
            taken.remove().run(this);
        }
        clients.flush();
        publish();
    }

    private void onExecute(long slot, Value value) {
        if (slot != executed + 1) {
            throw new IllegalStateException("slot " + slot + " came to be executed after slot " + executed);
        }
        execution.execute(slot, value, outcomes);
        executed = slot;
        backlogBytes.addAndGet(-(value.bytes() + SLOT_OVERHEAD_BYTES));
        while (!waiting.isEmpty() && waiting.peek().slot() <= executed) {
            waiting.remove().read().run();
        }
        if (executed % PUBLISH_SLOTS == 0) {
            clients.flush();
            publish();
        }
    }

    /** Keeps a read for its slot, which may be long in coming, or never come: those given up meanwhile must not pile up. */
    private void await(Read read) {
        if (waiting.size() >= waitingMax) {
            waiting.removeIf(other -> other.read().isOver());
            waitingMax = Math.max(WAITING_MIN, 2 * waiting.size());
        }
        waiting.add(read);
    }

    /** {@return how many reads wait for their slot; only when the thread has ended} */
    int waitingReads() {
        return waiting.size();
    }

    private void publish() {
        if (executedUpTo != executed) {
            executedUpTo = executed;
            mailbox.poke();
        }
    }
}
