package dev.multipaxos.core;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.runtime.Driver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A group in one thread, for tests: real replicas behind real drivers, a network that is a list, disks that are lists, and a
 * clock that ticks when told to. After every event it checks what may never be false; a violation is an {@link AssertionError}.
 */
final class Cluster {

    /** A message on its way. */
    record Flight(int from, int to, Message message) {
        @Override
        public String toString() {
            return from + " → " + to + " " + message;
        }
    }

    /** One node; the driver is null while it is down. */
    final class Node implements Driver.Journal, Driver.Network, Driver.Application {
        final int id;
        final List<Record> disk = new ArrayList<>(); // what a crash keeps
        final List<Record> cache = new ArrayList<>(); // written, not yet durable
        final Set<Record> rotten =
                Collections.newSetFromMap(new IdentityHashMap<>()); // of the disk, what cannot be read
        final TreeMap<Long, Value> snapshot = new TreeMap<>(); // what its newest snapshot stands for
        final TreeMap<Long, Value> executed = new TreeMap<>();
        final Map<Long, Long> readyReads = new HashMap<>();
        final List<Long> refusedReads = new ArrayList<>();

        @Nullable
        Driver driver;

        long recordsBefore; // on the disk when this life began
        long lastExecuted;
        Ballot durablePromise = Ballot.ZERO;
        long durableChosenUpTo;

        Node(int id) {
            this.id = id;
        }

        Driver driver() {
            if (driver == null) {
                throw new IllegalStateException("node " + id + " is down");
            }
            return driver;
        }

        Replica replica() {
            return driver().replica();
        }

        void start() {
            executed.clear();
            executed.putAll(snapshot);
            lastExecuted = snapshot.size();
            recordsBefore = disk.size();
            driver = new Driver(new Replica(id, configuration, parameters, replay(this::run)), this, this, this);
        }

        /** What a restart would find. */
        private Durable replay(Replay.Execute execute) {
            Replay replay = new Replay(snapshot.size(), execute);
            Ballot behind = Ballot.ZERO;
            long first = 0; // of the extent of damage that was read last
            long last = 0;
            boolean damage = false;
            for (Record record : disk) {
                long slot = 0;
                Ballot before = behind;
                if (record instanceof Record.Promised promise) {
                    behind = promise.ballot();
                } else if (record instanceof Record.Accepted vote) {
                    behind = vote.ballot();
                    slot = vote.slot();
                } else if (record instanceof Record.Chosen choice) {
                    slot = choice.slot();
                }
                if (rotten.contains(record)) {
                    first = first == 0 || (slot != 0 && slot < first) ? slot : first;
                    last = Math.max(last, slot);
                    damage = true;
                    continue;
                }
                if (damage) {
                    replay.damaged(first, last, before);
                    damage = false;
                    first = 0;
                    last = 0;
                }
                replay.record(record);
            }
            if (damage) {
                replay.damaged(first, last, behind);
            }
            return replay.finish();
        }

        /** A snapshot of its own state machine is durable. */
        void takeSnapshot() {
            snapshot.putAll(executed);
        }

        void crash(int unsyncedThatSurvive) {
            write(cache.subList(0, Math.min(cache.size(), unsyncedThatSurvive)));
            cache.clear();
            driver = null;
        }

        boolean isUp() {
            return driver != null;
        }

        @Override
        public void append(Record record, Ballot promised) {
            cache.add(record);
        }

        @Override
        public void sync(long ticket) {
            if (syncAtOnce) {
                force();
            }
        }

        /** What reaches the disk stays there; promises on it only rise. */
        private void write(List<Record> records) {
            for (Record record : records) {
                if (record instanceof Record.Promised promise) {
                    check(!promise.ballot().isBelow(durablePromise), "the promise of node " + id + " fell: " + promise);
                    durablePromise = promise.ballot();
                } else if (record instanceof Record.Accepted vote) {
                    check(!vote.ballot().isBelow(durablePromise), "node " + id + " voted below its promise: " + vote);
                    durablePromise = vote.ballot();
                    votes.computeIfAbsent(vote.slot(), slot -> new TreeMap<>())
                            .merge(vote.ballot(), configuration.bit(id), (one, other) -> one | other);
                    checkOneValue(vote.slot(), vote.ballot(), vote.value());
                } else if (record instanceof Record.ChosenUpTo prefix) {
                    durableChosenUpTo = Math.max(durableChosenUpTo, prefix.slot());
                } else if (record instanceof Record.Installed installed) {
                    durableChosenUpTo = Math.max(durableChosenUpTo, installed.slot());
                }
            }
            disk.addAll(records);
        }

        /** The disk catches up with everything written. */
        void force() {
            write(cache);
            cache.clear();
            driver().durable(disk.size() - recordsBefore);
        }

        @Override
        public void send(int to, Message message) {
            checkSaid(this, message);
            Flight flight = new Flight(id, to, message);
            if (!severed.test(flight)) {
                network.add(flight);
            }
        }

        @Override
        public void flush() {}

        private void run(long slot, Value value) {
            check(slot == lastExecuted + 1, "node " + id + " executes slot " + slot + " after " + lastExecuted);
            lastExecuted = slot;
            executed.put(slot, value);
            if (!choices.containsKey(slot)) {
                checkChosen(slot, value);
            }
            Value first = choices.putIfAbsent(slot, value);
            check(
                    first == null || first.equals(value),
                    "agreement: slot " + slot + " was executed with " + first + ", node " + id + " has " + value);
            check(value instanceof Value.NoOp || proposed.contains(value), "validity: nobody proposed " + value);
        }

        @Override
        public void execute(long slot, Value value) {
            run(slot, value);
        }

        @Override
        public void readReady(long token, long slot) {
            readyReads.put(token, slot);
        }

        @Override
        public void readRefused(long token) {
            refusedReads.add(token);
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
            List<Value> values = new ArrayList<>();
            for (long slot = fromSlot; slot <= toSlot && values.size() < 64; slot++) {
                Value value = executed.get(slot);
                if (value == null) {
                    break; // it lacks it itself
                }
                values.add(value);
            }
            logReads.add(new Flight(id, id, new Message.CatchUpReply(fromSlot, values, to)));
        }
    }

    final Configuration configuration;
    final Parameters parameters;
    final List<Flight> network = new ArrayList<>();
    final TreeMap<Long, Value> choices = new TreeMap<>(); // what anybody executed
    final List<Value> proposed = new ArrayList<>();
    Predicate<Flight> severed = flight -> false; // what is lost as soon as it is said
    boolean syncAtOnce = true;
    boolean executeAtOnce = true;
    boolean checkQuorums; // not where a test makes up what others say

    private final TreeMap<Integer, Node> nodes = new TreeMap<>();
    private final List<Flight> logReads = new ArrayList<>();
    private final TreeMap<Long, TreeMap<Ballot, Value>> proposals = new TreeMap<>();
    private final TreeMap<Long, TreeMap<Ballot, Long>> votes = new TreeMap<>(); // on disks; a bit for each node

    Cluster(Configuration configuration, Parameters parameters) {
        this.configuration = configuration;
        this.parameters = parameters;
        for (int i = 0; i < configuration.size(); i++) {
            Node node = new Node(configuration.member(i));
            nodes.put(node.id, node);
            node.start();
        }
    }

    static Cluster of(int... members) {
        return new Cluster(Configuration.majority(members), Parameters.DEFAULT);
    }

    static Value value(String text) {
        return new Value.Batch(0, Bytes.utf8(text));
    }

    Node node(int id) {
        Node node = nodes.get(id);
        if (node == null) {
            throw new IllegalArgumentException("no node " + id);
        }
        return node;
    }

    Iterable<Node> nodes() {
        return nodes.values();
    }

    Replica replica(int id) {
        return node(id).replica();
    }

    /** One input at one node, and all that follows inside that node. */
    void step(int id, Input input) {
        Driver driver = node(id).driver();
        driver.handle(input);
        driver.endTurn();
        settleNode(node(id));
        checkCleared(driver.replica());
    }

    private void checkCleared(Replica replica) {
        for (Node node : nodes.values()) {
            check(
                    replica.clearedUpTo() <= node.durableChosenUpTo,
                    replica + " cleared up to " + replica.clearedUpTo() + ", but node " + node.id + " holds only "
                            + node.durableChosenUpTo);
        }
    }

    /** What the node's own disk and state machine have to say, until they have nothing more to say. */
    private void settleNode(Node node) {
        while (true) {
            if (executeAtOnce && node.replica().slotOut() <= node.lastExecuted) {
                node.driver().handle(new Input.Executed(node.lastExecuted));
            } else if (!logReads.isEmpty()) {
                Message.CatchUpReply read =
                        (Message.CatchUpReply) logReads.remove(0).message();
                node.driver().handle(new Input.LogRead((int) read.chosenUpTo(), read.fromSlot(), read.values()));
            } else {
                break;
            }
            node.driver().endTurn();
        }
    }

    void propose(int id, String text) {
        Value value = value(text);
        proposed.add(value);
        step(id, new Input.Propose(value));
    }

    void tick(int id) {
        step(id, new Input.Tick());
    }

    /** A tick at every node that is up, and everything that follows, delivered in order. */
    void tickAll(int times) {
        for (int i = 0; i < times; i++) {
            for (Node node : nodes.values()) {
                if (node.isUp()) {
                    tick(node.id);
                }
            }
            settle();
        }
    }

    /** Forces a node's disk, and lets go what waited for it. */
    void force(int id) {
        node(id).force();
        node(id).driver().endTurn();
        settleNode(node(id));
    }

    /** Delivers one message, wherever it stands in the queue; lost if the receiver is down. */
    void deliver(Flight flight) {
        network.remove(flight);
        if (node(flight.to()).isUp()) {
            step(flight.to(), new Input.Received(flight.from(), flight.message()));
        }
    }

    /** Delivers what fits, and what that leads to and fits, until nothing is left that does. */
    int deliverAll(Predicate<Flight> which) {
        int delivered = 0;
        for (int i = 0; i < network.size(); ) {
            Flight flight = network.get(i);
            if (which.test(flight)) {
                deliver(flight);
                delivered++;
                i = 0;
            } else {
                i++;
            }
        }
        return delivered;
    }

    int settle() {
        return deliverAll(flight -> true);
    }

    int drop(Predicate<Flight> which) {
        int before = network.size();
        network.removeIf(which);
        return before - network.size();
    }

    void crash(int id) {
        node(id).crash(0);
    }

    /** These records on the disk of a node that is down cannot be read any more. */
    void damage(int id, Predicate<Record> which) {
        node(id).disk.stream().filter(which).forEach(node(id).rotten::add);
    }

    /** A snapshot of what one node has executed becomes durable at another, whose state machine is set to it. */
    void install(int id, int from, long upTo) {
        Node node = node(id);
        node.snapshot.putAll(node(from).executed.headMap(upTo, true));
        node.durableChosenUpTo =
                Math.max(node.durableChosenUpTo, upTo); // the snapshot says so, whatever the journal does
        if (node.lastExecuted < upTo) {
            node.executed.putAll(node.snapshot);
            node.lastExecuted = upTo;
        }
        step(id, new Input.Installed(upTo));
    }

    void restart(int id) {
        node(id).start();
    }

    /** Makes a node lead: its clock runs until it campaigns, the others' stand still. */
    void elect(int id) {
        for (Node node : nodes.values()) { // those that still hear a leader would say no
            for (int i = 0; node.isUp() && node.id != id && i < parameters.electionTicks() && i >= 0; i++) {
                if (node.replica().leader() == 0 || node.replica().isLeader()) {
                    break;
                }
                tick(node.id);
            }
        }
        drop(flight -> flight.from() != id && flight.message() instanceof Message.PreVote);
        for (int i = 0; i < 4 * parameters.electionTicks() && !replica(id).isLeader(); i++) {
            tick(id);
            deliverAll(flight -> flight.from() == id || flight.to() == id);
        }
        check(replica(id).isLeader(), "node " + id + " was not elected");
    }

    /** What a node says must be true of its disk at that moment. */
    private void checkSaid(Node node, Message message) {
        if (message instanceof Accept accept) {
            checkOneValue(accept.slot(), accept.ballot(), accept.value());
        } else if (message instanceof Message.Accepted accepted) {
            accepted.slots()
                    .forEachWithin(
                            1,
                            Long.MAX_VALUE - 1,
                            slot -> check(
                                    (votes(slot, accepted.ballot()) & configuration.bit(node.id)) != 0,
                                    "node " + node.id + " says that it voted for slot " + slot + " at "
                                            + accepted.ballot() + ", but its disk does not"));
        } else if (message instanceof Message.Promise promise) {
            checkPromised(node, promise.ballot());
        } else if (message instanceof Message.Prepare prepare) {
            checkPromised(node, prepare.ballot());
        } else if (message instanceof Message.Holds holds) {
            check(
                    holds.upTo() <= node.durableChosenUpTo,
                    "node " + node.id + " says that it holds " + holds.upTo() + ", its disk " + node.durableChosenUpTo);
            check(
                    node.rotten.isEmpty()
                            || holds.upTo() <= node.replay((slot, value) -> {}).executed(),
                    "node " + node.id + " says that it holds " + holds.upTo()
                            + ", but a restart would lack some of it");
        }
    }

    private long votes(long slot, Ballot ballot) {
        TreeMap<Ballot, Long> ballots = votes.get(slot);
        return ballots == null ? 0 : ballots.getOrDefault(ballot, 0L);
    }

    private void checkOneValue(long slot, Ballot ballot, Value value) {
        Value first = proposals.computeIfAbsent(slot, key -> new TreeMap<>()).putIfAbsent(ballot, value);
        check(
                first == null || first.equals(value),
                "one value per slot and ballot: slot " + slot + " at " + ballot + " is " + first + " and " + value);
    }

    /** What is executed was chosen: at one ballot a phase-2 quorum has it on its disks. */
    private void checkChosen(long slot, Value value) {
        TreeMap<Ballot, Value> proposed = proposals.getOrDefault(slot, new TreeMap<>());
        check(
                !checkQuorums
                        || proposed.entrySet().stream()
                                .anyMatch(at -> at.getValue().equals(value)
                                        && configuration.isPhase2Quorum(votes(slot, at.getKey()))),
                "slot " + slot + " is executed with " + value + ", but no phase-2 quorum has it on its disks");
    }

    private static void checkPromised(Node node, Ballot ballot) {
        check(
                !node.durablePromise.isBelow(ballot),
                "node " + node.id + " says " + ballot + ", its disk " + node.durablePromise);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
