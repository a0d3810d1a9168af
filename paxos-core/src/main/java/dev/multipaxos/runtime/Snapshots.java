package dev.multipaxos.runtime;

import dev.multipaxos.NodeListener;
import dev.multipaxos.Retention;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.SnapshotPart;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when a snapshot is taken, one at a time, and what it allows the journal to let go of. Owned by the event loop.
 *
 * <p>The way of a snapshot: the apply thread captures, {@link SnapshotJob} writes, and when that is durable the journal writer says
 * again what touches no slot, and trims. Every member takes its own, whoever leads and whoever is away.
 *
 * <p>It is also the repair of a disk that has lost something: a snapshot is taken though nothing may have been executed since the last,
 * and from then on every trim lets go of what is damaged, as soon as that is obsolete and not in the segment in use.
 */
final class Snapshots {

    /**
     * What others may see.
     *
     * @param slot the end of the newest snapshot; 0 if there is none
     * @param writtenMillis when it was written, on the clock of the member that did
     */
    record View(long slot, long writtenMillis) {
        static final View NONE = new View(0, 0);

        /** {@return what is seen of a snapshot that begins like this} */
        static View of(SnapshotPart.Header header) {
            return new View(header.slot(), header.writtenMillis());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

    /** A repair that failed is tried again after so many sweeps, a second; the pause doubles with each that fails. */
    private static final int REPAIR_PAUSE_SWEEPS = 50;

    private static final int REPAIR_PAUSE_DOUBLINGS_MAX = 6; // about a minute

    private final int self;
    private final Retention retention;
    private final Applier apply;
    private final SnapshotJob job;
    private final JournalWriter storage;
    private final LongUnaryOperator lowestNeeded;
    private final JournalHold hold;
    private final LongConsumer snapshotted;
    private final Consumer<Consumer<NodeListener>> tell;

    private final List<SnapshotCall> asked = new ArrayList<>(); // for one that begins later than now
    private final List<SnapshotCall> served = new ArrayList<>(); // by the one that is being taken
    private boolean taking;
    private final long chosenBefore; // no snapshot below stands for all that the journal has lost
    private long stored; // by the state machine, in a store of its own
    private final long damagedSlot; // the last of which the start has found records lost
    private final long lostUpTo; // of that, and of the log that was trimmed: no snapshot below stands for all of it
    private long damagedEnd; // a journal position: while anything below is kept, so is damage; 0 if there is none
    private boolean repairDue; // one is to be taken though nothing was executed since the last
    private boolean repairing; // it is being taken
    private long repairedSlot = -1; // what was executed when the last one was begun that has not failed
    private int repairPause; // in sweeps
    private int repairFailures; // in a row
    private boolean wanted; // by a member that is to be sent it
    private boolean isTight; // the disk has little room: nothing is kept for members that lag
    private boolean trimDue; // as the last life ended before it had trimmed
    private long begunPosition; // of the journal, when the last attempt began
    private long snapshotBytes; // of the last one that was taken in this life
    private long letGoUpTo; // what is held below was let go, and that is logged
    private volatile View view;

    /**
     * Begins.
     *
     * @param self this node
     * @param retention when, and what is kept
     * @param apply captures
     * @param job writes
     * @param storage trims
     * @param lowestNeeded the lowest slot, of those from the given one on, that must stay in the journal for somebody who is being
     *     sent a snapshot; {@link Long#MAX_VALUE} if none must
     * @param found the snapshot that the node began with
     * @param journalBytes how much of the journal lies behind that
     * @param trimmedUpTo the slot up to which the journal is trimmed
     * @param chosenBefore the slot that must be executed before there is a snapshot again; it is, unless the node has lost a
     *     part of its past
     * @param damagedUpTo the last slot of which the journal has lost records; negative if it has lost none
     * @param snapshotted tells the core that a snapshot of this node's own is durable
     * @param tell tells the listener
     */
    Snapshots(
            int self,
            Retention retention,
            Applier apply,
            SnapshotJob job,
            JournalWriter storage,
            LongUnaryOperator lowestNeeded,
            View found,
            long journalBytes,
            long trimmedUpTo,
            long chosenBefore,
            long damagedUpTo,
            LongConsumer snapshotted,
            Consumer<Consumer<NodeListener>> tell) {
        this.self = self;
        this.retention = retention;
        this.apply = apply;
        this.job = job;
        this.storage = storage;
        this.lowestNeeded = lowestNeeded;
        this.hold = new JournalHold(retention);
        this.snapshotted = snapshotted;
        this.tell = tell;
        this.view = found;
        this.trimDue = found.slot() > trimmedUpTo;
        this.begunPosition = storage.position() - journalBytes;
        this.chosenBefore = chosenBefore;
        this.damagedSlot = damagedUpTo;
        this.lostUpTo = Math.max(damagedUpTo, trimmedUpTo);
        this.damagedEnd = damagedUpTo < 0 ? 0 : storage.position();
        boolean snapshotLost = found.slot() < trimmedUpTo && !apply.isDurable();
        this.repairDue = damagedUpTo >= 0 || snapshotLost;
    }

    /** Looks whether it is time. Once in a few ticks. */
    void sweep() {
        if (trimDue) {
            trimDue = false;
            trim();
        }
        repair();
        long every = retention.snapshotEveryBytes();
        if (!taking && every > 0 && !isRebuilding() && storage.position() - begunPosition >= every) {
            begin();
        }
    }

    /** The application wants one of all that is executed now, and so not the one that is being taken. */
    void ask(SnapshotCall call) {
        if (isRebuilding()) {
            call.fail(
                    apply.executedUpTo(),
                    new IllegalStateException(
                            "the node has lost a part of its log or its snapshot and gets it back from"
                                    + " other members; before slot " + chosenBefore
                                    + " is executed nothing could replace it"));
            return;
        }
        asked.add(call);
        if (!taking) {
            begin();
        }
    }

    /** {@return whether the state machine lies behind what the journal said when the node began, parts of which are lost} */
    boolean isRebuilding() {
        return apply.executedUpTo() < chosenBefore;
    }

    /**
     * A member needs a snapshot, and there is none that goes far enough, or none that can be read.
     *
     * @param again whether one is to be taken even if nothing was executed since the last
     */
    void want(boolean again) {
        if (!taking && !isRebuilding()) {
            wanted = true;
            repairing = again;
            begin();
        }
    }

    /**
     * The journal has lost something below a position. The storage says so again and again; another snapshot is taken only if that
     * can help more than the last one did.
     */
    void onJournalDamaged(long upTo) {
        if (upTo > damagedEnd || apply.executedUpTo() > repairedSlot) {
            damagedEnd = Math.max(damagedEnd, upTo);
            repairDue = true;
        }
    }

    /** A snapshot is lost, which the journal needs if the state machine has no store of its own. */
    void onSnapshotDamaged(long slot) {
        repairDue |= slot >= view.slot() && !apply.isDurable();
    }

    /**
     * The disk has little room, or has it again. A full one takes no values, so its journal does not grow, and nothing else would
     * make the node let go of the past.
     */
    void onRoom(boolean tight) {
        isTight = tight;
        if (tight && retention.snapshotEveryBytes() > 0 && !taking && !isRebuilding()) {
            begin();
        }
    }

    /** Once in a few ticks: as soon as a snapshot would stand for what is lost. */
    private void repair() {
        if (repairPause > 0) {
            repairPause--;
        } else if (repairDue && !taking && !isRebuilding() && apply.executedUpTo() >= damagedSlot) {
            repairDue = false;
            repairing = true;
            repairedSlot = apply.executedUpTo();
            begin();
        }
    }

    private void begin() {
        taking = true;
        begunPosition = storage.position();
        served.addAll(asked);
        asked.clear();
        if (served.isEmpty() && !wanted && apply.isDurable()) {
            apply.askStored(); // which stands for the log as a snapshot does
            return;
        }
        apply.capture(job, repairing ? -1 : view.slot());
    }

    private void succeeded() {
        repairFailures = repairing ? 0 : repairFailures;
        end();
    }

    private void end() {
        taking = false;
        wanted = false;
        repairing = false;
        served.clear();
        if (!asked.isEmpty()) {
            begin();
        }
    }

    void onTaken(SnapshotJob.Taken taken) {
        SnapshotStore.Id id = taken.id();
        if (id.slot() >= view.slot()) { // one that came from a member meanwhile may be newer
            view = new View(id.slot(), taken.writtenMillis());
        }
        snapshotBytes = id.bytes();
        hold.passed(id.slot(), begunPosition);
        snapshotted.accept(id.slot());
        trim();
        tell.accept(listener -> listener.snapshotTaken(id.slot(), id.bytes()));
        served.forEach(call -> call.succeed(id.slot()));
        succeeded();
    }

    /** Nothing was executed since the last one. */
    void onUnchanged(long slot) {
        trim(); // promises and marks have filled the journal
        served.forEach(call -> call.succeed(slot));
        succeeded();
    }

    /** The state machine's own store stands for the slots up to this one. */
    void onStored(long slot) {
        stored = slot;
        hold.passed(slot, begunPosition);
        snapshotted.accept(slot);
        trim();
        succeeded();
    }

    /**
     * The next attempt is made when the journal has grown again as much as for the first, or when somebody asks; a repair is tried again
     * by itself.
     */
    void onFailed(SnapshotJob.Failed failed) {
        repairedSlot = -1;
        if (repairing) {
            repairDue = true;
            repairPause = REPAIR_PAUSE_SWEEPS << Math.min(repairFailures, REPAIR_PAUSE_DOUBLINGS_MAX);
            repairFailures++;
        }
        served.forEach(call -> call.fail(failed.slot(), failed.why()));
        end();
    }

    /** A snapshot was restored here: a member's, or one of this node's own that could not be read when it began. */
    void onInstalled(View installed) {
        if (installed.slot() > view.slot()) {
            view = installed;
            begunPosition = storage.position();
            repairDue &= installed.slot() < lostUpTo;
        }
        trim();
        tell.accept(listener -> listener.snapshotInstalled(installed.slot()));
    }

    private void trim() {
        long held = isTight ? Long.MAX_VALUE : hold.lowest(storage.position(), snapshotBytes);
        long upTo = Math.min(Math.max(view.slot(), stored), lowestNeeded.applyAsLong(held) - 1);
        if (upTo > 0) {
            noteLetGo(lowestNeeded.applyAsLong(0), upTo);
            storage.trim(upTo, isTight ? 0 : retention.keepBytes(), damagedEnd);
        }
    }

    private void noteLetGo(long needed, long upTo) {
        if (needed <= upTo && needed > letGoUpTo) {
            letGoUpTo = upTo;
            LOG.warn(
                    "node {} lets go of the log from slot {} on, which a member needs behind the snapshot that it is being sent: {}."
                            + " The member needs a newer snapshot then",
                    self,
                    needed,
                    isTight ? "the disk has little room" : "so much has gathered behind it");
        }
    }

    /** Fails who waits: the node stops. */
    void failAll(Ending ending) {
        served.forEach(call -> call.fail(ending.exception(false)));
        asked.forEach(call -> call.fail(ending.exception(false)));
        served.clear();
        asked.clear();
    }

    /** {@return what others may see; any thread} */
    View view() {
        return view;
    }
}
