/**
 * Was what the clients saw linearizable? Record a {@link dev.multipaxos.testkit.history.History} with a {@link
 * dev.multipaxos.testkit.history.Recorder}, say with a {@link dev.multipaxos.testkit.history.Specification} what one copy on one
 * thread would answer, and ask the {@link dev.multipaxos.testkit.history.LinearizabilityChecker}.
 */
@NullMarked
package dev.multipaxos.testkit.history;

import org.jspecify.annotations.NullMarked;
