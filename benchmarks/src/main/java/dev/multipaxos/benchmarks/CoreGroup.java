package dev.multipaxos.benchmarks;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A group of replicas behind their gates, all on the caller's thread: a journal that is durable at once and keeps nothing, and a
 * network that is a queue. What is left is the cost of the protocol.
 */
public final class CoreGroup {

    /** Slots between two ticks; at 10 ms a tick that is 6,400 slots in a second. */
    private static final int SLOTS_PER_TICK = 64;

    private static final int TICKS_TO_ELECT = 1_000;

    private record Parcel(int from, int to, Message message) {}

    private final List<Node> nodes = new ArrayList<>(); // node n at index n - 1
    private final ArrayDeque<Parcel> network = new ArrayDeque<>();
    private Node leader;
    private int slotsSinceTick;

    /**
     * Founds a group and waits until it has a leader.
     *
     * @param size how many members it has
     */
    public CoreGroup(int size) {
        Configuration configuration =
                Configuration.majority(IntStream.rangeClosed(1, size).toArray());
        for (int node = 1; node <= size; node++) {
            nodes.add(new Node(node, configuration));
        }
        leader = nodes.get(0);
        for (int tick = 0; !isSettled() && tick < TICKS_TO_ELECT; tick++) {
            tick();
        }
        if (!isSettled()) {
            throw new IllegalStateException("no leader after " + TICKS_TO_ELECT + " ticks");
        }
    }

    private boolean isSettled() {
        for (Node node : nodes) {
            if (node.driver.replica().openSlots() > 0) {
                leader = node;
                return true;
            }
        }
        return false;
    }

    /**
     * Proposes values in one turn, and delivers until nobody has anything to say. All of them are then chosen and executed.
     *
     * @param value proposed in each slot
     * @param slots how many
     * @return the last slot that the leader has executed
     */
    long propose(Value value, int slots) {
        for (int i = 0; i < slots; i++) {
            leader.driver.handle(new Input.Propose(value));
        }
        settle();
        slotsSinceTick += slots;
        while (slotsSinceTick >= SLOTS_PER_TICK) {
            slotsSinceTick -= SLOTS_PER_TICK;
            tick();
        }
        return leader.executed;
    }

    /** {@return what the leader is driven by, to let something happen to it before {@link #settle}} */
    public Driver leader() {
        return leader.driver;
    }

    /**
     * Ends the leader's turn, and delivers until nobody has anything to say.
     *
     * @return the last slot that the leader has executed
     */
    public long settle() {
        leader.endTurn();
        deliverAll();
        return leader.executed;
    }

    /** The last slot that each node has executed. */
    List<Long> executed() {
        return nodes.stream().map(node -> node.executed).toList();
    }

    /** Lets a tick pass at every node. */
    void tick() {
        for (Node node : nodes) {
            node.driver.handle(new Input.Tick());
            node.endTurn();
        }
        deliverAll();
    }

    private void deliverAll() {
        while (!network.isEmpty()) {
            // what is there for one node is one turn, as at a node that drains its mailbox
            int to = network.getFirst().to();
            Node node = nodes.get(to - 1);
            for (Parcel next = network.peek(); next != null && next.to() == to; next = network.peek()) {
                network.remove();
                node.driver.handle(new Input.Received(next.from(), next.message()));
            }
            node.endTurn();
        }
    }

    private final class Node implements Driver.Journal, Driver.Network, Driver.Application {
        private final int id;
        private final Driver driver;
        private long executed; // by the state machine, which does nothing
        private long reported; // of that, what the replica was told

        Node(int id, Configuration configuration) {
            this.id = id;
            Replica replica = new Replica(id, configuration, Parameters.DEFAULT, Durable.EMPTY);
            this.driver = new Driver(replica, this, this, this);
        }

        void endTurn() {
            driver.endTurn();
            if (reported < executed) {
                reported = executed;
                driver.handle(new Input.Executed(executed));
                driver.endTurn();
            }
        }

        @Override
        public void append(Record record, Ballot promised) {
            // nothing is kept
        }

        @Override
        public void sync(long ticket) {
            driver.durable(ticket);
        }

        @Override
        public void send(int to, Message message) {
            network.add(new Parcel(id, to, message));
        }

        @Override
        public void flush() {
            // the queue is the network
        }

        @Override
        public void execute(long slot, Value value) {
            executed = slot;
        }

        @Override
        public void readReady(long token, long slot) {
            throw new IllegalStateException("nobody reads here");
        }

        @Override
        public void readRefused(long token) {
            throw new IllegalStateException("nobody reads here");
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
            throw new IllegalStateException("nothing is lost here, so nobody can be that far behind");
        }
    }
}
