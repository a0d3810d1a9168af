/**
 * Was what the clients saw linearizable? Record a {@link dev.multipaxos.testkit.history.History} with a {@link
 * dev.multipaxos.testkit.history.Recorder}, say with a {@link dev.multipaxos.testkit.history.Specification} what one copy on one
 * thread would answer, and ask the {@link dev.multipaxos.testkit.history.LinearizabilityChecker}; or, where the order of the log
 * is known, the {@link dev.multipaxos.testkit.history.WitnessChecker}. See {@code docs/linearizability.md}.
 */
@NullMarked
package dev.multipaxos.testkit.history;

import org.jspecify.annotations.NullMarked;
