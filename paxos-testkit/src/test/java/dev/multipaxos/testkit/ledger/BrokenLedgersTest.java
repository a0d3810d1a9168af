package dev.multipaxos.testkit.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.ledger.Ledger.Kind;
import dev.multipaxos.testkit.ledger.Ledger.Order;
import dev.multipaxos.testkit.ledger.Ledger.Receipt;
import dev.multipaxos.testkit.sim.Simulation;
import dev.multipaxos.testkit.sim.SimulationConfig;
import dev.multipaxos.testkit.sim.Violation;
import dev.multipaxos.testkit.sim.Workload;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Ledgers with one thing wrong each: the simulation finds it, and says what it is, where, and on which node. */
class BrokenLedgersTest {

    private static final int SEEDS = 50;
    private static final long EVENTS = 3_000;

    private static final String NODE = "node \\d( in its life \\d+)?( \\(restored from its snapshot of slot \\d+\\))?";
    private static final String ORDER = "Order\\[kind=[A-Z]+, from=\\d, to=\\d, amount=\\d+\\]";
    private static final String RECEIPT = "Receipt\\[number=-?\\d+, balance=-?\\d+\\]";

    private static final String ANSWERS_DIFFER = "determinism: slot \\d+, " + ORDER + ": " + NODE + " answered "
            + RECEIPT + ", " + NODE + " answered " + RECEIPT + "(; perhaps a snapshot does not hold everything)?";
    private static final String RESTORED_DIFFER = "determinism: slot \\d+, " + ORDER
            + ": two state machines, restored from one snapshot of " + NODE + ", after slot \\d+, answered " + RECEIPT
            + " and " + RECEIPT;
    private static final String NOT_DETERMINISTIC = ANSWERS_DIFFER + "|" + RESTORED_DIFFER;
    private static final String STATES_DIFFER = "determinism: after slot \\d+ the snapshots of " + NODE + " and " + NODE
            + " differ, though the answers were equal: \\d+ bytes and \\d+, equal up to byte \\d+; executed since slot \\d+,"
            + " when the latter was as it should be: \\[" + ORDER + ".*\\]";

    /** The ledger's workload, with something else in its place. */
    private static class Broken extends LedgerWorkload {
        private final Supplier<Ledger> machine;

        Broken(Supplier<Ledger> machine) {
            this.machine = machine;
        }

        @Override
        public StateMachine<Order, Receipt> stateMachine() {
            return machine.get();
        }
    }

    /** One that says less of itself: only its answers can be compared. */
    private static final class Opaque extends Broken {
        Opaque(Supplier<Ledger> machine) {
            super(machine);
        }

        @Override
        public boolean snapshotsAreCanonical() {
            return false;
        }
    }

    private static String caught(Supplier<? extends Workload<?, ?>> workload) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new Simulation(seed, SimulationConfig.DEFAULT, workload.get()).run(EVENTS);
            } catch (Violation e) {
                assertThat(e).hasMessageStartingWith("seed=" + seed + " ");
                return e.getMessage().replaceFirst("^.*? event=\\d+: ", "");
            }
        }
        throw new AssertionError("none of " + SEEDS + " seeds caught it");
    }

    // ---- the same everywhere

    @Test
    void an_answer_that_depends_on_a_clock_of_the_node_is_caught() {
        class OwnClock extends Ledger {
            @Override
            public Receipt apply(Context at, Order order) {
                return new Receipt(System.nanoTime(), super.apply(at, order).balance());
            }
        }
        assertThat(caught(() -> new Broken(OwnClock::new))).matches(NOT_DETERMINISTIC);
    }

    @Test
    void chance_in_the_state_machine_is_caught() {
        class Lottery extends Ledger {
            private final Random random = new Random();

            @Override
            boolean isCovered(Order order) {
                return super.isCovered(order) && random.nextInt(4) != 0;
            }
        }
        assertThat(caught(() -> new Broken(Lottery::new))).matches(NOT_DETERMINISTIC);
    }

    @Test
    void an_order_of_hashes_is_caught() {
        class ByIdentity extends Ledger {
            private static final int TICKETS = 8;

            record Ticket(int account, Object identity) {
                @Override
                public int hashCode() {
                    return System.identityHashCode(identity);
                }

                @Override
                public boolean equals(Object other) {
                    return other == this;
                }
            }

            private final Set<Ticket> tickets = new HashSet<>();

            ByIdentity() {
                for (int i = 0; i < TICKETS; i++) {
                    tickets.add(new Ticket(i, new Object()));
                }
            }

            @Override
            public Receipt apply(Context at, Order order) {
                Receipt receipt = super.apply(at, order);
                return new Receipt(tickets.iterator().next().account(), receipt.balance());
            }
        }
        assertThat(caught(() -> new Opaque(ByIdentity::new))).matches(NOT_DETERMINISTIC);
    }

    @Test
    void an_answer_that_depends_on_the_node_is_caught() {
        class KnowsItself extends Ledger {
            @Override
            boolean isCovered(Order order) {
                return super.isCovered(order) && (order.amount() != 9 || System.identityHashCode(this) % 2 == 0);
            }
        }
        assertThat(caught(() -> new Opaque(KnowsItself::new))).matches(NOT_DETERMINISTIC);
    }

    @Test
    void state_that_all_nodes_of_a_process_share_is_caught() {
        List<Order> all = new ArrayList<>(); // as a static field would be
        class Shares extends Ledger {
            @Override
            public Receipt apply(Context at, Order order) {
                all.add(order);
                return new Receipt(all.size(), super.apply(at, order).balance());
            }
        }
        assertThat(caught(() -> new Opaque(Shares::new))).matches(NOT_DETERMINISTIC);
    }

    @Test
    void a_state_that_differs_is_caught_before_an_answer_does() {
        class KeepsTheChange extends Ledger {
            @Override
            public Receipt apply(Context at, Order order) {
                Receipt receipt = super.apply(at, order);
                if (booked == 10) {
                    balances.put(1_000, (long) System.identityHashCode(this)); // an account that nobody asks for
                }
                return receipt;
            }
        }
        assertThat(caught(() -> new Broken(KeepsTheChange::new))).matches(STATES_DIFFER);
    }

    // ---- snapshots

    @Test
    void a_field_that_is_not_in_the_snapshot_is_caught() {
        assertThat(caught(() -> new Broken(ForgetfulLedger::new)))
                .matches("snapshot: of " + NODE + ", after slot \\d+; then in slot \\d+, " + ORDER + ", it answered "
                        + RECEIPT + "; a fresh state machine, restored from it, answers " + RECEIPT);
    }

    @Test
    void a_snapshot_that_is_not_what_was_restored_is_caught() {
        class Renumbers extends Ledger {
            @Override
            public void restore(InputStream source) throws IOException {
                super.restore(source);
                balances.putIfAbsent(99, 0L);
            }
        }
        assertThat(caught(() -> new Broken(Renumbers::new)))
                .matches("snapshot: of " + NODE
                        + ", after slot \\d+; a fresh state machine, restored from it, has another"
                        + " one: \\d+ bytes and \\d+, equal up to byte \\d+");
    }

    /** Writes what is there when it is written, not what was when it was captured. */
    private static final class Lazy extends Ledger {
        @Override
        public Snapshot snapshot() {
            return target -> super.snapshot().writeTo(target);
        }
    }

    @Test
    void a_snapshot_that_shares_what_changes_is_caught() {
        assertThat(caught(() -> new Broken(Lazy::new)))
                .matches("snapshot: of " + NODE + ", after slot \\d+; written \\d+ commands after it was captured it is"
                        + " another one than written at once: \\d+ bytes and \\d+, equal up to byte \\d+");
        assertThat(caught(() -> new Opaque(Lazy::new)))
                .matches("snapshot: of " + NODE + ", after slot \\d+; then in slot \\d+, " + ORDER + ", it answered "
                        + RECEIPT + "; a fresh one, restored from it when it was written \\d+ commands after it was"
                        + " captured, answers " + RECEIPT);
    }

    /** Adds what it restores to what is there. */
    private static final class Adds extends Ledger {
        @Override
        public void restore(InputStream source) throws IOException {
            DataInputStream in = new DataInputStream(source);
            booked = in.readLong();
            for (int left = in.readInt(); left > 0; left--) {
                balances.merge(in.readInt(), in.readLong(), Long::sum);
            }
        }
    }

    @Test
    void a_restore_that_does_not_replace_everything_is_caught() {
        assertThat(caught(() -> new Broken(Adds::new)))
                .matches("snapshot: of " + NODE
                        + ", after slot \\d+; the same state machine, restored from it after it had"
                        + " gone on, has another one: \\d+ bytes and \\d+, equal up to byte \\d+");
        assertThat(caught(() -> new Opaque(Adds::new)))
                .contains("the same state machine, restored from it after it had gone on, answers");
    }

    @Test
    void a_snapshot_that_cannot_be_restored_is_caught() {
        class TooShort extends Ledger {
            @Override
            public Snapshot snapshot() {
                return target -> new DataOutputStream(target).writeInt(1);
            }
        }
        assertThat(caught(() -> new Broken(TooShort::new)))
                .matches("snapshot: restoring it: " + NODE + ", after slot \\d+ threw java.io.EOFException");
    }

    // ---- apply and query

    @Test
    void an_apply_that_throws_is_caught() {
        class Divides extends Ledger {
            @Override
            public Receipt apply(Context at, Order order) {
                if (order.from() == order.to() && order.kind() == Kind.TRANSFER) {
                    throw new ArithmeticException("to oneself");
                }
                return super.apply(at, order);
            }
        }
        assertThat(caught(() -> new Broken(Divides::new)))
                .matches("apply must not throw: slot \\d+, " + ORDER + ": " + NODE
                        + " threw java.lang.ArithmeticException: to oneself");
    }

    @Test
    void a_query_that_changes_the_state_is_caught() {
        class Counts extends Ledger {
            @Override
            public Receipt query(Order order) {
                booked++;
                return super.query(order);
            }
        }
        assertThat(caught(() -> new Broken(Counts::new)))
                .matches("query must not change anything: " + ORDER + " at " + NODE
                        + ", after slot \\d+, changed the snapshot: \\d+ bytes and \\d+, equal up to byte \\d+");
        assertThat(caught(() -> new Opaque(Counts::new))).matches("(determinism|snapshot|linearizability): .*");
    }

    @Test
    void a_query_that_throws_is_caught() {
        class Mute extends Ledger {
            @Override
            public Receipt apply(Context at, Order order) {
                return order.kind() == Kind.BALANCE ? super.query(order) : super.apply(at, order);
            }

            @Override
            public Receipt query(Order order) {
                throw new UnsupportedOperationException("no queries");
            }
        }
        assertThat(caught(() -> new Broken(Mute::new)))
                .matches("(query|apply) must not throw: .*UnsupportedOperationException: no queries");
    }

    // ---- the specification

    @Test
    void an_answer_that_is_not_that_of_the_specification_is_caught() {
        class OverdrawsByOne extends Ledger {
            @Override
            boolean isCovered(Order order) {
                return order.kind() != Kind.TRANSFER || order.amount() <= balance(order.from()) + 1;
            }
        }
        assertThat(caught(() -> new Broken(OverdrawsByOne::new)))
                .matches("linearizability: answers: #\\d+ client \\d+ \\[\\d+, \\d+\\] " + ORDER + " -> " + RECEIPT
                        + " (in|behind) slot \\d+.* should have been answered " + RECEIPT);
    }

    @Test
    void a_specification_that_throws_is_named() {
        class Paperless extends LedgerWorkload {
            @Override
            public Specification<Books, Order, Receipt> specification() {
                return Specification.of(new Books(null, 0), Books::step);
            }
        }
        assertThat(caught(Paperless::new))
                .startsWith("linearizability: the specification threw java.lang.NullPointerException");
    }

    // ---- codecs

    @Test
    void a_codec_that_loses_something_is_caught() {
        class Shorter extends LedgerWorkload {
            @Override
            public Codec<Order> commands() {
                return Codec.of(Order::toBytes, bytes -> {
                    Order order = Order.of(bytes);
                    return new Order(order.kind(), order.from(), order.to(), order.amount() & 3);
                });
            }
        }
        assertThat(caught(Shorter::new))
                .matches("codec: " + ORDER + " is encoded to 17 bytes \\[.*], that is decoded to " + ORDER
                        + ", and that is encoded to 17 bytes \\[.*]");
    }

    @Test
    void a_codec_that_does_not_understand_itself_is_caught() {
        class Truncates extends LedgerWorkload {
            @Override
            public Codec<Receipt> answers() {
                return Codec.of(receipt -> Arrays.copyOf(receipt.toBytes(), 12), Receipt::of);
            }
        }
        assertThat(caught(Truncates::new))
                .matches("codec: " + RECEIPT + " is encoded to 12 bytes \\[.*], but decoding that threw"
                        + " java.nio.BufferUnderflowException");
    }

    @Test
    void a_command_that_is_larger_than_it_was_said_is_caught() {
        class Larger extends LedgerWorkload {
            @Override
            public int commandBytesMax() {
                return 16;
            }
        }
        assertThat(caught(Larger::new))
                .matches("codec: " + ORDER
                        + " is encoded to 17 bytes; commandBytesMax\\(\\) says that no command has more than 16");
    }

    @Test
    void a_workload_that_throws_is_named() {
        class Empty extends LedgerWorkload {
            @Override
            public Order command(SplittableRandom random) {
                return new Order(Kind.DEPOSIT, 0, random.nextInt(0), 1);
            }
        }
        assertThat(caught(Empty::new)).startsWith("workload: command() threw java.lang.IllegalArgumentException");
    }

    // ---- and one with nothing wrong

    @Test
    void a_ledger_that_is_right_passes() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            new Simulation(seed, SimulationConfig.DEFAULT, new LedgerWorkload()).run(EVENTS);
            new Simulation(seed, SimulationConfig.DEFAULT, new Opaque(Ledger::new)).run(EVENTS);
        }
    }
}
