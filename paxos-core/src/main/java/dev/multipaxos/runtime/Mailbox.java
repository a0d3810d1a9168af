package dev.multipaxos.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the event loop: many threads add, the loop takes everything at once. Two lists change places, so that a turn
 * takes the lock once whatever the number of letters.
 *
 * <p>Frames are bounded in bytes, and dropped beyond: a lost frame costs only time. What clients send, and what members send as
 * bulk, has a bound of its own each, so that it cannot crowd out what members say to each other. Calls are bounded by their {@link Room} before they come here,
 * everything else by what the loop itself has asked for; neither is ever lost.
 */
final class Mailbox {

    /** Clients may have this part of the frames' bytes, and bulk too. */
    private static final int OTHERS_SHARE = 4;

    private final Object lock = new Object();
    private final long frameBytesMax;
    private List<Mail> filling = new ArrayList<>();
    private List<Mail> draining = new ArrayList<>();
    private long frameBytes; // of the members' frames in filling
    private long clientFrameBytes; // of the clients'
    private long bulkFrameBytes; // of the members' bulk
    private boolean closed;
    private long dropped;
    private volatile boolean asleep;
    private volatile boolean poked;
    private volatile @Nullable Thread owner;
    private volatile Runnable alarm = this::unpark;

    /**
     * Makes an empty mailbox.
     *
     * @param frameBytesMax how many bytes of members' frames may wait, besides at least one frame; of clients' and of bulk a part of it each
     */
    Mailbox(long frameBytesMax) {
        this.frameBytesMax = frameBytesMax;
    }

    /** Adds a letter and wakes the loop; false if the mailbox is closed. */
    boolean add(Mail mail) {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            filling.add(mail);
        }
        wake();
        return true;
    }

    /** Adds a member's frame, without waking the loop: {@link #wake} follows at the end of the burst. False if it was dropped. */
    boolean addFrame(Mail frame, int bytes) {
        synchronized (lock) {
            if (!isRoom(frameBytes, bytes, frameBytesMax)) {
                return false;
            }
            frameBytes += bytes;
            filling.add(frame);
            return true;
        }
    }

    /** Adds a client's frame, as {@link #addFrame} does. */
    boolean addClientFrame(Mail frame, int bytes) {
        synchronized (lock) {
            if (!isRoom(clientFrameBytes, bytes, frameBytesMax / OTHERS_SHARE)) {
                return false;
            }
            clientFrameBytes += bytes;
            filling.add(frame);
            return true;
        }
    }

    /** Adds a member's bulk frame, as {@link #addFrame} does. */
    boolean addBulkFrame(Mail frame, int bytes) {
        synchronized (lock) {
            if (!isRoom(bulkFrameBytes, bytes, frameBytesMax / OTHERS_SHARE)) {
                return false;
            }
            bulkFrameBytes += bytes;
            filling.add(frame);
            return true;
        }
    }

    private boolean isRoom(long taken, int bytes, long max) {
        if (closed) {
            return false;
        }
        boolean room = taken == 0 || taken + bytes <= max;
        dropped += room ? 0 : 1;
        return room;
    }

    /** Tells the loop to look at what other threads have published, without a letter. */
    void poke() {
        poked = true;
        wake();
    }

    /** Wakes the loop if it sleeps; costs little if it does not. */
    void wake() {
        alarm.run();
    }

    private void unpark() {
        if (asleep) {
            LockSupport.unpark(owner);
        }
    }

    /** From now on the loop is woken in this way, and does not {@link #await}. */
    void wakeBy(Runnable how) {
        alarm = how;
    }

    /** From now on a poke counts again: the caller looks at what was published, then takes the mail. Loop only. */
    void heed() {
        poked = false;
    }

    /** Takes everything; the list is the caller's until the next call. Loop only. */
    List<Mail> drain() {
        draining.clear();
        synchronized (lock) {
            List<Mail> full = filling;
            filling = draining;
            draining = full;
            frameBytes = 0;
            clientFrameBytes = 0;
            bulkFrameBytes = 0;
            return full;
        }
    }

    /** Sleeps until something arrives, or for so long. Loop only. */
    void await(long nanos) {
        owner = Thread.currentThread();
        asleep = true;
        if (!hasMail() && nanos > 0) {
            LockSupport.parkNanos(this, nanos);
            Thread.interrupted(); // a callback may have left it set, and then nothing would park; the loop ends
            // otherwise
        }
        asleep = false;
    }

    /** {@return whether there is something for a turn of the loop} */
    boolean hasMail() {
        return poked || !isEmpty();
    }

    private boolean isEmpty() {
        synchronized (lock) {
            return filling.isEmpty();
        }
    }

    /**
     * From now on nothing is added. What was is returned, behind what was drained last: a loop that failed has not delivered all
     * of it. Loop only.
     */
    List<Mail> close() {
        synchronized (lock) {
            closed = true;
            List<Mail> rest = new ArrayList<>(draining);
            rest.addAll(filling);
            draining.clear();
            filling.clear();
            return rest;
        }
    }

    /** {@return how many frames were dropped} */
    long dropped() {
        synchronized (lock) {
            return dropped;
        }
    }
}
