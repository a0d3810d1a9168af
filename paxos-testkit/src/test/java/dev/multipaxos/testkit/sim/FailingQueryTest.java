package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import java.io.IOException;
import java.io.InputStream;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A query that fails once. A node hands what it throws on to whoever asked, who may be down or out of reach by then: the run must
 * fail all the same.
 */
class FailingQueryTest {

    private static final long EVENTS = 10_000;

    /** In each of these the node was gone, or the answer lost, before anybody looked. */
    @ParameterizedTest
    @ValueSource(longs = {3, 4, 28, 44, 48, 49, 60, 62, 72, 77, 84, 92, 111})
    void ends_the_run_whoever_asked(long seed) {
        Simulation simulation = new Simulation(seed, SimulationConfig.DEFAULT, new FailingOnce(1 + (int) seed % 20));

        assertThatThrownBy(() -> simulation.run(EVENTS))
                .isInstanceOf(Violation.class)
                .hasMessageContaining("a planted failure");
    }

    /** Registers, and a query too many. */
    private static final class FailingOnce implements Workload<Registers.Operation, Long> {
        private final Registers registers = new Registers();
        private int left;

        FailingOnce(int queries) {
            this.left = queries;
        }

        @Override
        public StateMachine<Registers.Operation, Long> stateMachine() {
            StateMachine<Registers.Operation, Long> machine = registers.stateMachine();
            return new StateMachine<>() {
                @Override
                public Long apply(Context at, Registers.Operation operation) {
                    return machine.apply(at, operation);
                }

                @Override
                public Long query(Registers.Operation query) {
                    if (--left == 0) {
                        throw new AssertionError("a planted failure");
                    }
                    return machine.query(query);
                }

                @Override
                public Snapshot snapshot() {
                    return machine.snapshot();
                }

                @Override
                public void restore(InputStream source) throws IOException {
                    machine.restore(source);
                }
            };
        }

        @Override
        public Codec<Registers.Operation> commands() {
            return registers.commands();
        }

        @Override
        public Codec<Long> answers() {
            return registers.answers();
        }

        @Override
        public Registers.Operation command(SplittableRandom random) {
            return registers.command(random);
        }

        @Override
        public Registers.Operation query(SplittableRandom random) {
            return registers.query(random);
        }
    }
}
