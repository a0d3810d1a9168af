package dev.multipaxos.testkit.sim;

import dev.multipaxos.Codec;
import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.history.Specification;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What a simulated cluster replicates, and what its clients ask for. Everything random comes from the generator that is handed
 * in: the same seed must lead to the same commands.
 *
 * <p>The state machine is held to its contract, and a {@link Violation} says what is wrong in its words: every node, in every
 * life, answers a command alike; one that was restored from a snapshot goes on as the one that was captured, though the snapshot
 * was written later; {@link StateMachine#query} changes nothing; nothing throws; the codecs understand
 * themselves. All methods are called on the thread of the simulation.
 *
 * @param <C> commands, and queries
 * @param <R> their answers
 */
public interface Workload<C, R extends @Nullable Object> {

    /** {@return a fresh state machine: for each life of each node, and to restore snapshots in} */
    StateMachine<C, R> stateMachine();

    /** {@return how commands, and queries, become bytes} */
    Codec<C> commands();

    /** {@return how answers become bytes} */
    Codec<R> answers();

    /**
     * A client wants something.
     *
     * @param random decides what
     * @return the command
     */
    C command(SplittableRandom random);

    /**
     * A client wants to know something.
     *
     * @param random decides what
     * @return the query, for {@link StateMachine#query}; null, as is the default, if there is nothing to ask
     */
    default @Nullable C query(SplittableRandom random) {
        return null;
    }

    /**
     * Says what one copy, used by one client at a time, would answer; the clients' whole history is checked against it. Of a
     * query it must leave the state as it is.
     *
     * @return the specification; null, as is the default, if the answers are not to be checked
     */
    default @Nullable Specification<?, C, R> specification() {
        return null;
    }

    /**
     * Says whether equal states have equal snapshots, byte for byte. Then the whole state is compared, and not only the answers:
     * between nodes, before and after a query, and of a state machine and one that was restored from its snapshot. A map that is
     * written in the order of its keys is canonical, one in the order of hashes is not.
     *
     * <p>Snapshots are then taken very often, after every slot if they are small: keep the simulated state at some kilobytes.
     *
     * @return false, as is the default, if only answers can be compared
     */
    default boolean snapshotsAreCanonical() {
        return false;
    }

    /** {@return the size of the largest command, encoded, in bytes; 1,024 unless it is said} */
    default int commandBytesMax() {
        return 1_024;
    }
}
