package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import dev.multipaxos.runtime.SessionRules;
import dev.multipaxos.runtime.SlotExecution;
import dev.multipaxos.runtime.TimeSource;
import dev.multipaxos.runtime.Wiring;
import java.util.function.LongConsumer;

/** Puts the witness between the parts of a node, and what a test breaks, and gives the node the numbers that its seed drew. */
final class SimulatedWiring implements Wiring {

    private static final long STAMP_AHEAD_MILLIS = 5_000;
    private static final long STAMP_SLEW = 100;

    private final SimulatedNode node;
    private final Swarm swarm;
    private final Sabotage sabotage;
    private final Witness witness;
    private final DurableFacts facts;
    private final ObservedMachine machine;
    private final Observer observer;
    private final long begunNanos;
    private final long begunMillis;
    private long chosenUpTo; // handed over to be executed, in this life

    SimulatedWiring(
            SimulatedNode node,
            Swarm swarm,
            Sabotage sabotage,
            Witness witness,
            DurableFacts facts,
            ObservedMachine machine,
            Observer observer) {
        this.node = node;
        this.swarm = swarm;
        this.sabotage = sabotage;
        this.witness = witness;
        this.facts = facts;
        this.machine = machine;
        this.observer = observer;
        this.begunNanos = node.nanoTime();
        this.begunMillis = node.currentTimeMillis();
    }

    @Override
    public TimeSource time() {
        return node;
    }

    /** Elections take milliseconds here: what waits for seconds must not wait for ever. */
    @Override
    public TimeSource transferTime() {
        return new TimeSource() {
            @Override
            public long nanoTime() {
                return node.nanoTime() * swarm.theme().transferHaste();
            }

            @Override
            public long currentTimeMillis() {
                return node.currentTimeMillis();
            }
        };
    }

    @Override
    public SessionRules sessions() {
        return swarm.sessions();
    }

    @Override
    public Parameters parameters(Parameters computed) {
        return swarm.parameters();
    }

    @Override
    public Configuration configuration(Configuration founded) {
        return sabotage.configuration(node.id(), founded);
    }

    @Override
    public Driver.Journal journal(Driver.Journal journal, LongConsumer durable) {
        if (node.isStranger()) {
            return journal; // it says nothing that anybody believes
        }
        return sabotage.journal(
                node.id(),
                new Driver.Journal() {
                    @Override
                    public void append(Record record, Ballot promised) {
                        observer.appended(record);
                        if (record instanceof Record.Accepted vote) {
                            node.votes();
                            if (vote.slot() <= chosenUpTo) {
                                witness.votesForChoice(node.id(), vote);
                            }
                        }
                        journal.append(record, promised);
                    }

                    @Override
                    public void sync(long ticket) {
                        journal.sync(ticket);
                    }
                },
                durable);
    }

    @Override
    public Driver.Network network(Driver.Network network) {
        return new Driver.Network() {
            @Override
            public void send(int to, Message message) {
                if (message instanceof Message.Accept accept && accept.value() instanceof Value.Batch batch) {
                    checkStamp(accept, batch);
                }
                if (!node.isStranger()) {
                    witness.said(facts, message);
                }
                node.transport().saying(message);
                network.send(to, message);
            }

            @Override
            public void flush() {
                network.flush();
            }
        };
    }

    /** Who stamps a batch is never ahead of its start by more than the time since, give or take. */
    private void checkStamp(Message.Accept accept, Value.Batch batch) {
        long sinceMillis = (node.nanoTime() - begunNanos) / 1_000_000 + 1;
        long most = begunMillis + sinceMillis + sinceMillis / STAMP_SLEW + STAMP_AHEAD_MILLIS;
        Checks.check(
                batch.stampMillis() <= most || witness.isProposed(accept.slot(), batch),
                () -> "stamps: node " + node.id() + " stamps a batch " + (batch.stampMillis() - most)
                        + " ms further ahead than a wall clock may jump: " + accept);
    }

    @Override
    public Driver.Application application(Driver.Application application) {
        if (node.isStranger()) {
            return application;
        }
        return new Driver.Application() {
            @Override
            public void execute(long slot, Value value) {
                witness.counted(node.id(), slot, node.isUp() ? node.replica().ballot() : Ballot.ZERO);
                witness.chosen(node.id(), slot, value);
                chosenUpTo = Math.max(chosenUpTo, slot);
                application.execute(slot, value);
            }

            @Override
            public void readReady(long token, long slot) {
                witness.confirmed(node.id(), node.replica().ballot());
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
        };
    }

    @Override
    public SlotExecution execution(SlotExecution execution) {
        return (slot, value, outcomes) -> {
            witness.chosen(node.id(), slot, value);
            machine.begin(slot);
            execution.execute(slot, value, (command, status, answer) -> {
                machine.ended(command.command(), status, answer);
                outcomes.ended(command, status, answer);
            });
            machine.end();
        };
    }
}
