package dev.multipaxos.runtime;

import dev.multipaxos.core.Value;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the state machine: executes chosen slots in order, and each read as soon as its slot is executed. The loop says many
 * things and hands them over once a turn; the progress goes back as one number.
 *
 * <p>What waits here is bounded by the loop, which stops taking values off the wire while {@link #backlogBytes} is too large.
 */
final class Applier implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(Applier.class);

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
    private record Read(long slot, ReadTask read, BooleanSupplier mayAnswer) implements Task {
        @Override
        public void run(Applier apply) {
            if (slot <= apply.executed) {
                apply.answer(this);
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

    /** A snapshot is wanted of what is executed by now, if that is above this slot. */
    private record Capture(SnapshotJob job, long above) implements Task {
        @Override
        public void run(Applier apply) {
            apply.onCapture(job, above);
        }
    }

    /** The slot is wanted that the state machine's own store cannot lose. */
    private record AskStored() implements Task {
        @Override
        public void run(Applier apply) {
            apply.mailbox.add(new Stored(apply.snapshots.execution().durableSlot()));
        }
    }

    /** The state machine's own store cannot lose this slot any more. */
    record Stored(long slot) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onStored(slot);
        }
    }

    /** A snapshot came from a member, or one of this node's own can be read again. */
    private record Install(SnapshotStore.Id id) implements Task {
        @Override
        public void run(Applier apply) {
            apply.onInstall(id);
        }
    }

    /** There is a snapshot of all that is executed. */
    record Unchanged(long slot) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onUnchanged(slot);
        }
    }

    /** A read was run, and must not be answered with what it found. */
    record NotAnswered(ReadTask read) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onNotAnswered(read);
        }
    }

    /** The state machine is what such a snapshot says. */
    record Installed(Snapshots.View snapshot) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onInstalled(snapshot);
        }
    }

    /** Such a snapshot was not restored: it is not needed any more, or cannot be read. Nothing was changed. */
    record NotInstalled(SnapshotStore.Id id) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onNotInstalled(id);
        }
    }

    /** Progress is published at least once in so many slots. */
    private static final int PUBLISH_SLOTS = 64;

    private static final int SLOT_OVERHEAD_BYTES = 64;

    /** Reads that were given up are looked for when at least so many wait. */
    private static final int WAITING_MIN = 1_024;

    private final SlotExecution execution;
    private final SnapshotReader snapshots;
    private final PendingProposals proposals;
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
    private long installed; // the end of the last snapshot that was restored in this life
    private final PriorityQueue<Read> waiting = new PriorityQueue<>(Comparator.comparingLong(Read::slot));
    private int waitingMax = WAITING_MIN;

    /**
     * Begins.
     *
     * @param execution what executes
     * @param snapshots restores a snapshot
     * @param executed the last slot that is executed already
     * @param proposals the node's own calls
     * @param clients the clients' calls
     * @param mailbox where progress is told
     */
    Applier(
            SlotExecution execution,
            SnapshotReader snapshots,
            long executed,
            PendingProposals proposals,
            ClientOutcomes clients,
            Mailbox mailbox) {
        this.execution = execution;
        this.snapshots = snapshots;
        this.proposals = proposals;
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

    /** Runs a read once a slot is executed; it comes back as {@link NotAnswered} if it may not answer then. */
    void read(long slot, ReadTask read, BooleanSupplier mayAnswer) {
        tasks.say(new Read(slot, read, mayAnswer));
    }

    void watch(long session, long connection) {
        tasks.say(new Watch(session, connection));
    }

    void forget(long connection) {
        tasks.say(new Forget(connection));
    }

    /** Wants a snapshot; answered by the job, or by {@link Unchanged}, or by {@link SnapshotJob.Failed}. */
    void capture(SnapshotJob job, long above) {
        tasks.say(new Capture(job, above));
    }

    /** {@return whether the state machine has a store of its own} */
    boolean isDurable() {
        return snapshots.execution().isDurable();
    }

    /** Wants to know what the state machine's own store cannot lose; answered by {@link Stored}. */
    void askStored() {
        tasks.say(new AskStored());
    }

    /** Wants a snapshot to be restored; answered by {@link Installed}, or by {@link NotInstalled}. */
    void install(SnapshotStore.Id id) {
        tasks.say(new Install(id));
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
        backlogBytes.addAndGet(-(value.bytes() + SLOT_OVERHEAD_BYTES));
        if (slot <= installed) {
            return; // handed over before the loop knew of the snapshot, in which it is
        }
        if (slot != executed + 1) {
            throw new IllegalStateException("slot " + slot + " came to be executed after slot " + executed);
        }
        execution.execute(slot, value, outcomes);
        executed = slot;
        runWaiting();
        if (executed % PUBLISH_SLOTS == 0) {
            clients.flush();
            publish();
        }
    }

    private void runWaiting() {
        while (!waiting.isEmpty() && waiting.peek().slot() <= executed) {
            answer(waiting.remove());
        }
    }

    private void answer(Read read) {
        if (!read.read().run(read.mayAnswer())) {
            mailbox.add(new NotAnswered(read.read()));
        }
    }

    private void onCapture(SnapshotJob job, long above) {
        if (executed <= Math.max(0, above)) {
            mailbox.add(new Unchanged(executed));
            return;
        }
        CapturedState captured;
        try {
            captured = snapshots.execution().capture(executed);
        } catch (RuntimeException e) {
            LOG.warn("the state machine could not capture its state behind slot {}; the node goes on", executed, e);
            mailbox.add(new SnapshotJob.Failed(executed, e));
            return;
        }
        job.write(captured);
    }

    private void onInstall(SnapshotStore.Id id) {
        if (id.slot() <= executed) {
            mailbox.add(new NotInstalled(id));
            return;
        }
        Snapshots.View restored;
        try {
            restored = Snapshots.View.of(snapshots.restore(id));
        } catch (StorageException e) {
            LOG.warn("a snapshot is not restored, nothing was changed: {}", e.getMessage());
            mailbox.add(new NotInstalled(id));
            return;
        }
        LOG.info("restored a snapshot of slot {}, {} bytes; was at slot {}", id.slot(), id.bytes(), executed);
        proposals.skipped(); // before any command is executed behind it
        executed = id.slot();
        installed = executed;
        runWaiting();
        mailbox.add(new Installed(restored)); // before the number shows it: see EventLoop.turn
        publish();
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
