package dev.multipaxos.runtime;

import dev.multipaxos.NodeListener;
import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.PeerCodec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Carries snapshots between this node's disk and other members, in both directions, beside everything else. What finds its queue
 * full is dropped: whoever waits for it asks again.
 */
final class TransferJob implements Job {

    /** What is to be done on this thread. */
    private interface Task {
        void run(long nowNanos);
    }

    /** What is to be said on the ordinary connection. */
    record Said(int to, Edge edge) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onSaid(this);
        }
    }

    /** What the listener is to hear. */
    record News(Consumer<NodeListener> event) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onNews(this);
        }
    }

    /** A snapshot is durable, or can be read again, and is to be restored. */
    record Received(SnapshotStore.Id id) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onSnapshotReceived(this);
        }
    }

    /** A member needs a snapshot, and there is none. */
    record Wanted(boolean again) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().want(again);
        }
    }

    private static final int QUEUE_MAX = 64;

    private final NodeIdentity identity;
    private final Transport transport;
    private final JournalWriter storage;
    private final Mailbox mailbox;
    private final TimeSource time;
    private final SnapshotSender sender;
    private final SnapshotReceiver receiver;
    private final SnapshotRetry retry;
    private final ArrayDeque<Task> queue = new ArrayDeque<>(); // guarded by itself
    private boolean finished; // guarded by queue
    private volatile List<SnapshotTransfer> view = List.of();

    /**
     * Begins.
     *
     * @param identity who this node is
     * @param settings what it was told
     * @param storage knows how far its journal is durable
     * @param partBytesMax the largest part of a snapshot
     * @param executedUpTo the last slot that the state machine has executed
     * @param mailbox the loop's
     * @param time the clocks
     */
    TransferJob(
            NodeIdentity identity,
            NodeSettings<?, ?> settings,
            JournalWriter storage,
            int partBytesMax,
            LongSupplier executedUpTo,
            Mailbox mailbox,
            TimeSource time) {
        this.identity = identity;
        this.transport = settings.transport();
        this.storage = storage;
        this.mailbox = mailbox;
        this.time = time;
        int node = identity.node();
        int group = identity.group();
        long rate = settings.retention().transferBytesPerSecond();
        long now = time.nanoTime();
        SnapshotStore store = settings.storage().snapshots();
        TransferHost host = new Host();
        sender = new SnapshotSender(node, group, store, rate, partBytesMax, host, now);
        receiver = new SnapshotReceiver(node, group, store, partBytesMax, executedUpTo, host, now);
        retry = new SnapshotRetry(node, group, store, executedUpTo, host, now);
    }

    private final class Host implements TransferHost {
        @Override
        public void say(int to, Edge edge) {
            mailbox.add(new Said(to, edge));
        }

        @Override
        public boolean sendBulk(int to, Edge.SnapshotChunk chunk) {
            return transport.sendBulk(
                    to, PeerCodec.head(identity.envelope(to, storage.position()), chunk), PeerCodec.body(chunk));
        }

        @Override
        public void takeSnapshot(boolean again) {
            if (again) {
                retry.begin(time.nanoTime());
            }
            mailbox.add(new Wanted(again));
        }

        @Override
        public void install(SnapshotStore.Id id) {
            mailbox.add(new Received(id));
        }

        @Override
        public void tell(Consumer<NodeListener> event) {
            mailbox.add(new News(event));
        }
    }

    // ---- what others say; any thread

    void onOffer(int from, Edge.SnapshotOffer offer, long lowestUseful) {
        offer(now -> receiver.onOffer(from, offer, lowestUseful, now));
    }

    void onChunk(int from, Edge.SnapshotChunk chunk) {
        offer(now -> receiver.onChunk(from, chunk, now));
    }

    void onGone(int from, Edge.SnapshotGone gone) {
        offer(now -> receiver.onGone(from, gone, now));
    }

    void onRequest(int from, Edge.SnapshotRequest request) {
        offer(now -> sender.onRequest(from, request, now));
    }

    /** The journal knows nothing of the slot that a member wants. */
    void onMissing(int to, long fromSlot) {
        offer(now -> sender.onMissing(to, fromSlot));
    }

    /** A member was read the journal from this slot on. */
    void onServed(int to, long fromSlot) {
        if (lowestNeeded(0) != Long.MAX_VALUE) {
            offer(now -> sender.onServed(to, fromSlot, now));
        }
    }

    /** The state machine was set to a snapshot. */
    void installed(long slot) {
        add(now -> receiver.installed(slot));
    }

    /** The state machine was not set to a snapshot. */
    void notInstalled(SnapshotStore.Id id) {
        add(now -> {
            receiver.notInstalled(id, now);
            retry.begin(now);
        });
    }

    private void offer(Task task) {
        synchronized (queue) {
            if (queue.size() < QUEUE_MAX) {
                add(task);
            }
        }
    }

    private void add(Task task) {
        synchronized (queue) {
            if (!finished) {
                queue.add(task);
                queue.notifyAll();
            }
        }
    }

    /** Ends the thread after what it is at. Any thread. */
    void finish() {
        synchronized (queue) {
            finished = true;
            queue.clear();
            queue.notifyAll();
        }
    }

    /**
     * {@return the lowest slot of the log that a receiver will need; {@link Long#MAX_VALUE} if there is none; any thread}
     *
     * @param from those who need a lower one do not matter
     */
    long lowestNeeded(long from) {
        return sender.lowestNeeded(from);
    }

    /** {@return what is on its way; any thread} */
    List<SnapshotTransfer> view() {
        return view;
    }

    // ---- this thread

    @Override
    public boolean step() throws InterruptedException {
        synchronized (queue) {
            long due = dueNanos();
            while (queue.isEmpty() && !finished) {
                long left = due == Long.MAX_VALUE ? Long.MAX_VALUE : due - time.nanoTime();
                if (left <= 0) {
                    break;
                }
                queue.wait(left == Long.MAX_VALUE ? 0 : left / 1_000_000 + 1);
            }
            if (finished) {
                return false;
            }
        }
        work();
        return true;
    }

    @Override
    public void ended() {
        sender.close();
        receiver.close();
    }

    /** {@return when something is to be done though nobody says anything; {@link Long#MAX_VALUE} if never} */
    long dueNanos() {
        return Math.min(retry.dueNanos(), Math.min(sender.dueNanos(time.nanoTime()), receiver.dueNanos()));
    }

    /** {@return whether something is to be done now} */
    boolean hasWork() {
        synchronized (queue) {
            return !queue.isEmpty() || dueNanos() <= time.nanoTime();
        }
    }

    /** Does it. */
    void work() {
        List<Task> taken;
        synchronized (queue) {
            taken = List.copyOf(queue);
            queue.clear();
        }
        long now = time.nanoTime();
        taken.forEach(task -> task.run(now));
        sender.step(now);
        receiver.step(now);
        retry.step(now);
        List<SnapshotTransfer> all = new ArrayList<>(receiver.view());
        all.addAll(sender.view());
        view = List.copyOf(all);
    }

    // ---- what a snapshot is called

    /** {@return its name on the wire} */
    static Edge.SnapshotId named(SnapshotStore.Id id) {
        return new Edge.SnapshotId(id.slot(), id.bytes(), id.checksum());
    }

    /** {@return what has this name in a group} */
    static SnapshotStore.Id id(int group, Edge.SnapshotId name) {
        return new SnapshotStore.Id(group, name.slot(), name.bytes(), name.checksum());
    }
}
