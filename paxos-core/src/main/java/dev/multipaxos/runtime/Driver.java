package dev.multipaxos.runtime;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Effects;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The gate between a replica and the world: a {@link Message.Binding} message leaves only when every record that was appended
 * before it is durable; everything else leaves at once ({@code docs/protocol.md} §2). The same for the running node, the
 * simulator and the tests, so that what is tested is what runs.
 *
 * <p>A turn is any number of {@link #handle} and {@link #durable}, and one {@link #endTurn}. Not thread-safe: one thread owns it,
 * and the ports are called on that thread.
 */
public final class Driver {

    /** Where records go. */
    public interface Journal {
        /**
         * Writes a record behind all earlier ones.
         *
         * @param record the record
         * @param promised the ballot that is promised, this record included
         */
        void append(Record record, Ballot promised);

        /**
         * Makes the first {@code ticket} records durable and then calls {@link Driver#durable}, within this call or later.
         *
         * @param ticket how many records, counted from the start of this driver
         */
        void sync(long ticket);
    }

    /** Where messages to others go. */
    public interface Network {
        /**
         * Queues a message.
         *
         * @param to another node
         * @param message what to say
         */
        void send(int to, Message message);

        /** Pushes what was queued in this turn. */
        void flush();
    }

    /** The state machine's side. The methods are those of {@link Effects}. */
    @SuppressWarnings("MissingJavadocMethod")
    public interface Application {
        void execute(long slot, Value value);

        void readReady(long token, long slot);

        void readRefused(long token);

        void readLog(int to, long fromSlot, long toSlot, int maxBytes);
    }

    /** How many messages may wait for the disk: a few for each turn since it was last heard of. */
    private static final int PARKED_MAX = 16_384;

    /**
     * A message that waits for the disk.
     *
     * @param ticket how many records must be durable before it leaves
     * @param to the receiver
     * @param message what it says
     */
    public record Parked(long ticket, int to, Message message) {}

    /**
     * What the gate remembers between two turns, as a value. Records are counted from the last durable one, so that a gate
     * that has nothing to hold is equal to a new one, however much went through it.
     *
     * @param appended records that are not durable yet
     * @param syncing of them, those that a sync was asked for
     * @param parked the messages that wait, in ascending order of their tickets
     */
    public record Held(long appended, long syncing, List<Parked> parked) {

        /** Nothing waits. */
        public static final Held NOTHING = new Held(0, 0, List.of());

        /** Freezes the list. */
        public Held {
            parked = List.copyOf(parked);
        }
    }

    private final int self;
    private final Replica replica;
    private final Journal journal;
    private final Network network;
    private final Application application;
    private final Effects effects = new Gate();

    private final ArrayDeque<Parked> parked = new ArrayDeque<>(); // ascending tickets
    private final ArrayDeque<Message> toSelf = new ArrayDeque<>();
    private long appended; // records so far
    private long durable; // of them, those on the disk
    private long syncing; // of them, those that a sync was asked for

    /**
     * Puts a replica behind the gate.
     *
     * @param replica the replica, from now on this driver's own
     * @param journal where records go
     * @param network where messages go
     * @param application where chosen slots go
     */
    public Driver(Replica replica, Journal journal, Network network, Application application) {
        this.self = replica.self();
        this.replica = replica;
        this.journal = journal;
        this.network = network;
        this.application = application;
    }

    /** {@return what is held back; only between turns} */
    public Held held() {
        List<Parked> waiting = new ArrayList<>();
        for (Parked next : parked) {
            waiting.add(new Parked(next.ticket() - durable, next.to(), next.message()));
        }
        return new Held(appended - durable, Math.max(0, syncing - durable), waiting);
    }

    /**
     * Puts a new driver back to where {@link #held} was taken; it counts records from the last durable one then.
     *
     * @param held what it holds back
     */
    public void restore(Held held) {
        appended = held.appended();
        syncing = held.syncing();
        parked.addAll(held.parked());
    }

    /** {@return the replica, to look at} */
    public Replica replica() {
        return replica;
    }

    /**
     * Takes one input.
     *
     * @param input what happened
     */
    public void handle(Input input) {
        replica.handle(input, effects);
    }

    /**
     * The disk reached this far; what waited for it may leave.
     *
     * @param ticket how many records are durable
     */
    public void durable(long ticket) {
        durable = Math.max(durable, ticket);
    }

    /**
     * Ends a turn: says what was gathered, asks for a sync if somebody waits for one, and pushes. A message of the node to
     * itself is handled in here, as soon as it may leave; a storage that is durable within {@link Journal#sync} therefore has
     * everything settled when this returns.
     */
    public void endTurn() {
        do {
            replica.endTurn(effects);
            if (!parked.isEmpty()
                    && Math.max(syncing, durable) < parked.getLast().ticket()) {
                syncing = parked.getLast().ticket();
                network.flush(); // what needs no disk is on its way while the disk works
                journal.sync(syncing);
            }
        } while (release());
        network.flush();
    }

    /** Lets go what the disk has caught up with; says whether some of it was for the node itself, and so was handled. */
    private boolean release() {
        while (!parked.isEmpty() && parked.getFirst().ticket() <= durable) {
            Parked next = parked.removeFirst();
            leave(next.to(), next.message());
        }
        boolean handled = !toSelf.isEmpty();
        for (Message own = toSelf.poll(); own != null; own = toSelf.poll()) {
            replica.handle(new Input.Received(self, own), effects);
        }
        return handled;
    }

    /** What is said again while the disk is slow waits once; and where a disk hangs, what cannot wait is lost, as any message may be. */
    private void park(int to, Message message) {
        for (Parked earlier : parked) {
            if (earlier.to() == to && earlier.message().equals(message)) {
                return;
            }
        }
        if (parked.size() < PARKED_MAX) {
            parked.add(new Parked(appended, to, message));
        }
    }

    private void leave(int to, Message message) {
        if (to == self) {
            toSelf.add(message);
        } else {
            network.send(to, message);
        }
    }

    /** How many messages wait for the disk. */
    int parked() {
        return parked.size();
    }

    private final class Gate implements Effects {

        @Override
        public void send(int to, Message message) {
            boolean waits = durable < appended || !parked.isEmpty(); // nothing overtakes what has waited longer
            if (message instanceof Message.Binding && waits) {
                park(to, message);
            } else {
                leave(to, message);
            }
        }

        @Override
        public void append(Record record) {
            appended++;
            journal.append(record, replica.promised());
        }

        @Override
        public void execute(long slot, Value value) {
            application.execute(slot, value);
        }

        @Override
        public void readReady(long token, long slot) {
            application.readReady(token, slot);
        }

        @Override
        public void readRefused(long token) {
            application.readRefused(token);
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
            application.readLog(to, fromSlot, toSlot, maxBytes);
        }
    }
}
