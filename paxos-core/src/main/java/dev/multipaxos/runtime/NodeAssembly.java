package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Timing;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.FoundingRecord;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of a node, put together, not started yet. */
final class NodeAssembly {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAssembly.class);

    private static final int CHUNK_BYTES = 256 << 10;
    private static final int FRAME_OVERHEAD_BYTES = 4_096;
    /** The largest part of a snapshot: small enough to wait for, large enough to be read in one go. */
    private static final int PART_BYTES_MAX = 256 << 10;

    private final int node;
    private final long tickNanos;
    private final NodeIdentity identity;
    private final Execution<?, ?> execution;
    private final Mailbox mailbox;
    private final JournalWriter storage;
    private final Applier apply;
    private final JournalReader reader;
    private final SnapshotJob snapshotJob;
    private final TransferJob transfers;
    private final Driver driver;
    private final EventLoop loop;
    private final PeerGate gate;

    /**
     * Puts a node together.
     *
     * @param settings what it was told
     * @param wiring how its parts are connected
     * @param recovered what it found on its disk
     * @param execution its state machine, as far as the disk went
     * @param slots what is asked to execute with it
     * @param mailbox the loop's
     * @param room what may wait
     * @param ended what the loop does last
     */
    NodeAssembly(
            NodeSettings<?, ?> settings,
            Wiring wiring,
            Recovered recovered,
            Execution<?, ?> execution,
            SlotExecution slots,
            Mailbox mailbox,
            Room room,
            Runnable ended) {
        this.identity = recovered.identity();
        this.execution = execution;
        this.mailbox = mailbox;
        this.node = settings.node();
        this.tickNanos = settings.timing().tick().toNanos();
        TimeSource time = wiring.time();
        int group = settings.group();
        Limits limits = settings.limits();
        Timing timing = settings.timing();
        long retryNanos = timing.election().toNanos() * 2;

        Handshake handshake = new Handshake(identity);
        recovered.standing().pinned().forEach(handshake::pinned);
        storage = new JournalWriter(settings.storage(), group, recovered.standing(), mailbox, settings.forcesOnLoop());
        gate = new PeerGate(identity, handshake, storage, mailbox);

        SplittableRandom random = new SplittableRandom(identity.storageId() ^ identity.bootCount());
        PendingProposals proposals = new PendingProposals(
                mailbox, () -> random.nextLong() | Long.MIN_VALUE, retryNanos, wiring.sessions(), time.nanoTime());
        int answerBytesMax = limits.frameBytes() - FRAME_OVERHEAD_BYTES;
        SnapshotStore store = settings.storage().snapshots();
        snapshotJob = new SnapshotJob(node, identity.founding(), store, mailbox, time);
        apply = new Applier(
                slots,
                new SnapshotReader(store, identity.founding(), execution),
                recovered.durable().executed(),
                proposals,
                new ClientOutcomes(answerBytesMax, mailbox),
                mailbox);
        transfers = new TransferJob(
                identity,
                settings,
                storage,
                Math.min(PART_BYTES_MAX, limits.frameBytes() - FRAME_OVERHEAD_BYTES),
                apply::executedUpTo,
                mailbox,
                wiring.transferTime());
        reader = new JournalReader(
                settings.storage(), group, recovered.lost(), recovered.silentUpTo(), mailbox, transfers);
        Outbox outbox = new Outbox(settings.transport(), identity, storage);
        long heartbeatNanos = timing.heartbeat().toNanos();
        FoundingWait founding = new FoundingWait(
                identity,
                founder -> outbox.send(founder, new Edge.PinRequest()),
                recovered.confirmed(),
                heartbeatNanos,
                time.nanoTime());
        boolean alone = settings.membership().members().size() == 1; // nobody has a lease from it
        LeaseClock leaseClock = new LeaseClock(
                time,
                alone ? 0 : timing.lease().toNanos(),
                alone ? 0 : recovered.standing().leaseNanosMax());
        PendingReads reads =
                new PendingReads(outbox, apply, leaseClock, retryNanos, heartbeatNanos, identity.firstNumber());
        Replica replica = new Replica(
                node,
                wiring.configuration(configuration(identity.founding())),
                wiring.parameters(parameters(limits, timing, identity)),
                recovered.durable());
        Driver.Journal journal = settings.forcesOnLoop() ? new LoopJournal(storage, apply, this::tellDurable) : storage;
        driver = new Driver(
                replica,
                wiring.journal(journal, this::tellDurable),
                wiring.network(outbox),
                wiring.application(new Application(node, time, apply, reads, reader)));
        Batcher batcher = new Batcher(
                limits.batchBytes(), room, new StampClock(time::currentTimeMillis, () -> time.nanoTime() / 1_000_000));
        Forwarder forwarder = new Forwarder(limits.batchBytes(), outbox, batcher, room, identity.firstNumber());
        ClientService clients = new ClientService(
                settings,
                settings.membership().members().stream().collect(Collectors.toMap(Member::id, Member::address)),
                answerBytesMax,
                new ClientService.Parts(execution, mailbox, outbox, batcher, reads, apply, room));
        Snapshots snapshots = new Snapshots(
                node,
                settings.retention(),
                apply,
                snapshotJob,
                storage,
                transfers::lowestNeeded,
                recovered.snapshot(),
                recovered.journalBytes(),
                recovered.trimmedUpTo(),
                Math.max(recovered.trimmedUpTo(), recovered.durable().base()),
                recovered.damagedUpTo(),
                slot -> driver.handle(new Input.Snapshotted(slot)),
                event -> EventLoop.tell(node, () -> event.accept(settings.listener())));
        loop = new EventLoop(
                settings,
                new EventLoop.Parts(
                        driver,
                        mailbox,
                        storage,
                        apply,
                        reader,
                        outbox,
                        handshake,
                        founding,
                        batcher,
                        forwarder,
                        proposals,
                        reads,
                        clients,
                        snapshots,
                        transfers,
                        settings.listener()),
                time,
                leaseClock,
                ended);
        awaitLeases(leaseClock.awaited());
    }

    /** What an earlier life may have granted ends before this one takes part in an election. */
    private void awaitLeases(long nanos) {
        if (nanos > 0) {
            LOG.info(
                    "node {} takes part in no election for {} ms, as long as leases may last", node, nanos / 1_000_000);
            driver.handle(new Input.AwaitLeases(nanos));
        }
    }

    private void tellDurable(long ticket) {
        driver.durable(ticket);
    }

    private static Configuration configuration(FoundingRecord founding) {
        int[] members = founding.members().stream()
                .mapToInt(FoundingRecord.Founder::node)
                .toArray();
        return new Configuration(new Quorums(members.length, founding.phase1(), founding.phase2()), members);
    }

    private static Parameters parameters(Limits limits, Timing timing, NodeIdentity identity) {
        // A chunk ends with the value that fills it: together they must still fit into a frame.
        int largest = Math.max(limits.valueBytes(), limits.batchBytes()) + FRAME_OVERHEAD_BYTES;
        return new Parameters(
                limits.alpha(),
                limits.ring(),
                timing.heartbeatTicks(),
                timing.electionTicks(),
                identity.cluster() | 1,
                Math.max(1, Math.min(CHUNK_BYTES, limits.frameBytes() - largest)),
                limits.inFlightBytes(),
                limits.retainedBytes(),
                timing.lease().toNanos(),
                timing.leaseUse().toNanos());
    }

    /** Where the replica's wishes that are neither disk nor network go. */
    private record Application(int node, TimeSource time, Applier apply, PendingReads reads, JournalReader reader)
            implements Driver.Application {

        @Override
        public void execute(long slot, Value value) {
            apply.execute(slot, value);
        }

        @Override
        public void readReady(long token, long slot) {
            reads.readReady(token, slot, node);
        }

        @Override
        public void readRefused(long token) {
            reads.readRefused(token, time.nanoTime());
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
            reader.read(to, fromSlot, toSlot, maxBytes);
        }
    }

    /**
     * Makes the threads.
     *
     * @param host the transport's thread that takes the loop's turns; null if it is to have its own
     * @param failed is told, by one of them, that the node must stop
     * @return all of them, in the order in which they end; not started
     */
    List<Thread> threads(Transport.@Nullable Host host, Consumer<Throwable> failed) {
        Job turns = host == null ? loop : new HostedLoop(loop, mailbox, host, tickNanos);
        return List.of(
                thread("loop", turns, failed),
                thread("storage", storage, failed),
                thread("apply", apply, failed),
                thread("catchup", reader, failed),
                thread("snapshot", snapshotJob, failed),
                thread("transfer", transfers, failed));
    }

    private Thread thread(String name, Job job, Consumer<Throwable> failed) {
        return new NodeThread("paxos-" + node + "-" + name, job, failed);
    }

    /** Ends the jobs behind the loop, after what they are at. */
    void finishJobs() {
        storage.finish();
        apply.finish();
        reader.finish();
        snapshotJob.finish();
        transfers.finish();
    }

    NodeIdentity identity() {
        return identity;
    }

    Execution<?, ?> execution() {
        return execution;
    }

    Mailbox mailbox() {
        return mailbox;
    }

    JournalWriter storage() {
        return storage;
    }

    Applier apply() {
        return apply;
    }

    JournalReader reader() {
        return reader;
    }

    SnapshotJob snapshotJob() {
        return snapshotJob;
    }

    TransferJob transfers() {
        return transfers;
    }

    Driver driver() {
        return driver;
    }

    EventLoop loop() {
        return loop;
    }

    PeerGate gate() {
        return gate;
    }
}
