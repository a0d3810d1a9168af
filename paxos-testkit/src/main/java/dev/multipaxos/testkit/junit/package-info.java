/**
 * Simulated clusters in tests of JUnit 5: {@link dev.multipaxos.testkit.junit.ClusterTest}. Whoever uses it brings {@code
 * junit-jupiter}; without it, {@link dev.multipaxos.testkit.sim.Simulation} does the same.
 */
@NullMarked
package dev.multipaxos.testkit.junit;

import org.jspecify.annotations.NullMarked;
