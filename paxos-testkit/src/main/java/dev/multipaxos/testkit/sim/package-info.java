/** Whole clusters in one thread, from one seed: {@link dev.multipaxos.testkit.sim.Simulation}. */
@NullMarked
package dev.multipaxos.testkit.sim;

import org.jspecify.annotations.NullMarked;
