package dev.multipaxos.runtime;

import dev.multipaxos.runtime.ClientOutcomes.ClientLost;
import dev.multipaxos.runtime.ClientOutcomes.ClientReply;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the event loop: many threads add, the loop takes everything at once. Two lists change places, so that a turn
 * takes the lock once whatever the number of letters.
 *
 * <p>Frames are bounded in bytes, and dropped beyond: a lost frame costs only time. What a turn has taken counts until the next one
 * begins. Each {@link Part} has a bound of its own, so that none crowds out what members say to each other. Calls are bounded by
 * their {@link Room} before they come here, everything else by what the loop itself has asked for; neither is ever lost.
 */
final class Mailbox {

    /** Who fills it with what has a size, and how many sixteenths of the bytes may be theirs. */
    enum Part {
        /** What members say. */
        MEMBERS(6),
        /** What clients send. */
        CLIENTS(4),
        /** What members send as bulk. */
        BULK(2),
        /** What this node has for clients: half of it waits, the other half is what a turn has taken. */
        ANSWERS(3),
        /** What this node has read for members that lag. */
        LOG(1);

        private final int sixteenths;

        Part(int sixteenths) {
            this.sixteenths = sixteenths;
        }
    }

    /** What one part has of it. */
    private static final class Share {
        private final long max;
        private long filling;
        private long draining;

        Share(long max) {
            this.max = max;
        }

        boolean isRoom(int bytes) {
            return filling + draining == 0 || filling + draining + bytes <= max;
        }

        void turn() {
            draining = filling;
            filling = 0;
        }
    }

    private static final Part[] PARTS = Part.values();

    private final Object lock = new Object();
    private final Map<Part, Share> shares = new EnumMap<>(Part.class);
    private List<Mail> filling = new ArrayList<>();
    private List<Mail> draining = new ArrayList<>();
    private boolean closed;
    private long dropped;
    private volatile boolean asleep;
    private volatile boolean poked;
    private volatile @Nullable Thread owner;
    private volatile Runnable alarm = this::unpark;

    /**
     * Makes an empty mailbox.
     *
     * @param bytesMax how many bytes all parts together may have, besides at least one frame each
     */
    Mailbox(long bytesMax) {
        for (Part part : Part.values()) {
            shares.put(part, new Share(bytesMax / 16 * part.sixteenths));
        }
    }

    private Share share(Part part) {
        return Objects.requireNonNull(shares.get(part));
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

    /** Adds what has a size, without waking the loop: {@link #wake} follows at the end of the burst. False if it was dropped. */
    boolean add(Part part, Mail mail, int bytes) {
        synchronized (lock) {
            Share share = share(part);
            if (closed) {
                return false;
            }
            if (!share.isRoom(bytes)) {
                dropped++;
                return false;
            }
            share.filling += bytes;
            filling.add(mail);
            return true;
        }
    }

    /**
     * Adds an answer, without waking the loop. Where there is no room for it, whoever of the clients has most waiting loses its
     * connection and what waits for it: none pays for what another one asks.
     */
    void answer(ClientReply reply) {
        synchronized (lock) {
            if (closed) {
                return;
            }
            Share share = share(Part.ANSWERS);
            if (share.filling > 0 && share.filling + reply.bytes() > share.max / 2) {
                dropped++;
                long most = mostAnswered(reply);
                if (most != reply.connection()) {
                    share.filling -= withdraw(most);
                }
                filling.add(new ClientLost(most));
                if (most == reply.connection()) {
                    return;
                }
            }
            share.filling += reply.bytes(); // no more than the other one's were
            filling.add(reply);
        }
    }

    /** {@return the connection with the most bytes that wait, one more answer included} */
    private long mostAnswered(ClientReply more) {
        Map<Long, Long> bytes = new LinkedHashMap<>();
        bytes.put(more.connection(), (long) more.bytes());
        for (Mail mail : filling) {
            if (mail instanceof ClientReply reply) {
                bytes.merge(reply.connection(), (long) reply.bytes(), Long::sum);
            }
        }
        return Collections.max(bytes.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    /** {@return how many bytes of answers were thrown away} */
    private long withdraw(long connection) {
        long[] bytes = new long[1];
        filling.removeIf(mail -> {
            boolean its = mail instanceof ClientReply reply && reply.connection() == connection;
            bytes[0] += its ? ((ClientReply) mail).bytes() : 0;
            return its;
        });
        return bytes[0];
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
            for (Part part : PARTS) {
                share(part).turn();
            }
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

    /** {@return how many bytes wait, or were taken by the last turn} */
    long bytes() {
        synchronized (lock) {
            return shares.values().stream()
                    .mapToLong(share -> share.filling + share.draining)
                    .sum();
        }
    }

    /** {@return how many frames were dropped} */
    long dropped() {
        synchronized (lock) {
            return dropped;
        }
    }
}
