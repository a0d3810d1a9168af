package dev.multipaxos.testkit.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that simulates clusters, once for each of many seeds.
 *
 * <pre>{@code
 * @ClusterTest(seeds = 50)
 * void the_ledger_is_the_same_everywhere(ClusterSimulation cluster) {
 *     cluster.run(new LedgerWorkload());
 * }
 * }</pre>
 *
 * <p>Every seed is a test of its own in the report, so that it says which of them fail and an IDE runs one again. The message of
 * a failure is one line: the seed, what was wrong, and how to replay it. When {@link #failuresMax} seeds have failed the rest is
 * not run: what breaks one seed breaks most of them.
 *
 * <p>These properties come before what is said here. They are parameters of JUnit's configuration, which is to say system
 * properties unless it is told otherwise:
 *
 * <table>
 * <caption>Properties</caption>
 * <tr><td>{@code multipaxos.simulation.seed}<td>runs this seed alone, and prints what it drew and, if it fails, its last events
 * <tr><td>{@code multipaxos.simulation.seeds}<td>how many seeds, from the first on
 * <tr><td>{@code multipaxos.simulation.first}<td>the first seed; {@code fresh} for one that was never tried
 * <tr><td>{@code multipaxos.simulation.events}<td>how many events each of them has
 * </table>
 *
 * <p>Seeds lead to other runs when this library, the workload or the numbers here change. A seed that has found a bug is no test
 * against its return; write one that does what the failure's message says.
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(ClusterTestExtension.class)
public @interface ClusterTest {

    /** {@return how many seeds; a seed of 5,000 events takes some hundredths of a second} */
    int seeds() default 50;

    /** {@return the first of them; the others follow} */
    long first() default 1;

    /** {@return how many events things may go wrong for, in each; then the cluster is healed, and must go on} */
    long events() default 5_000;

    /** {@return the only seeds to run, replayed as by the property; none, as is the default, for those above} */
    long[] seed() default {};

    /** {@return after how many failures the remaining seeds are not run} */
    int failuresMax() default 3;
}
