package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The real replica behind the real gate, put back to a state for one turn. Whatever leaves is compared with the disk at once. */
final class Turn implements Driver.Journal, Driver.Network, Driver.Application {

    /** A message that left. */
    record Sent(int to, Message message) {}

    private final NodeState before;
    private final boolean durableAtOnce;
    private final boolean answersBeforeDurable;
    private final Driver driver;
    private final List<Sent> sent = new ArrayList<>();
    private final List<Record.Accepted> votes = new ArrayList<>();
    private final ArrayDeque<Input> readBack = new ArrayDeque<>();
    private Disk disk;
    private long executed;
    private long appended; // as the driver counts: from the last durable record before this turn
    private long synced; // of them, those on the disk

    Turn(NodeState before, Replica replica, boolean durableAtOnce, boolean answersBeforeDurable) {
        this.before = before;
        this.durableAtOnce = durableAtOnce;
        this.answersBeforeDurable = answersBeforeDurable;
        this.disk = before.disk();
        this.executed = replica.chosenUpTo();
        this.driver = new Driver(replica, this, this, this);
        driver.restore(before.gate());
        this.appended = before.gate().appended();
    }

    Replica replica() {
        return driver.replica();
    }

    List<Sent> sent() {
        return sent;
    }

    /** The votes that became durable. */
    List<Record.Accepted> votes() {
        return votes;
    }

    void addVotes(List<Record> durable) {
        for (Record record : durable) {
            if (record instanceof Record.Accepted vote) {
                votes.add(vote);
            }
        }
    }

    /** One input, and the end of its turn. */
    void take(Input input) {
        driver.handle(input);
        driver.endTurn();
        for (Input found = readBack.poll(); found != null; found = readBack.poll()) {
            driver.handle(found);
            driver.endTurn();
        }
    }

    /** No input. */
    void end() {
        driver.endTurn();
    }

    /** The disk did what it was asked for. */
    void sync() {
        long ticket = before.gate().syncing();
        reached(ticket);
        driver.durable(ticket);
        driver.endTurn();
    }

    NodeState after() {
        return new NodeState(before.node(), replica().state(), driver.held(), disk);
    }

    private void reached(long ticket) {
        addVotes(disk.unsynced().subList(0, (int) (ticket - synced)));
        disk = disk.sync(ticket - synced);
        synced = ticket;
    }

    // ---- the ports ----

    @Override
    public void append(Record record, Ballot promised) {
        appended++;
        disk = disk.append(record);
        if (durableAtOnce) {
            reached(appended);
        }
        if (durableAtOnce || answersBeforeDurable) {
            driver.durable(appended);
        }
    }

    @Override
    public void sync(long ticket) {
        check(!durableAtOnce, () -> "somebody waits for a disk that is done");
    }

    @Override
    public void send(int to, Message message) {
        Safety.checkDurable(before.node(), message, disk.durable());
        sent.add(new Sent(to, message));
    }

    @Override
    public void flush() {}

    @Override
    public void execute(long slot, Value value) {
        long expected = ++executed;
        check(slot == expected, () -> "order: slot " + slot + " is executed when it is the turn of slot " + expected);
        check(
                value.equals(replica().value(slot)),
                () -> "order: " + value + " is executed in slot " + slot + ", which holds "
                        + replica().value(slot));
    }

    @Override
    public void readReady(long token, long slot) {}

    @Override
    public void readRefused(long token) {}

    @Override
    public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
        readBack.add(new Input.LogRead(to, fromSlot, disk.executed().subList((int) fromSlot - 1, (int) toSlot)));
    }
}
