package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.PaxosException;
import dev.multipaxos.examples.kv.KvAnswer;
import dev.multipaxos.examples.kv.KvCodec;
import dev.multipaxos.examples.kv.KvCommand;
import dev.multipaxos.transport.netty.PaxosClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Several clients, a thread each, that propose the writes of a {@link Workload} with many outstanding at once. A write that
 * certainly had no effect is proposed again; one that may have had is noted as unknown and left alone.
 */
public final class Load implements AutoCloseable {
    private static final long PAUSE_NANOS = 1_000_000;

    private final Workload workload;
    private final Ledger ledger;
    private final Meter meter;
    private final List<PaxosClient<KvCommand, KvAnswer>> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final ConcurrentLinkedQueue<Integer> again = new ConcurrentLinkedQueue<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopped;

    /**
     * Starts the clients.
     *
     * @param servers the addresses of the servers
     * @param workload what to write
     * @param ledger where to note what became of it
     * @param meter what measures it
     * @param count how many clients
     * @param outstanding how many writes each of them has open at once
     * @param deadline how long a client tries for one write
     */
    public Load(
            List<String> servers,
            Workload workload,
            Ledger ledger,
            Meter meter,
            int count,
            int outstanding,
            Duration deadline) {
        this.workload = workload;
        this.ledger = ledger;
        this.meter = meter;
        for (int i = 1; i <= count; i++) {
            PaxosClient<KvCommand, KvAnswer> client = PaxosClient.builder(KvCodec.commands(), KvCodec.answers())
                    .servers(servers.toArray(String[]::new))
                    .deadline(deadline)
                    .start();
            clients.add(client);
            Thread thread = new Thread(() -> run(client, new Semaphore(outstanding)), "kv-load-" + i);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    /** {@return whether every write has ended, or the load was stopped and nothing is open any more} */
    public boolean isDone() {
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("the load has failed: " + cause.getMessage(), cause);
        }
        return threads.stream().noneMatch(Thread::isAlive);
    }

    /** Proposes nothing new; what is open goes on until it is answered or its deadline passes. */
    public void stop() {
        stopped = true;
    }

    private void run(PaxosClient<KvCommand, KvAnswer> client, Semaphore permits) {
        int all = permits.availablePermits();
        try {
            while (failure.get() == null) {
                Integer index = nextIndex();
                if (index == null) {
                    if (stopped || (open.get() == 0 && again.isEmpty())) {
                        break;
                    }
                    LockSupport.parkNanos(PAUSE_NANOS); // another client's write may come back to be proposed again
                    continue;
                }
                permits.acquire();
                propose(client, index, permits);
            }
            permits.acquire(all);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
        }
    }

    private @Nullable Integer nextIndex() {
        if (stopped) {
            return null;
        }
        open.incrementAndGet(); // before it leaves the queue, so that nobody thinks that all is done
        Integer index = again.poll();
        if (index == null && next.get() < workload.size()) {
            int fresh = next.getAndIncrement();
            index = fresh < workload.size() ? fresh : null;
        }
        if (index == null) {
            open.decrementAndGet();
        }
        return index;
    }

    private void propose(PaxosClient<KvCommand, KvAnswer> client, int index, Semaphore permits) {
        long begun = System.nanoTime();
        var proposed = client.propose(workload.write(index));
        boolean refusedAtOnce = proposed.isCompletedExceptionally();
        var unused = proposed.whenComplete((answer, thrown) -> {
            try {
                note(index, answer, thrown, System.nanoTime() - begun);
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                open.decrementAndGet();
                permits.release();
            }
        });
        if (refusedAtOnce) {
            LockSupport.parkNanos(PAUSE_NANOS); // a queue is full: let it drain
        }
    }

    private void note(int index, @Nullable KvAnswer answer, @Nullable Throwable thrown, long nanos) {
        if (thrown == null) {
            if (!(answer instanceof KvAnswer.Written)) {
                throw new IllegalStateException("write " + index + " was answered with " + answer);
            }
            meter.acknowledged(nanos);
            ledger.note(index, Ledger.Fate.ACKNOWLEDGED);
            return;
        }
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (!(cause instanceof PaxosException known)) {
            throw new IllegalStateException("write " + index + " failed in no way that is described", cause);
        }
        if (known.mayHaveBeenApplied()) {
            ledger.note(index, Ledger.Fate.UNKNOWN);
        } else {
            again.add(index);
        }
    }

    /** Stops, waits a while for what is open, and closes the clients. */
    @Override
    public void close() {
        stop();
        try {
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        clients.forEach(PaxosClient::close);
    }
}
